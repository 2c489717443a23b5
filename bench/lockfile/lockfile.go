// Package lockfile keeps processes from doing the same work twice, and tells who
// does it.
//
// A lock ends with its process, however that ends: nothing has to be cleaned up.
// It binds only those that ask for it, and only where the file system has locks
// (flock); elsewhere everyone gets it. It also keeps parts of one process apart.
package lockfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Lock is a lock that is held, by a file of its own.
type Lock struct{ file *os.File }

// HeldError tells that someone else has a lock.
type HeldError struct {
	Path   string
	Holder string // "process 4711 on this-host"
}

func (e *HeldError) Error() string { return fmt.Sprintf("%s is held by %s", e.Path, e.Holder) }

// Take takes the lock of a path, or returns a *HeldError at once. The file is made,
// with its folder, and says who holds it.
func Take(path string) (*Lock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		switch err := Hold(f); {
		case err == nil:
			l := &Lock{f}
			if err := l.sign(); err != nil {
				return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), l.Release())
			}
			return l, nil
		case errors.Is(err, errTaken):
			holder := signature(f)
			f.Close()
			return nil, &HeldError{path, holder}
		case !errors.Is(err, errRenamed): // by a holder who has just released it
			f.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}
		f.Close()
	}
}

// Release gives the lock back and removes its file.
func (l *Lock) Release() error {
	// In this order, nobody can lock a file that has lost its name unawares.
	return errors.Join(os.Remove(l.file.Name()), l.file.Close())
}

// Holder tells who holds the lock of a path, empty if nobody does.
func Holder(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	if !errors.Is(flock(f, true), errTaken) {
		return ""
	}
	return signature(f)
}

var errRenamed = errors.New("it was renamed or removed just now")

// Hold locks a file that is open already, until it is closed, or fails at once. It
// makes sure that the file still has its name.
func Hold(f *os.File) error {
	if err := flock(f, false); err != nil {
		return err
	}
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := os.Stat(f.Name())
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(ours, named) {
		return errRenamed
	}
	return err
}

// sign writes who we are into the file.
func (l *Lock) sign() error {
	host, err := os.Hostname()
	if err != nil {
		host = "an unknown host"
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(fmt.Appendf(nil, "process %d on %s\n", os.Getpid(), host), 0)
	return err
}

// signature reads who holds a lock.
func signature(f *os.File) string {
	data, err := io.ReadAll(io.LimitReader(f, 200))
	if text := strings.TrimSpace(string(data)); err == nil && text != "" {
		return text
	}
	return "another process"
}
