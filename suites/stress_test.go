//go:build stress

package suites

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
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
//	go test -tags stress -run Stress -timeout 0 -v ./suites [-kills 100] [-on go] [-life 2s]
var (
	kills = flag.Int("kills", 100, "how often a training is killed")
	on    = flag.String("on", "go", "backend of the stress tests")
	life  = flag.Duration("life", 2*time.Second, "longest life of a process that is killed")
)

// start starts smoke trainings of a few seconds that save after every step, some of
// them from weights that are trained before.
func start(t *testing.T, dir string, flags ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	path := filepath.Join(dir, "tiny.json")
	text := strings.Replace(tiny, "%s", `, "all": {"train": {"epochs": 6}}`, 1)
	if err := atomicfile.Write(path, []byte(text)); err != nil { // others may be reading it
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], append([]string{
		"-test.run", "^$", "-test.bench", ".", "-profile", path, "-backend", *on, "-save-every", "1ms",
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
	if len(want) != 12 {
		t.Fatalf("%d samples, want 6 experiments with 2 seeds", len(want))
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

// TestStressTerm ends trainings with SIGTERM: each must be gone within 5 seconds,
// say how to go on, and lose nothing.
func TestStressTerm(t *testing.T) {
	want := reference(t)
	rng := rand.New(rand.NewPCG(3, 4))
	dir := t.TempDir()
	var slowest time.Duration
	stops := 0
	for {
		cmd, out := start(t, dir)
		var asked time.Time
		timer := time.AfterFunc(time.Duration(300+rng.IntN(1200))*time.Millisecond, func() {
			asked = time.Now()
			cmd.Process.Signal(syscall.SIGTERM)
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
	t.Logf("%s: %d times SIGTERM, the slowest ended after %v", *on, stops, slowest)
}

// TestStressShared trains with two and four processes on one folder of results.
func TestStressShared(t *testing.T) {
	want := reference(t)
	for _, processes := range []int{2, 4} {
		dir := t.TempDir()
		var wait sync.WaitGroup
		for i := range processes {
			cmd, out := start(t, dir)
			wait.Go(func() {
				if err := cmd.Wait(); err != nil {
					t.Errorf("process %d of %d: %v\n%s", i, processes, err, out)
				}
			})
		}
		wait.Wait()
		if diff := cmp.Diff(want, outcome(t, dir)); diff != "" {
			t.Errorf("%d processes (-alone +together):\n%s", processes, diff)
		}
	}
}
