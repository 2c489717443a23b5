//go:build stress && linux

package suites

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
)

// tmpfs mounts a file system of a few megabytes.
func tmpfs(t *testing.T, size string, flags uintptr) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, "size="+size); err != nil {
		t.Skipf("a file system of %s cannot be mounted (this needs root): %v", size, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all room of a file system.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 1<<16); len(chunk) > 0; chunk = chunk[:len(chunk)/2] {
		for err = error(nil); err == nil; {
			_, err = f.Write(chunk)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
}

// wantClean checks that a run that failed left no half of a file, and no panic.
func wantClean(t *testing.T, dir, out string) {
	t.Helper()
	outcome(t, dir) // reads all records
	err := filepath.WalkDir(filepath.Join(dir, "results"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(d.Name(), ".tmp-") {
			t.Errorf("%s was left", path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if strings.Contains(out, "goroutine ") || strings.Contains(out, "is not used") {
		t.Errorf("a panic, or a checkpoint that cannot be read:\n%s", out)
	}
}

// TestStressFull fills the disk at random moments, and makes room again.
func TestStressFull(t *testing.T) {
	want := reference(t)
	rng := rand.New(rand.NewPCG(5, 6))
	dir := tmpfs(t, "4m", 0)
	ballast := filepath.Join(dir, "ballast")
	full, resumed := 0, 0
	for full < *kills/5 {
		cmd, out := start(t, dir)
		timer := time.AfterFunc(100*time.Millisecond+time.Duration(rng.Int64N(int64(*life))), func() { fill(t, ballast) })
		err := cmd.Wait()
		if filled := !timer.Stop(); filled {
			time.Sleep(100 * time.Millisecond) // it may be at it
		}
		resumed += strings.Count(out.String(), "resumed after")
		if err != nil {
			full++
			wantText(t, out.String(), "no space left on device")
			wantClean(t, dir, out.String())
		}
		if err := os.Remove(ballast); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err == nil {
			if diff := cmp.Diff(want, outcome(t, dir)); diff != "" {
				t.Fatalf("after a full disk (-uninterrupted +resumed):\n%s", diff)
			}
			if err := os.RemoveAll(filepath.Join(dir, "results")); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("%s: the disk was full in %d runs, %d trainings resumed in their middle", *on, full, resumed)
}

// TestStressReadOnly asks for results where nothing can be written.
func TestStressReadOnly(t *testing.T) {
	dir := t.TempDir()
	readOnly := tmpfs(t, "1m", syscall.MS_RDONLY)
	cmd, out := start(t, dir, "-results", readOnly)
	if err := cmd.Wait(); err == nil {
		t.Error("exit status 0")
	}
	wantText(t, out.String(), "read-only file system", "-results FOLDER")
	wantClean(t, dir, out.String())
}

// TestStressMemory lets trainings run out of memory.
func TestStressMemory(t *testing.T) {
	want := reference(t)
	rng := rand.New(rand.NewPCG(7, 8))
	dir := t.TempDir()
	ended := 0
	for range *kills / 5 {
		cmd, out := start(t, dir)
		timer := time.AfterFunc(100*time.Millisecond+time.Duration(rng.Int64N(int64(*life))), func() {
			if err := noMoreMemory(cmd.Process.Pid); err != nil && !errors.Is(err, syscall.ESRCH) && !errors.Is(err, fs.ErrNotExist) {
				t.Error(err)
			}
		})
		err := cmd.Wait()
		timer.Stop()
		if err != nil {
			ended++
			if strings.Contains(out.String(), "is not used") {
				t.Errorf("a checkpoint that cannot be read:\n%s", out)
			}
		}
	}
	cmd, out := start(t, dir)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("with memory: %v\n%s", err, out)
	}
	if diff := cmp.Diff(want, outcome(t, dir)); diff != "" {
		t.Errorf("after running out of memory (-uninterrupted +resumed):\n%s", diff)
	}
	if ended == 0 {
		t.Error("no run ended for want of memory")
	}
	t.Logf("%s: %d of %d runs ended for want of memory", *on, ended, *kills/5)
}

// noMoreMemory allows a process the address space that it has, and no more.
func noMoreMemory(pid int) error {
	var pages uint64
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err == nil {
		_, err = fmt.Sscan(string(data), &pages)
	}
	if err != nil {
		return err
	}
	limit := syscall.Rlimit{Cur: pages * uint64(os.Getpagesize()), Max: pages * uint64(os.Getpagesize())}
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_AS, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
