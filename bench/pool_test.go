package bench

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// fakeJob is the i-th seed of an experiment.
func fakeJob(name string, i int) *job {
	return &job{experiment: experiment.Experiment{Suite: "s", Name: name}, number: i, seed: uint64(i)}
}

// fakeTrainings are trainings that end when they are told to.
type fakeTrainings struct {
	mu      sync.Mutex
	begun   []string
	running int
	most    int
	started chan string
	end     chan error
}

func newFake() *fakeTrainings {
	return &fakeTrainings{started: make(chan string, 100), end: make(chan error, 100)}
}

func (f *fakeTrainings) train(e experiment.Experiment, seed uint64) (*record.Sample, error) {
	name := fmt.Sprint(e.Name, seed)
	f.mu.Lock()
	f.begun = append(f.begun, name)
	f.running++
	f.most = max(f.most, f.running)
	f.mu.Unlock()
	f.started <- name
	err := <-f.end
	f.mu.Lock()
	f.running--
	f.mu.Unlock()
	return &record.Sample{Seed: seed}, err
}

func nothing(*job) *job { return nil }

func TestPoolOrder(t *testing.T) {
	f := newFake()
	p := newPool(2, f.train, nothing)
	p.add(fakeJob("a", 0), fakeJob("a", 1), fakeJob("a", 2), fakeJob("b", 0))
	p.add(fakeJob("a", 1)) // known
	<-f.started
	<-f.started // a0 and a1, and there is room for no more
	asked := make(chan error)
	go func() {
		s, err := p.get(fakeJob("b", 0)) // comes before a2
		if s.Seed != 0 {
			err = fmt.Errorf("seed %d", s.Seed)
		}
		asked <- err
	}()
	for first := ""; first != "b0"; { // until the one that is waited for is next
		p.mu.Lock()
		first = fmt.Sprint(p.queue[0].experiment.Name, p.queue[0].seed)
		p.mu.Unlock()
	}
	f.end <- nil
	<-f.started
	for range 3 {
		f.end <- nil
	}
	if err := <-asked; err != nil {
		t.Error(err)
	}
	for i := range 3 {
		if s, err := p.get(fakeJob("a", i)); err != nil || s.Seed != uint64(i) {
			t.Errorf("a%d: %v, %v", i, s, err)
		}
	}
	slices.Sort(f.begun[:2]) // at the same time
	if diff := cmp.Diff([]string{"a0", "a1", "b0", "a2"}, f.begun); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if f.most != 2 {
		t.Errorf("%d at a time, want 2", f.most)
	}

	// What was taken and is asked for again is done again, as is what nobody planned.
	f.end <- nil
	if _, err := p.get(fakeJob("a", 0)); err != nil || len(f.begun) != 5 {
		t.Errorf("%d trainings, %v", len(f.begun), err)
	}
}

// TestPoolErrors: what goes wrong with one sample is that sample's alone.
func TestPoolErrors(t *testing.T) {
	p := newPool(3, func(e experiment.Experiment, _ uint64) (*record.Sample, error) {
		switch e.Name {
		case "broken":
			return nil, errors.New("no data")
		case "panics":
			panic("index out of range")
		}
		return &record.Sample{}, nil
	}, nothing)
	p.add(fakeJob("broken", 0), fakeJob("panics", 0), fakeJob("fine", 0))
	if _, err := p.get(fakeJob("fine", 0)); err != nil {
		t.Error(err)
	}
	if _, err := p.get(fakeJob("broken", 0)); err == nil || err.Error() != "no data" {
		t.Errorf("got %v", err)
	}
	if s, err := p.get(fakeJob("panics", 0)); err == nil || s != nil {
		t.Errorf("got %v and %v", s, err)
	}
}

// TestPoolNext: a sample may make another one due, which then comes first.
func TestPoolNext(t *testing.T) {
	f := newFake()
	p := newPool(1, f.train, func(after *job) *job {
		if after.experiment.Name == "a" && after.number < 2 {
			return fakeJob("a", after.number+1)
		}
		return nil
	})
	p.add(fakeJob("a", 0), fakeJob("b", 0))
	for range 4 {
		<-f.started
		f.end <- nil
	}
	p.close()
	if diff := cmp.Diff([]string{"a0", "a1", "a2", "b0"}, f.begun); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

// TestPoolClose: closing waits for what runs, and begins nothing.
func TestPoolClose(t *testing.T) {
	f := newFake()
	p := newPool(1, f.train, nothing)
	p.add(fakeJob("a", 0), fakeJob("a", 1))
	<-f.started
	go func() {
		for queued := 1; queued > 0; { // until close has begun
			p.mu.Lock()
			queued = len(p.queue)
			p.mu.Unlock()
		}
		f.end <- nil
	}()
	p.close()
	if diff := cmp.Diff([]string{"a0"}, f.begun); diff != "" || f.running != 0 {
		t.Errorf("%d run on, and have begun (-want +got):\n%s", f.running, diff)
	}
}

// TestPoolBusy has another process at a0, which ends after a1.
func TestPoolBusy(t *testing.T) {
	f := newFake()
	p := newPool(1, f.train, nothing)
	p.busy = func(j *job) bool { return j.seed == 0 }
	for _, i := range []int{0, 1, 2} { // the first is not begun, for want of a better one
		p.add(fakeJob("a", i))
	}
	for range 3 {
		f.end <- nil
	}
	for i := range 3 {
		if _, err := p.get(fakeJob("a", i)); err != nil {
			t.Error(err)
		}
	}
	if diff := cmp.Diff([]string{"a1", "a2", "a0"}, f.begun); diff != "" {
		t.Errorf("begun (-want +got):\n%s", diff)
	}
}
