package train

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

func TestProbes(t *testing.T) {
	tests := []struct {
		why    string
		change func(*experiment.Experiment)
		want   bool
	}{
		{"the same images in every epoch", func(e *experiment.Experiment) {}, true},
		{"drawing images again is no matter", func(e *experiment.Experiment) { e.Sampling.Order = experiment.Balanced }, true},
		{"crops", func(e *experiment.Experiment) { e.Data.CropPadding = 1 }, false},
		{"flips", func(e *experiment.Experiment) { e.Data.Flip = true }, false},
		{"mixed images", func(e *experiment.Experiment) { e.Sampling.MixupAlpha = 1 }, false},
		{"features that learn", func(e *experiment.Experiment) { e.Model.Trainable = experiment.HeadNorm }, false},
		{"one epoch: nothing is computed twice", func(e *experiment.Experiment) { e.Train.Epochs = 1 }, false},
	}
	for _, test := range tests {
		e := experiment.Default()
		e.Data.CropPadding, e.Data.Flip, e.Model.Trainable = 0, false, experiment.Head
		test.change(&e)
		if got := Probes(e); got != test.want {
			t.Errorf("%s: Probes = %v, want %v", test.why, got, test.want)
		}
	}
}

// probe is a linear probe of a net that was trained before.
func probe(t *testing.T, d *backend.Device) *Task {
	t.Helper()
	source := mustRun(t, digits(t, d, nil))
	task := digits(t, d, func(e *experiment.Experiment) {
		e.Data.CropPadding, e.Model.Trainable = 0, experiment.Head
		e.Train.Epochs, e.Optim.Drops = 4, []int{3}
	})
	task.Initial = source.Weights
	return task
}

// TestProbeEqualsTraining: features that are computed once give what computing
// them in every step gives. Rounding may differ, because compilers fuse the two
// graphs differently.
func TestProbeEqualsTraining(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		task := probe(t, d)
		fast := mustRun(t, task)
		program := mustProgram(t, task)
		program.probe = false
		task.Program = program
		slow := mustRun(t, task)

		worst := parity.NewWorst("weights of a linear probe", parity.Values)
		net := program.Net()
		for _, p := range slices.Concat(net.Params, net.Stats) {
			worst.Add(t, p.Name, fast.Weights[p.Name], slow.Weights[p.Name])
		}
		worst.Log(t)
		if !slices.Equal(fast.Predictions, slow.Predictions) {
			t.Error("the predictions differ")
		}
		if len(fast.Curve) != 4 || len(slow.Curve) != 4 {
			t.Fatalf("curves of %d and %d epochs, want 4", len(fast.Curve), len(slow.Curve))
		}
		var got, want []float32
		for i := range fast.Curve {
			for _, c := range []struct {
				to    *[]float32
				epoch Epoch
			}{{&got, fast.Curve[i]}, {&want, slow.Curve[i]}} {
				*c.to = append(*c.to, float32(c.epoch.Train.Loss), float32(c.epoch.Validation.Loss), float32(c.epoch.Test.Loss))
			}
		}
		parity.Check(t, "losses of a linear probe", got, want, parity.Values)
	})
}

func TestProbeResumes(t *testing.T) {
	task := probe(t, goDevice(t))
	var states []*State
	task.Save = func(s *State) error { states = append(states, s); return nil }
	want := mustRun(t, task)
	for _, s := range states {
		task.Save, task.Resume = nil, s
		got, err := task.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, untimed); diff != "" {
			t.Errorf("resumed after %d epochs and %d steps (-uninterrupted +resumed):\n%s", s.Epochs, s.Step, diff)
		}
	}
}
