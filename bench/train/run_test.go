package train

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/experiment"
	"trainbench/bench/model"
)

// TestCurve: every epoch has a point; how often it is evaluated, and on what.
func TestCurve(t *testing.T) {
	task := digits(t, goDevice(t), func(e *experiment.Experiment) {
		e.Train.Epochs, e.Train.EvalEvery = 5, 2
		e.Optim.Drops, e.Optim.Factor = []int{3}, .5
	})
	var seen []int
	task.EpochDone = func(e Epoch) error { seen = append(seen, e.Number); return nil }
	steps := map[Phase]int{} // images
	task.StepDone = func(images int, phase Phase) { steps[phase] += images }
	r := mustRun(t, task)
	if diff := cmp.Diff(map[Phase]int{Training: 5 * 160, Evaluating: 3 * (40 + 200)}, steps); diff != "" {
		t.Errorf("images told to StepDone:\n%s", diff)
	}
	var numbers, evaluated []int
	var rates []float64
	best := Epoch{Test: &Scores{F1: -1}}
	for _, e := range r.Curve {
		numbers, rates = append(numbers, e.Number), append(rates, e.Rate)
		if (e.Test == nil) != (e.Validation == nil) {
			t.Errorf("epoch %d is evaluated in part", e.Number)
		}
		if e.Test != nil {
			evaluated = append(evaluated, e.Number)
			if e.Test.F1 > best.Test.F1 {
				best = e
			}
		}
	}
	if diff := cmp.Diff([]int{1, 2, 3, 4, 5}, numbers); diff != "" {
		t.Errorf("epochs:\n%s", diff)
	}
	if diff := cmp.Diff(numbers, seen); diff != "" {
		t.Errorf("epochs told to EpochDone:\n%s", diff)
	}
	if diff := cmp.Diff([]int{2, 4, 5}, evaluated); diff != "" {
		t.Errorf("every second epoch and the last are evaluated:\n%s", diff)
	}
	if diff := cmp.Diff([]float64{.1, .1, .1, .05, .05}, rates); diff != "" {
		t.Errorf("rates:\n%s", diff)
	}
	if diff := cmp.Diff(*r.Curve[4].Test, r.Test); diff != "" {
		t.Errorf("the result is of the last epoch:\n%s", diff)
	}
	if diff := cmp.Diff(Best{best.Number, *best.Test}, r.Best); diff != "" {
		t.Errorf("the best epoch:\n%s", diff)
	}
	if len(r.Predictions) != 200 || r.Timing.Images != 5*160 {
		t.Errorf("%d predictions and %d images, want 200 and 800", len(r.Predictions), r.Timing.Images)
	}
}

// TestEarlyStopping says from the curve of a whole training where it should have
// stopped, for both splits that may be watched.
func TestEarlyStopping(t *testing.T) {
	d := goDevice(t)
	const epochs, patience = 16, 3
	task := func(patience int, watch experiment.Watch) *Task {
		k := digits(t, d, func(e *experiment.Experiment) {
			e.Train.Epochs, e.Data.Validation, e.Optim.Rate = epochs, .2, .3
			e.Train.Patience, e.Train.Watch = patience, watch
		})
		for i := range k.Validation.Labels { // labels by chance: this split stops elsewhere
			k.Validation.Labels[i] = int32(i % 10)
		}
		return k
	}
	whole := mustRun(t, task(0, "")).Curve
	for _, watch := range []experiment.Watch{experiment.WatchTest, experiment.WatchValidation} {
		want := stopAfter(whole, watch, patience)
		r := mustRun(t, task(patience, watch))
		if len(r.Curve) != want || r.Stopped != (want < epochs) {
			t.Errorf("watching %s stopped after %d epochs (stopped %v), want %d", watch, len(r.Curve), r.Stopped, want)
		}
		if r.Test != *whole[want-1].Test {
			t.Errorf("%s: the result is not of the epoch it stopped at", watch)
		}
	}
}

// stopAfter returns the number of epochs after which a curve has not got better
// for patience epochs.
func stopAfter(curve []Epoch, watch experiment.Watch, patience int) int {
	best, since := math.Inf(-1), 0
	for _, e := range curve {
		f1 := e.Test.F1
		if watch == experiment.WatchValidation {
			f1 = e.Validation.F1
		}
		if since++; f1 > best {
			best, since = f1, 0
		}
		if since == patience {
			return e.Number
		}
	}
	return len(curve)
}

// TestWatch: one split gets better while the other does not.
func TestWatch(t *testing.T) {
	for watch, want := range map[experiment.Watch]bool{experiment.WatchTest: false, experiment.WatchValidation: true} {
		e := experiment.Default()
		e.Train.Patience, e.Train.Watch = 1, watch
		r := &run{Task: &Task{Experiment: e}}
		r.stop(Epoch{Test: &Scores{F1: .5}, Validation: &Scores{F1: .5}})
		if got := r.stop(Epoch{Test: &Scores{F1: .6}, Validation: &Scores{F1: .4}}); got != want {
			t.Errorf("watching %s stops: %v, want %v", watch, got, want)
		}
	}
}

// TestStandstill: equal is not better. A head that moves by nothing stops after
// the first epoch and its patience, which counts epochs and not evaluations.
func TestStandstill(t *testing.T) {
	for _, test := range []struct{ every, patience, want int }{{1, 1, 2}, {1, 3, 4}, {2, 3, 6}, {3, 3, 6}} {
		r := mustRun(t, digits(t, goDevice(t), func(e *experiment.Experiment) {
			e.Model.Trainable, e.Optim.Rate = experiment.Head, 1e-30
			e.Train.Epochs, e.Train.EvalEvery, e.Train.Patience, e.Train.Watch = 10, test.every, test.patience, experiment.WatchTest
		}))
		if len(r.Curve) != test.want || !r.Stopped {
			t.Errorf("evaluated every %d epochs with a patience of %d it stopped after %d, want %d", test.every, test.patience, len(r.Curve), test.want)
		}
	}
}

// TestOptions: what an option changes shows in the result.
func TestOptions(t *testing.T) {
	d := goDevice(t)
	base := mustRun(t, digits(t, d, nil))
	mixed := mustRun(t, digits(t, d, func(e *experiment.Experiment) { e.Sampling.MixupAlpha = 1 }))

	dropped := digits(t, d, func(e *experiment.Experiment) { e.Sampling.Batch, e.Sampling.DropLast = 50, true })
	if r := mustRun(t, dropped); r.Timing.Images != 2*150 {
		t.Errorf("batches of 50 from 160 images, the last one dropped: %d images in two epochs, want 300", r.Timing.Images)
	}
	kept := digits(t, d, func(e *experiment.Experiment) { e.Sampling.Batch = 50 })
	if r := mustRun(t, kept); r.Timing.Images != 2*160 {
		t.Errorf("batches of 50 from 160 images, the last one kept: %d images in two epochs, want 320", r.Timing.Images)
	}

	unmixed := mustRun(t, digits(t, d, func(e *experiment.Experiment) { e.Sampling.MixupAlpha, e.Train.UnmixedLabels = 1, true }))
	if mixed.FinalHash == base.FinalHash || unmixed.FinalHash == mixed.FinalHash {
		t.Error("mixup, or its labels, change nothing")
	}

	postHoc := digits(t, d, func(e *experiment.Experiment) { e.Loss.PostHocTau = 1000 })
	postHoc.Train = postHoc.Train.Subset(append([]int32{0}, allBut(postHoc.Train.Labels, postHoc.Train.Labels[0])...))
	rare := postHoc.Train.Labels[0]
	r := mustRun(t, postHoc)
	if slices.ContainsFunc(r.Predictions, func(p int32) bool { return p != rare }) {
		t.Errorf("with a prior a thousandfold, something else than the rarest class %d is predicted", rare)
	}
	plain := digits(t, d, nil)
	plain.Train = postHoc.Train
	if want := mustRun(t, plain); r.Test.Loss != want.Test.Loss || r.FinalHash != want.FinalHash {
		t.Error("post-hoc adjustment changes the loss or the weights")
	}
}

// allBut returns the indices of images of other classes.
func allBut(labels []int32, class int32) (index []int32) {
	for i, l := range labels {
		if l != class {
			index = append(index, int32(i))
		}
	}
	return index
}

// TestTiming has a clock that ticks a second at every look.
func TestTiming(t *testing.T) {
	task := digits(t, goDevice(t), nil)
	now := time.Unix(0, 0)
	task.Clock = func() time.Time { now = now.Add(time.Second); return now }
	r := mustRun(t, task)
	if r.Timing.Compile <= 0 || r.Timing.Train <= 0 || r.Timing.Eval <= 0 {
		t.Errorf("a part of the time is missing: %+v", r.Timing)
	}
	sum := 0.
	for _, e := range r.Curve {
		sum += e.Seconds
	}
	if sum != r.Timing.Train {
		t.Errorf("epochs took %v seconds in all, and training %v", sum, r.Timing.Train)
	}
}

func TestRunErrors(t *testing.T) {
	d := goDevice(t)
	stop := errors.New("enough")
	cancelled, cancel := context.WithCancelCause(context.Background())
	cancel(stop)
	other := digits(t, d, func(e *experiment.Experiment) { e.Optim.Rate = .2 })
	program := mustProgram(t, other)
	tests := []struct {
		why    string
		ctx    context.Context
		change func(*Task)
		want   string
	}{
		{"the caller's reason comes back", cancelled, func(*Task) {}, "enough"},
		{"EpochDone can stop a training", nil, func(k *Task) { k.EpochDone = func(Epoch) error { return stop } }, "enough"},
		{"weights of another net are listed by name", nil, func(k *Task) { k.Initial = model.Weights{"conv1.weight": {1}} }, "conv1.weight has 1 values, want 36"},
		{"a program of another experiment", nil, func(k *Task) { k.Program = program }, "another experiment"},
		{"a label out of range", nil, func(k *Task) { k.Train.Labels[7] = 10 }, "label 10"},
		{"channels and means differ", nil, func(k *Task) { k.Experiment = named(experiment.Default()) }, "1 channels"},
		{"an invalid experiment", nil, func(k *Task) { k.Experiment.Optim.Rate = -1 }, "optim.rate"},
		{"pixels that are cut off are no panic", nil, func(k *Task) {
			k.Train.Pixels = k.Train.Pixels[:10]
		}, "test/digits"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			task, ctx := digits(t, d, nil), test.ctx
			if ctx == nil {
				ctx = context.Background()
			}
			test.change(task)
			r, err := task.Run(ctx)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "seed 42") {
				t.Errorf("got error %v, want one with the seed and %q", err, test.want)
			}
			if r != nil {
				t.Error("a result beside an error")
			}
		})
	}
}

func named(e experiment.Experiment) experiment.Experiment {
	e.Suite, e.Name = "test", "default"
	return e
}
