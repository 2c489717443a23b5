package dataset

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// archiveSlack is how many bytes an archive may hold beside the files that are
// read: headers, padding, a readme.
const archiveSlack = 1 << 20

// readArchiveFile reads the distribution from its .tar.gz at the given path.
func readArchiveFile(l layout, name string) (*Dataset, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %s is not a file; %s", l.name, name, l.again())
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	defer f.Close()
	return readArchive(l, name, f)
}

// readArchive reads a .tar.gz as a stream. It keeps nothing of it but the
// members that the layout names, in whatever folder they are, and reads it to
// the end, so that its checksum is checked.
func readArchive(l layout, source string, in io.Reader) (*Dataset, error) {
	counted := &countingReader{r: in}
	packed := bufio.NewReaderSize(counted, 64<<10)
	fail := func(err error) (*Dataset, error) {
		offset := counted.n - int64(packed.Buffered())
		return nil, fmt.Errorf("%s: %s: byte %d: %w; %s", l.name, source, offset, noEOF(err), l.again())
	}
	unpacked, err := gzip.NewReader(packed)
	if err != nil {
		return fail(err)
	}
	limited := &limitedReader{r: unpacked, limit: l.unpackedLimit()}
	r := newReader(l)
	if err := r.readTar(source, limited); err != nil {
		var member *memberError
		if errors.As(err, &member) {
			return nil, err // says where in the member, which is more to the point
		}
		return fail(err)
	}
	// What follows the tar's end is padding.
	if _, err := io.Copy(io.Discard, limited); err != nil {
		return fail(err)
	}
	return r.finish(source)
}

// A memberError is one that names the member of an archive it is about.
type memberError struct{ error }

func (e *memberError) Unwrap() error { return e.error }

// readTar reads the members that r wants and passes over the others.
func (r *reader) readTar(source string, in io.Reader) error {
	members := tar.NewReader(in)
	for {
		h, err := members.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := path.Base(h.Name)
		if h.Typeflag == tar.TypeDir || !r.wants(name) {
			continue
		}
		where := source + ": " + name // not h.Name, which can be long and hold anything
		if h.Typeflag != tar.TypeReg {
			return &memberError{fmt.Errorf("%s: %s is not a file but of type %q; %s", r.layout.name, where, h.Typeflag, r.layout.again())}
		}
		if err := r.read(where, name, h.Size, members); err != nil {
			return &memberError{err}
		}
	}
}

// unpackedLimit is how many bytes the unpacked archive may have.
func (l layout) unpackedLimit() int64 {
	limit := int64(archiveSlack)
	for _, f := range l.files() {
		limit += l.fileSize(f)
	}
	return limit
}

// A limitedReader fails, unlike io.LimitedReader, on input that is longer.
type limitedReader struct {
	r     io.Reader
	n     int64
	limit int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.n += int64(n)
	if l.n > l.limit {
		return 0, fmt.Errorf("unpacks to more than %d bytes, which the official archive does not", l.limit)
	}
	return n, err
}

// A countingReader counts the bytes read.
type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
