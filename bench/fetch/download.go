package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxReconnects is how often a download from one address may break and go on.
const maxReconnects = 200

// A refusal is a failure that trying again would not cure.
type refusal struct{ error }

func (e *refusal) Unwrap() error { return e.error }

func refuse(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

// download gets all bytes that p lacks from one address, and checks them. What
// breaks is tried again; bytes that turn out to be wrong are forgotten, and got
// once more if they came in pieces.
func (f File) download(ctx context.Context, address string, p *part, opt Options, progress *meter) error {
	pieces := p.size > 0
	for failures, reconnects := 0, 0; ; {
		before := p.size
		err := f.request(ctx, address, p, opt, progress)
		if err == nil {
			if err = f.check(p.file); err == nil {
				return nil
			}
			wrong := err
			if err := p.reset(); err != nil {
				return err
			}
			if !pieces {
				return fmt.Errorf("all bytes came, and they are not the right ones: %w", wrong)
			}
			progress.say(fmt.Sprintf("%s: the pieces make no whole (%s): once more from the beginning", f.Name, wrong))
			pieces = false
			continue
		}
		var no *refusal
		var local *localError
		if errors.As(err, &no) || errors.As(err, &local) || ctx.Err() != nil {
			return err
		}
		failures++
		reconnects++
		if p.size > before {
			failures, pieces = 1, true
		}
		if failures >= opt.Attempts || reconnects >= maxReconnects {
			return fmt.Errorf("%w (after %d attempts)", err, reconnects)
		}
		pause := opt.Wait << (failures - 1)
		progress.say(fmt.Sprintf("%s: byte %d: %s: again in %s", f.Name, p.size, err, pause))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// request asks once for the bytes that p lacks. It returns nil if all are there.
func (f File) request(ctx context.Context, address string, p *part, opt Options, progress *meter) error {
	if f.Size > 0 && p.size == f.Size {
		return nil
	}
	if p.size > f.limit() {
		if err := p.reset(); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(opt.Stall, func() { cancel(fmt.Errorf("nothing came for %s", opt.Stall)) })
	defer stalled.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return &refusal{err}
	}
	req.Header.Set("User-Agent", "trainbench")
	req.Header.Set("Accept-Encoding", "identity") // the bytes of the file, not of what is in it
	if p.size > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", p.size))
		if p.origin.URL == address && p.origin.Validator != "" {
			req.Header.Set("If-Range", p.origin.Validator)
		}
	}
	resp, err := opt.Client.Do(req)
	if err != nil {
		return because(ctx, err)
	}
	defer resp.Body.Close()
	if err := f.accept(resp, p); err != nil {
		return err
	}
	if err := p.note(origin{URL: address, Validator: validator(resp)}); err != nil {
		return err
	}
	progress.start(p.size)
	return f.copy(ctx, p, resp.Body, func(n int) {
		stalled.Reset(opt.Stall)
		progress.set(p.size)
	})
}

// accept judges an answer by its head, and makes p ready for the body.
func (f File) accept(resp *http.Response, p *part) error {
	switch code := resp.StatusCode; {
	case code == http.StatusOK: // the whole file, whatever was asked for
		if err := p.reset(); err != nil {
			return err
		}
	case code == http.StatusPartialContent:
		start, total, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || start != p.size {
			return refuse("was asked for the bytes from %d on and sends %q", p.size, resp.Header.Get("Content-Range"))
		}
		if f.Size > 0 && total >= 0 && total != f.Size {
			return refuse("has a file of %d bytes, and the right one has %d", total, f.Size)
		}
	case code == http.StatusRequestedRangeNotSatisfiable && p.size > 0:
		if err := p.reset(); err != nil {
			return err
		}
		return errors.New("has no such byte: once more from the beginning")
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("answers %s", resp.Status)
	default:
		return refuse("answers %s", resp.Status)
	}
	if total := p.size + resp.ContentLength; resp.ContentLength >= 0 && (total > f.limit() || f.Size > 0 && total != f.Size) {
		return refuse("has a file of %d bytes (%s), and the right one has %s", total, resp.Header.Get("Content-Type"), f.sizeText())
	}
	return nil
}

func (f File) sizeText() string {
	if f.Size > 0 {
		return strconv.FormatInt(f.Size, 10)
	}
	return fmt.Sprintf("at most %d", f.Limit)
}

// copy appends the body to p, and calls came after each piece.
func (f File) copy(ctx context.Context, p *part, body io.Reader, came func(n int)) error {
	buffer := make([]byte, 64<<10)
	for {
		n, err := body.Read(buffer)
		if p.size+int64(n) > f.limit() {
			if err := p.reset(); err != nil {
				return err
			}
			return refuse("sends more than the %s bytes of the right file", f.sizeText())
		}
		if n > 0 {
			if _, err := p.Write(buffer[:n]); err != nil {
				return err
			}
			came(n)
		}
		switch {
		case err == io.EOF && f.Size > 0 && p.size < f.Size:
			return fmt.Errorf("ended after %d of %d bytes", p.size, f.Size)
		case err == io.EOF:
			return nil
		case err != nil:
			return because(ctx, err)
		}
	}
}

// because returns why ctx was cancelled, if it was, and else why err.
func because(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var named *url.Error // names the address, which our messages do already
	if errors.As(err, &named) {
		err = named.Err
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return &refusal{err} // another address may have another host
	}
	return err
}

// validator returns what a later If-Range may name: a strong ETag, or else a date.
func validator(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); strings.HasPrefix(tag, `"`) {
		return tag
	}
	return resp.Header.Get("Last-Modified")
}

// contentRange parses "bytes 100-199/1000"; total is -1 for "bytes 100-199/*".
func contentRange(s string) (start, total int64, ok bool) {
	s, ok = strings.CutPrefix(s, "bytes ")
	span, size, ok2 := strings.Cut(s, "/")
	first, _, ok3 := strings.Cut(span, "-")
	start, err := strconv.ParseInt(first, 10, 64)
	if !ok || !ok2 || !ok3 || err != nil || start < 0 {
		return 0, 0, false
	}
	if size == "*" {
		return start, -1, true
	}
	total, err = strconv.ParseInt(size, 10, 64)
	return start, total, err == nil && total >= start
}
