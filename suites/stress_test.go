//go:build stress

package suites

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/atomicfile"
	"trainbench/bench/record"
)

// The stress command:
//
//	go test -tags stress -run Stress -timeout 0 -v ./suites [-kills 100] [-on go] [-life 2s] [-what .] [-epochs 6]
var (
	what   = flag.String("what", ".", "benchmarks to train in stress tests")
	epochs = flag.Int("epochs", 6, "their length")
	kills  = flag.Int("kills", 100, "how often a training is killed")
	on     = flag.String("on", "go", "backend of the stress tests")
	life   = flag.Duration("life", 2*time.Second, "about the longest life of a process that is ended")
)

// start starts smoke trainings of a few seconds that save after every step, some of
// them from weights that are trained before.
func start(t *testing.T, dir string, flags ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(dir, "tiny.json")
	text := strings.Replace(tiny, "%s", fmt.Sprintf(`, "all": {"train": {"epochs": %d}}`, *epochs), 1)
	if err := atomicfile.Write(path, []byte(text)); err != nil { // others may be reading it
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], append([]string{
		"-test.run", "^$", "-test.bench", *what, "-profile", path, "-backend", *on, "-save-every", "1ms",
		"-results", filepath.Join(dir, "results"), "-baselines", filepath.Join(dir, "none"), "-published", "",
	}, flags...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

// outcome is what must not depend on interruptions.
func outcome(t *testing.T, dir string) map[string]string {
	t.Helper()
	records, err := record.LoadResults(filepath.Join(dir, "results", "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range records {
		for _, s := range r.Samples {
			out[fmt.Sprintf("%s/%d", r.ID(), s.Seed)] = fmt.Sprint(s.Predictions.SHA256, s.Weights.FinalSHA256, s.Metrics, s.Best, s.Curve[len(s.Curve)-1].Train)
		}
	}
	return out
}

func reference(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	cmd, out := start(t, dir)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := outcome(t, dir)
	if *what == "." && len(want) != 12 || len(want) == 0 {
		t.Fatalf("%d samples, want 2 seeds of each experiment, of which there are 6", len(want))
	}
	return want
}

// TestStressKill kills trainings at random moments until each is done.
func TestStressKill(t *testing.T) {
	want := reference(t)
	rng := rand.New(rand.NewPCG(1, 2))
	killed, finished, resumed := 0, 0, 0
	for killed < *kills {
		dir := t.TempDir()
		for {
			cmd, out := start(t, dir)
			timer := time.AfterFunc(100*time.Millisecond+time.Duration(rng.Int64N(int64(*life))), func() { cmd.Process.Kill() })
			if killed >= *kills {
				timer.Stop()
			}
			err := cmd.Wait()
			timer.Stop()
			resumed += strings.Count(out.String(), "resumed after")
			if strings.Contains(out.String(), "is not used") {
				t.Errorf("a checkpoint could not be read:\n%s", out)
			}
			if err == nil {
				break
			}
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
				t.Fatalf("ended by itself: %v\n%s", err, out)
			}
			killed++
		}
		finished++
		if diff := cmp.Diff(want, outcome(t, dir)); diff != "" {
			t.Fatalf("after kills (-uninterrupted +resumed):\n%s", diff)
		}
	}
	t.Logf("%s: %d kills, %d runs finished, %d trainings resumed in their middle: all bit-identical", *on, killed, finished, resumed)
}

// TestStressTerm ends trainings with signals: each must be gone within 5 seconds, say
// how to go on, and lose nothing.
func TestStressTerm(t *testing.T) {
	signals := []os.Signal{syscall.SIGTERM, os.Interrupt}
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup, and then in what we start
		signals = append(signals, syscall.SIGHUP)
	}
	want := reference(t)
	rng := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	var slowest time.Duration
	stops := 0
	for {
		cmd, out := start(t, dir)
		var asked time.Time
		timer := time.AfterFunc(300*time.Millisecond+time.Duration(rng.Int64N(int64(*life))), func() {
			asked = time.Now()
			cmd.Process.Signal(signals[stops%len(signals)])
		})
		err := cmd.Wait()
		timer.Stop()
		if err == nil {
			break
		}
		stops++
		slowest = max(slowest, time.Since(asked))
		wantText(t, out.String(), "the same command goes on from there")
	}
	if slowest > 5*time.Second {
		t.Errorf("the slowest took %v to end", slowest)
	}
	if diff := cmp.Diff(want, outcome(t, dir)); diff != "" {
		t.Errorf("after SIGTERM (-uninterrupted +resumed):\n%s", diff)
	}
	t.Logf("%s: %d times one of %v, the slowest ended after %v", *on, stops, signals, slowest)
}

// TestStressTermSlow ends a training whose steps take longer than a signal's sender
// may wait: the step in progress is given up, those before it are not.
func TestStressTermSlow(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "slow.json")
	slow := strings.Replace(tiny, "%s", `, "all": {"train": {"epochs": 99}, "sampling": {"batch": 200}},
		"experiments": {"skip/resnet20": {"model": {"depth": 18, "width": 64}}}`, 1)
	if err := atomicfile.Write(path, []byte(slow)); err != nil {
		t.Fatal(err)
	}
	checkpoint := filepath.Join(dir, "results", "tiny", "skip", "resnet20", "seed-42.checkpoint")
	for _, run := range []struct {
		says, wait string
		twice      bool
	}{{"", checkpoint, false}, {"resumed after", checkpoint + ".old", false}, {"resumed after", checkpoint, true}} {
		cmd, out := start(t, dir, "-profile", path, "-test.bench", "Skip/method=resnet20/seed=42", "-save-every", "1h")
		var asked time.Time
		go func() {
			for cmd.Process.Signal(syscall.Signal(0)) == nil { // it lives
				time.Sleep(time.Second)
				if _, err := os.Stat(run.wait); err == nil {
					asked = time.Now()
					cmd.Process.Signal(syscall.SIGTERM)
					if run.twice {
						time.Sleep(200 * time.Millisecond) // or both are one
						cmd.Process.Signal(syscall.SIGTERM)
					}
					return
				}
			}
		}()
		cmd.Wait()
		took := time.Since(asked)
		switch code := cmd.ProcessState.ExitCode(); {
		case run.twice && (took > 2*time.Second || code != -1):
			t.Errorf("after two signals ended after %v with exit status %d, want it killed at once", took, code)
		case !run.twice && (took > 5*time.Second || code != 130):
			t.Errorf("ended after %v with exit status %d, want 130 within 5 s", took, code)
		case !run.twice:
			wantText(t, out.String(), "the same command goes on from there")
		}
		wantText(t, out.String(), run.says)
		t.Logf("%s: ended after %v", *on, took)
	}
}

// TestStressShared trains with two and four processes on one folder of results.
func TestStressShared(t *testing.T) {
	want := reference(t)
	for _, processes := range []int{2, 4} {
		dir := t.TempDir()
		var wait sync.WaitGroup
		outputs := make([]*bytes.Buffer, processes)
		for i := range processes {
			cmd, out := start(t, dir)
			outputs[i] = out
			wait.Go(func() {
				if err := cmd.Wait(); err != nil {
					t.Errorf("process %d of %d: %v\n%s", i, processes, err, out)
				}
			})
		}
		wait.Wait()
		made, taken := 0, 0
		for _, out := range outputs {
			cached := strings.Count(out.String(), "(cached)")
			made += len(want) - cached
			taken += cached
		}
		if made != len(want) {
			t.Errorf("%d processes trained %d samples, want each of %d once", processes, made, len(want))
		}
		t.Logf("%s: %d processes trained %d samples, and took %d from each other", *on, processes, made, taken)
		if diff := cmp.Diff(want, outcome(t, dir)); diff != "" {
			t.Errorf("%d processes (-alone +together):\n%s", processes, diff)
		}
	}
}
