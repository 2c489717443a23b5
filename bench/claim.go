package bench

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"trainbench/bench/lockfile"
	"trainbench/bench/record"
)

// claim returns what stored finds at path, or else the right to make it. What
// another process is making is waited for.
func claim[T any](r *Runner, path string, stored func() (*T, error)) (*T, *lockfile.Lock, error) {
	found, err := stored()
	if found != nil || err != nil {
		return found, nil, err
	}
	lock, err := r.lock(path)
	if err != nil {
		return nil, nil, err
	}
	if found, err = stored(); found != nil || err != nil { // who had the lock may have finished it
		return found, nil, errors.Join(err, lock.Release())
	}
	return nil, lock, nil
}

// busy reports whether a process is making a sample.
func (r *Runner) busy(j *job) bool {
	path := record.SamplePath(r.folder(), j.experiment.Suite, j.experiment.Name, j.seed)
	return lockfile.Holder(besides(path, ".lock")) != ""
}

// lock takes the lock of what is to be written to path, and waits for it if need
// be, saying for whom.
func (r *Runner) lock(path string) (*lockfile.Lock, error) {
	for tries := 0; ; tries++ {
		lock, err := lockfile.Take(besides(path, ".lock"))
		var held *lockfile.HeldError
		if err != nil && !errors.As(err, &held) {
			return nil, fmt.Errorf("%w; results go elsewhere with -results FOLDER", err)
		}
		if err == nil {
			return lock, nil
		}
		pause := time.Second
		if tries == 0 {
			pause /= 20 // a moment is not worth a message
		} else if tries == 1 && !r.opt.Quiet {
			fmt.Fprintf(r.opt.Stderr, "# %s: waiting for %s, which makes it\n", path, held.Holder)
		}
		select {
		case <-time.After(pause):
		case <-r.ctx.Done():
			return nil, r.ctx.Err()
		}
	}
}

// release gives a lock back. What was made under it is there: an error is only told.
func (r *Runner) release(lock *lockfile.Lock) {
	if err := lock.Release(); err != nil {
		fmt.Fprintln(r.opt.Stderr, "#", err)
	}
}

// besides returns the name of a file that belongs to path, with another extension.
func besides(path, ext string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + ext
}
