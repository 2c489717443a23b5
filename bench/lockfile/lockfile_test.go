//go:build unix && !solaris && !aix

package lockfile

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// TestMain is also a process that takes a lock and waits to be killed.
func TestMain(m *testing.M) {
	if path := os.Getenv("LOCKFILE_TEST_HOLD"); path != "" {
		if _, err := Take(path); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("held")
		select {}
	}
	os.Exit(m.Run())
}

func TestTake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "seed-1.lock")
	if got := Holder(path); got != "" {
		t.Errorf("nobody took it, and it is held by %q", got)
	}
	l, err := Take(path)
	if err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	us := fmt.Sprintf("process %d on %s", os.Getpid(), host)
	var held *HeldError
	if _, err := Take(path); !errors.As(err, &held) || held.Holder != us {
		t.Errorf("taken twice: error %v, want one that names %s", err, us)
	}
	if got := Holder(path); got != us {
		t.Errorf("held by %q, want %q", got, us)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file stays: %v", err)
	}
	if l, err = Take(path); err != nil {
		t.Fatal(err)
	}
	if err := l.Release(); err != nil {
		t.Fatal(err)
	}
}

// TestDeath kills a process that holds a lock.
func TestDeath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "LOCKFILE_TEST_HOLD="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || line != "held\n" {
		t.Fatalf("the other process says %q, %v", line, err)
	}
	var held *HeldError
	if _, err := Take(path); !errors.As(err, &held) || held.Holder == "another process" {
		t.Errorf("while it lives: error %v, want one that names it", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	l, err := Take(path)
	if err != nil {
		t.Fatalf("after its death: %v", err)
	}
	if err := l.Release(); err != nil {
		t.Error(err)
	}
}

// TestExclusive lets many take a lock that its holders keep removing.
func TestExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l")
	var wait sync.WaitGroup
	var inside sync.Mutex // free whenever the lock was got
	for range 4 {
		wait.Go(func() {
			for done := 0; done < 20; {
				l, err := Take(path)
				var held *HeldError
				if errors.As(err, &held) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if inside.TryLock() {
					runtime.Gosched()
					inside.Unlock()
				} else {
					t.Error("two have the lock")
				}
				done++
				if err := l.Release(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
}
