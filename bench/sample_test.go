package bench

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"trainbench/bench/experiment"
	"trainbench/bench/lockfile"
	"trainbench/bench/record"
)

// output is what a Runner says while it runs.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
	said chan struct{} // has room for one
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.said <- struct{}{}:
	default:
	}
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// smallRunner returns a Runner with a folder of its own, and a training of a second.
func smallRunner(t *testing.T) (*Runner, experiment.Experiment, *output) {
	t.Helper()
	out := &output{said: make(chan struct{}, 1)}
	opt := DefaultOptions()
	opt.Results, opt.Backend, opt.Stderr, opt.Stdout = t.TempDir(), "go", out, io.Discard
	opt.SaveEvery = 1 // always
	r := NewRunner(opt)
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	e := experiment.Default()
	e.Suite, e.Name = "s", "e"
	e.Data = experiment.Data{Dataset: "digits", PerClass: []int{4}, Mean: []float64{.3}, Std: []float64{.4}}
	e.Model.Depth, e.Model.Stages, e.Model.Width = 6, 2, 4
	e.Sampling.Batch = 20
	e.Train = experiment.Train{Epochs: 2, EvalEvery: 2}
	e.Optim.Drops = nil
	return r, e, out
}

// TestSaveFails has a checkpoint that cannot be written: that is no outcome of the
// training, and is not recorded as one.
func TestSaveFails(t *testing.T) {
	r, e, _ := smallRunner(t)
	path := record.SamplePath(r.folder(), e.Suite, e.Name, 1)
	blocked := filepath.Join(besides(path, ".checkpoint.old"), "a folder that is not empty")
	if err := os.MkdirAll(blocked, 0o777); err != nil {
		t.Fatal(err)
	}
	_, err := r.sample(e, 1)
	if !errors.Is(err, errSave) || !strings.Contains(err.Error(), "-results FOLDER") {
		t.Errorf("error %v, want one that says what to do", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a sample was recorded: %v", err)
	}
	if err := os.RemoveAll(filepath.Dir(blocked)); err != nil {
		t.Fatal(err)
	}
	s, err := r.sample(e, 1)
	if err != nil || s.Status != record.OK {
		t.Fatalf("with room: %+v, error %v", s, err)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v, want the sample alone", left, err)
	}
}

// TestWaitsForTheHolder has another process train the sample, and finish it.
func TestWaitsForTheHolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no locks here")
	}
	r, e, out := smallRunner(t)
	other := NewRunner(r.opt) // as another process does it
	if err := other.open(); err != nil {
		t.Fatal(err)
	}
	want, err := other.sample(e, 1)
	if err != nil {
		t.Fatal(err)
	}
	path := record.SamplePath(r.folder(), e.Suite, e.Name, 1)
	if err := os.Rename(path, path+".not-yet"); err != nil {
		t.Fatal(err)
	}
	lock, err := lockfile.Take(besides(path, ".lock"))
	if err != nil {
		t.Fatal(err)
	}
	if !r.busy(&job{experiment: e, seed: 1}) || r.busy(&job{experiment: e, seed: 2}) {
		t.Error("seed 1 is busy and seed 2 is not, and that is not seen")
	}
	done := make(chan *record.Sample)
	go func() {
		s, err := r.sample(e, 1)
		if err != nil {
			t.Error(err)
		}
		done <- s
	}()
	for !strings.Contains(out.String(), "waiting for process ") {
		<-out.said
	}
	if err := os.Rename(path+".not-yet", path); err != nil {
		t.Fatal(err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if got := <-done; got == nil || got.Weights != want.Weights || !strings.Contains(out.String(), "(cached)") {
		t.Errorf("got %+v, want the sample of the other\n%s", got, out)
	}
}

// withSource returns a training that starts from weights that are trained before.
func withSource(e experiment.Experiment, epochs int) experiment.Experiment {
	source := e.Clone()
	source.Train.Epochs, source.Train.EvalEvery = epochs, epochs
	e.Model.Source = &experiment.Source{Experiment: &source, SawTarget: true, KeepHead: true}
	return e
}

// TestSourceGoesOn interrupts the training of a source, which takes as long as any.
func TestSourceGoesOn(t *testing.T) {
	r, e, out := smallRunner(t)
	e = withSource(e, 100)
	ctx, cancel := context.WithCancel(t.Context())
	r.ctx = ctx
	go func() {
		for ctx.Err() == nil {
			if saved, err := filepath.Glob(filepath.Join(r.folder(), "sources", "*.checkpoint")); err != nil || len(saved) > 0 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	if _, err := r.sample(e, 1); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: error %v", err)
	}
	r.ctx, r.opt.SaveEvery = t.Context(), time.Hour
	s, err := r.sample(e, 1)
	if err != nil || s.Status != record.OK {
		t.Fatalf("%+v, error %v", s, err)
	}
	if !strings.Contains(out.String(), "# source/of-") || !strings.Contains(out.String(), "resumed after") {
		t.Errorf("the source was not resumed:\n%s", out)
	}
	left, err := filepath.Glob(filepath.Join(r.folder(), "sources", "*"))
	if err != nil || len(left) != 1 {
		t.Errorf("files left: %v, %v, want the weights alone", left, err)
	}
}

// TestSourceDamaged flips a bit of a stored source.
func TestSourceDamaged(t *testing.T) {
	r, e, _ := smallRunner(t)
	e = withSource(e, 1)
	first, err := r.sample(e, 1)
	if err != nil {
		t.Fatal(err)
	}
	forget := func() {
		t.Helper()
		if err := os.Remove(record.SamplePath(r.folder(), e.Suite, e.Name, 1)); err != nil {
			t.Fatal(err)
		}
	}
	forget()
	again, err := r.sample(e, 1)
	if err != nil || again.Weights != first.Weights {
		t.Errorf("from the stored source: %+v, error %v, want %+v", again.Weights, err, first.Weights)
	}
	forget()
	paths, err := filepath.Glob(filepath.Join(r.folder(), "sources", "*.safetensors"))
	if err != nil || len(paths) != 1 {
		t.Fatalf("sources %v, %v", paths, err)
	}
	data, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(paths[0], data, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := r.sample(e, 1); err == nil || !strings.Contains(err.Error(), "damaged or was edited") || !strings.Contains(err.Error(), "move the file away") {
		t.Errorf("error %v, want one that says what is wrong and what to do", err)
	}
}

// TestFailureGoesOn has the device run out of memory in the middle of a training,
// because of someone else, perhaps: it is recorded, and not begun anew.
func TestFailureGoesOn(t *testing.T) {
	r, e, out := smallRunner(t)
	path := record.SamplePath(r.folder(), e.Suite, e.Name, 1)
	failed := false
	r.opt.Clock = func() time.Time {
		if _, err := os.Stat(besides(path, ".checkpoint")); err == nil && !failed {
			failed = true
			panic("out of memory")
		}
		return time.Now()
	}
	s, err := r.sample(e, 1)
	if err != nil || s.Status != record.Failed || !strings.Contains(s.Detail, "out of memory") {
		t.Fatalf("%+v, error %v", s, err)
	}
	if got, err := record.Read(path); err != nil || got.Samples[0].Status != record.Failed {
		t.Errorf("recorded %+v, error %v", got, err)
	}
	if s, err = r.sample(e, 1); err != nil || s.Status != record.OK || !strings.Contains(out.String(), "resumed after") {
		t.Errorf("again: %+v, error %v\n%s", s, err, out)
	}
}
