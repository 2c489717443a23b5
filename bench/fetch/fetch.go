// Package fetch gets data sets and trained weights from their publishers: it
// downloads, goes on where a broken download ended, checks what came against the
// published checksums, and only then gives the file its name.
//
// It knows the files that the suites use (see [Known]) and any other that is
// described by a [File]. Addresses are tried in order until one gives the right
// bytes; proxies are taken from HTTP_PROXY, HTTPS_PROXY and NO_PROXY. Bytes that
// have come are kept in NAME.part, which belongs to one process at a time.
//
// The package does not unpack, does not ask, does not remove files that it did
// not write, and takes no byte for right that has no checksum.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A File is something that can be fetched.
type File struct {
	// Name is what users ask for: "cifar-10".
	Name string
	// Base is the name of the file.
	Base string
	// URLs are tried in this order; the first is the publisher's.
	URLs []string
	// Size is the number of bytes, 0 if unknown; then at most Limit bytes are taken.
	Size, Limit int64
	// SHA256 and MD5 are checksums in hex. SHA256 may be cut short, where a
	// publisher tells the first digits only. One of the two must be there.
	SHA256, MD5 string
	// Says tells where the checksums come from.
	Says string
	// Profile is the profile of the suites that needs the file, empty if none does.
	Profile string
	// Open reads what lies in a folder, which may be the file or what was unpacked
	// from it, and describes it. An error matches fs.ErrNotExist if nothing is there.
	Open func(dir string) (string, error)
}

// Options say how to fetch.
type Options struct {
	// Dir is where the file goes; it is made if it does not exist.
	Dir string
	// Mirrors are addresses of folders that hold files under their base names, or
	// of a file itself. They are tried before the file's own addresses.
	Mirrors []string
	// Client makes the requests; nil for one with the proxies of the environment.
	Client *http.Client
	// Attempts is how often an address may fail in a row, without a byte between,
	// before the next one is tried.
	Attempts int
	// Wait is the pause after a failure; it doubles with each further one.
	Wait time.Duration
	// Stall is how long a server may send nothing.
	Stall time.Duration
	// Messages gets progress, and what went wrong on the way: a bar if it is a
	// terminal, and otherwise a line every Pace.
	Messages io.Writer
	Pace     time.Duration
}

// DefaultOptions returns options for a folder.
func DefaultOptions(dir string) Options {
	return Options{
		Dir: dir, Attempts: 5, Wait: time.Second, Stall: time.Minute,
		Messages: io.Discard, Pace: 10 * time.Second,
	}
}

// Get downloads the file into opt.Dir and returns its path. A file of that name
// that is there already is an error that matches fs.ErrExist: Open tells whether
// it will do. If no address gives the file, the error says what each of them did,
// and what to put where.
func (f File) Get(ctx context.Context, opt Options) (string, error) {
	p, err := f.part(opt.Dir)
	if err != nil {
		return "", err
	}
	defer p.close()
	if opt.Client == nil {
		opt.Client = newClient()
	}
	progress := newMeter(opt.Messages, f.Name, f.Size, opt.Pace)
	defer progress.close()
	var failures []error
	for _, url := range f.addresses(opt.Mirrors) {
		err := f.download(ctx, url, p, opt, progress)
		if err == nil {
			return p.target, p.finish()
		}
		var local *localError
		if errors.As(err, &local) || ctx.Err() != nil {
			return "", fmt.Errorf("%s: %w%s", f.Name, err, p.kept())
		}
		progress.say(fmt.Sprintf("%s: %s", url, err))
		failures = append(failures, fmt.Errorf("%s: %w", url, err))
	}
	return "", fmt.Errorf("%s: no address gave the file:\n%w%s\n%s", f.Name, errors.Join(failures...), p.kept(), f.ByHand(opt.Dir))
}

// Take copies the file from a path, which is the file or a folder that holds it,
// into dir, checks it, and returns its new path.
func (f File) Take(from, dir string) (string, error) {
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		from = filepath.Join(from, f.Base)
	}
	info, err := os.Stat(from) // before opening: a named pipe could block for ever
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.Name, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: %s is not a file", f.Name, from)
	}
	in, err := os.Open(from)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.Name, err)
	}
	defer in.Close()
	if err := f.check(in); err != nil {
		return "", fmt.Errorf("%s: %s: %w; get it again from %s, or put it into %s yourself if you trust it",
			f.Name, from, err, f.URLs[0], dir)
	}
	p, err := f.part(dir)
	if err != nil {
		return "", err
	}
	defer p.close()
	if err := p.reset(); err != nil {
		return "", err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return "", fmt.Errorf("%s: %w", f.Name, err)
	}
	if _, err := io.Copy(p, io.LimitReader(in, f.limit())); err != nil {
		return "", fmt.Errorf("%s: %w", f.Name, err)
	}
	if err := f.check(p.file); err != nil {
		return "", fmt.Errorf("%s: %s changed while it was copied: %w", f.Name, from, err)
	}
	return p.target, p.finish()
}

// ByHand says how to get the file where there is no network.
func (f File) ByHand(dir string) string {
	size := ""
	if f.Size > 0 {
		size = fmt.Sprintf(", %d bytes", f.Size)
	}
	sum := "SHA-256 " + f.SHA256
	if len(f.SHA256) < 64 {
		sum = "SHA-256 beginning with " + f.SHA256
	}
	if f.SHA256 == "" {
		sum = "MD5 " + f.MD5
	}
	return fmt.Sprintf("without a network: get %s (%s%s) from %s on another machine, and put it into %s; "+
		"or name it: trainbench fetch -to %s -from FILE %s", f.Base, sum, size, f.URLs[0], dir, dir, f.Name)
}

// addresses returns all addresses in the order in which they are tried.
func (f File) addresses(mirrors []string) []string {
	var all []string
	for _, m := range mirrors {
		if !strings.HasSuffix(m, "/"+f.Base) {
			m = strings.TrimSuffix(m, "/") + "/" + f.Base
		}
		all = append(all, m)
	}
	return append(all, f.URLs...)
}

// limit is how many bytes may come.
func (f File) limit() int64 {
	if f.Size > 0 {
		return f.Size
	}
	return f.Limit
}

// newClient returns a client with the proxies of the environment that gives up on
// servers that do not answer, and does not follow a redirect from HTTPS to HTTP.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone() // its Proxy is ProxyFromEnvironment
	t.ResponseHeaderTimeout = time.Minute
	return &http.Client{Transport: t, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("more than 10 redirects")
		}
		if via[0].URL.Scheme == "https" && to.URL.Scheme != "https" {
			return fmt.Errorf("redirected to %s, which is not encrypted", to.URL)
		}
		return nil
	}}
}
