package fetch

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
)

// check reads the file from its beginning and compares it with what is published.
func (f File) check(r io.ReadSeeker) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sha, md := sha256.New(), md5.New()
	var head prefix
	n, err := io.Copy(io.MultiWriter(sha, md, &head), io.LimitReader(r, f.limit()+1))
	if err != nil {
		return fmt.Errorf("byte %d: %w", n, err)
	}
	switch got := hex.EncodeToString(sha.Sum(nil)); {
	case f.Size > 0 && n < f.Size:
		return fmt.Errorf("it ends after %d of %d bytes%s", n, f.Size, head.looksLike())
	case n > f.limit():
		return fmt.Errorf("it has more than %d bytes%s", f.limit(), head.looksLike())
	case !strings.HasPrefix(got, f.SHA256):
		return fmt.Errorf("its SHA-256 is %s, and %s says %s%s", got, f.Says, f.SHA256, head.looksLike())
	}
	if got := hex.EncodeToString(md.Sum(nil)); f.MD5 != "" && got != f.MD5 {
		return fmt.Errorf("its MD5 is %s, and %s says %s%s", got, f.Says, f.MD5, head.looksLike())
	}
	return nil
}

// A prefix keeps the first bytes written to it.
type prefix []byte

func (p *prefix) Write(b []byte) (int, error) {
	if room := 64 - len(*p); room > 0 {
		*p = append(*p, b[:min(room, len(b))]...)
	}
	return len(b), nil
}

// looksLike helps where a proxy or a login page answered in the server's place.
func (p prefix) looksLike() string {
	text := bytes.ToLower(bytes.TrimSpace(p))
	if bytes.HasPrefix(text, []byte("<!doctype html")) || bytes.HasPrefix(text, []byte("<html")) {
		return " (it is a web page)"
	}
	return ""
}
