package fetch

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"trainbench/bench/lockfile"
)

// A part is a file on its way: NAME.part, and NAME.part.json that says which
// version of it at which address it is a part of.
type part struct {
	file   *os.File
	target string // the path of the whole file
	size   int64  // bytes that are there
	origin origin
}

// An origin names a version of a file as its server does.
type origin struct {
	URL       string `json:"url"`
	Validator string `json:"validator"` // ETag or date, for If-Range
}

// A localError is about this machine: another address would not help.
type localError struct{ error }

func (e *localError) Unwrap() error { return e.error }

// part opens the part of the file in dir, and locks it.
func (f File) part(dir string) (*part, error) {
	dir, err := filepath.Abs(dir) // messages must make sense in whatever folder they are read
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("%s: %w; name another folder with -to", f.Name, err)
	}
	p := &part{target: filepath.Join(dir, f.Base)}
	if _, err := os.Lstat(p.target); err == nil {
		return nil, fmt.Errorf("%s: %s is there already (%w): move it away to fetch it anew", f.Name, p.target, fs.ErrExist)
	}
	// A pipe or a link in the part's place would be written through or block.
	if info, err := os.Lstat(p.name()); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %s is not a file: move it away", f.Name, p.name())
	}
	if p.file, err = os.OpenFile(p.name(), os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, fmt.Errorf("%s: %w; name another folder with -to", f.Name, err)
	}
	if err := lockfile.Hold(p.file); err != nil { // none may have finished it between our opening and locking it
		p.file.Close()
		return nil, fmt.Errorf("%s: %s is in use by another fetch (%w): wait until that is done", f.Name, p.name(), err)
	}
	if p.size, err = p.file.Seek(0, io.SeekEnd); err != nil {
		p.file.Close()
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	if data, err := os.ReadFile(p.name() + ".json"); err == nil {
		_ = json.Unmarshal(data, &p.origin) // without it, the checksum decides alone
	}
	return p, nil
}

func (p *part) name() string { return p.target + ".part" }

// Write appends.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.file.WriteAt(b, p.size)
	p.size += int64(n)
	if err != nil {
		return n, &localError{fmt.Errorf("byte %d: %w", p.size, err)}
	}
	return n, nil
}

// reset forgets all bytes.
func (p *part) reset() error {
	p.size, p.origin = 0, origin{}
	if err := p.file.Truncate(0); err != nil {
		return &localError{err}
	}
	return nil
}

// note remembers what the bytes to come are a part of. That a part came from two
// addresses is no harm if they serve the same file, which the checksum tells.
func (p *part) note(o origin) error {
	if p.origin == o {
		return nil
	}
	p.origin = o
	data, err := json.Marshal(o)
	if err != nil {
		return &localError{err}
	}
	if err := os.WriteFile(p.name()+".json", data, 0o666); err != nil {
		return &localError{err}
	}
	return nil
}

// finish gives the whole file its name.
func (p *part) finish() error {
	err := p.file.Sync()
	if e := p.file.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(p.name(), p.target)
	}
	if err != nil {
		return fmt.Errorf("%s is whole, and could not get its name: %w", p.name(), err)
	}
	os.Remove(p.name() + ".json")
	return nil
}

// close ends the work on a part that may be unfinished; it leaves no empty files.
func (p *part) close() {
	if p.file.Close() == nil && p.size == 0 {
		os.Remove(p.name())
		os.Remove(p.name() + ".json")
	}
}

// kept tells of the bytes that a later fetch goes on from.
func (p *part) kept() string {
	if p.size == 0 {
		return ""
	}
	return fmt.Sprintf("\n%d bytes are kept in %s: the same command goes on from there", p.size, p.name())
}
