package train

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
)

// smallTask is a training of a second: 40 images, 3 epochs of 3 steps, the last of
// them not full, with mixup and early stopping.
func smallTask(t *testing.T) *Task {
	t.Helper()
	device, err := backend.Open(backend.Go, backend.Options{})
	if err != nil {
		t.Fatal(err)
	}
	digits, err := dataset.Open("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	first := make([]int32, 40)
	for i := range first {
		first[i] = int32(i)
	}
	e := experiment.Default()
	e.Suite, e.Name = "test", "small"
	e.Data = experiment.Data{Dataset: "digits", Mean: []float64{.3}, Std: []float64{.4}, CropPadding: 1}
	e.Model.Depth, e.Model.Stages, e.Model.Width = 6, 2, 4
	e.Sampling.Batch, e.Sampling.MixupAlpha = 16, 1
	e.Train = experiment.Train{Epochs: 3, EvalEvery: 2, Patience: 2, Watch: experiment.WatchTest}
	e.Optim.Drops = []int{1}
	return &Task{
		Experiment: e, Seed: 7, Device: device, Classes: 10,
		Train: digits.Train.Subset(first), Test: digits.Test.Subset(first),
	}
}

// untimed ignores what the clock gave.
var untimed = cmp.Options{cmpopts.IgnoreFields(Result{}, "Timing"), cmpopts.IgnoreFields(Epoch{}, "Seconds")}

func TestResumeIsBitIdentical(t *testing.T) {
	tests := []struct {
		why    string
		rule   experiment.Train
		epochs int // in the end
	}{
		{"to the last epoch", experiment.Train{Epochs: 3, EvalEvery: 2, Patience: 2, Watch: experiment.WatchTest}, 3},
		{"to where early stopping ends it", experiment.Train{Epochs: 9, EvalEvery: 1, Patience: 1, Watch: experiment.WatchTest}, 3},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			task := smallTask(t)
			task.Experiment.Train = test.rule
			// Time stands still while saving, and steps are slow: saves come after each step
			// and each epoch.
			now := time.Unix(0, 0)
			task.Clock, task.SaveEvery = func() time.Time { return now }, time.Hour
			task.StepDone = func(int, Phase) { now = now.Add(time.Second) }
			var states []*State
			task.Save = func(s *State) error { states = append(states, s); return nil }
			want, err := task.Run(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if len(want.Curve) != test.epochs || len(states) < 4*test.epochs || states[len(states)-1].Epochs != test.epochs {
				t.Fatalf("%d epochs and %d states, want %d epochs and a state for each step and the end of each epoch", len(want.Curve), len(states), test.epochs)
			}
			for i, s := range states {
				again := smallTask(t)
				again.Experiment.Train, again.Resume = test.rule, s
				got, err := again.Run(context.Background())
				if err != nil {
					t.Fatalf("state %d: %v", i, err)
				}
				if diff := cmp.Diff(want, got, untimed); diff != "" {
					t.Errorf("resumed after %d epochs and %d steps (-uninterrupted +resumed):\n%s", s.Epochs, s.Step, diff)
				}
			}
		})
	}
}

// TestClockJumps sets the clock back and forth: the result must not depend on it, and
// a clock that was set back must not end the saving.
func TestClockJumps(t *testing.T) {
	want, err := smallTask(t).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	task := smallTask(t)
	now, steps, saves := time.Unix(1e9, 0), 0, 0
	task.Clock, task.SaveEvery = func() time.Time { return now }, time.Minute
	task.StepDone = func(int, Phase) {
		now = now.Add(10 * time.Millisecond)
		if steps++; steps == 2 || steps == 5 {
			now = now.AddDate(3*(steps-3), 0, 0) // three years back, six forth
		}
	}
	task.Save = func(s *State) error { saves++; now = now.Add(time.Second); return nil }
	got, err := task.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, untimed); diff != "" {
		t.Errorf("with a clock that jumps (-want +got):\n%s", diff)
	}
	if saves < 2 {
		t.Errorf("%d states saved, want one after each jump", saves)
	}
}

func TestInterruptionSaves(t *testing.T) {
	task := smallTask(t)
	task.SaveEvery = time.Hour
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("stop")
	task.EpochDone = func(e Epoch) error { cancel(stop); return nil }
	var saved *State
	task.Save = func(s *State) error { saved = s; return nil }
	if _, err := task.Run(ctx); !errors.Is(err, stop) {
		t.Errorf("error %v, want the cause of the context's end", err)
	}
	if saved == nil || saved.Epochs != 1 || saved.Step != 1 {
		t.Errorf("saved %+v, want a state after 1 epoch and the step in progress", saved)
	}
}

func TestRestoreRefuses(t *testing.T) {
	task := smallTask(t)
	var state *State
	task.Save = func(s *State) error { state = s; return nil }
	if _, err := task.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why    string
		change func(*State)
	}{
		{"another start", func(s *State) { s.InitialHash = "x" }},
		{"more epochs than the experiment has", func(s *State) { s.Epochs = 9 }},
		{"a curve that does not fit the epochs", func(s *State) { s.Curve = nil }},
		{"more steps than an epoch has", func(s *State) { s.Step = 99 }},
		{"losses that do not fit the steps", func(s *State) { s.Losses = s.Losses[1:] }},
		{"parameters of another net", func(s *State) { s.Params = s.Params[1:] }},
	}
	for _, test := range tests {
		s := *state
		test.change(&s)
		again := smallTask(t)
		again.Resume = &s
		if _, err := again.Run(context.Background()); err == nil {
			t.Errorf("%s: no error", test.why)
		}
	}
}
