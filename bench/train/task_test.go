package train

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/model"
	"trainbench/bench/parity"
)

// digits returns a small training of the embedded digits: a ResNet-6 of width 4,
// 160 images to train on in batches of 32, 40 to validate, 200 to test.
func digits(t *testing.T, d *backend.Device, change func(*experiment.Experiment)) *Task {
	t.Helper()
	set, err := dataset.Open("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	part := func(from dataset.Split, start, n int) dataset.Split {
		var index []int32
		for i := range n {
			index = append(index, int32(start+i))
		}
		return from.Subset(index)
	}
	e := experiment.Default()
	e.Suite, e.Name = "test", "digits"
	e.Data.Dataset, e.Data.Mean, e.Data.Std = "digits", []float64{.305}, []float64{.376}
	e.Data.CropPadding, e.Data.Flip = 1, false
	e.Model.Depth, e.Model.Stages, e.Model.Width = 6, 2, 4
	e.Sampling.Batch = 32
	e.Optim.Drops = nil
	e.Train.Epochs = 2
	if change != nil {
		change(&e)
	}
	return &Task{
		Experiment: e, Seed: 42, Device: d, Classes: 10,
		Train: part(set.Train, 0, 160), Validation: part(set.Train, 160, 40), Test: part(set.Test, 0, 200),
	}
}

func mustRun(t *testing.T, task *Task) *Result {
	t.Helper()
	r, err := task.Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// goDevice is the backend of tests that no arithmetic matters to.
func goDevice(t *testing.T) *backend.Device { return parity.Backends(t)[0] }

// TestLearns: thirty epochs of 160 images are enough to read most digits, on every
// backend. A tenth would be chance.
func TestLearns(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		r := mustRun(t, digits(t, d, func(e *experiment.Experiment) {
			e.Train.Epochs, e.Train.EvalEvery = 30, 30
			e.Optim.Drops = []int{20}
		}))
		if r.Test.Top1 < .6 || r.Test.F1 < .6 {
			t.Errorf("top-1 %.3f and macro-F1 %.3f on digits, want .6 at least", r.Test.Top1, r.Test.F1)
		}
		t.Logf("top-1 %.3f, macro-F1 %.3f", r.Test.Top1, r.Test.F1)
	})
}

// mustProgram returns graphs of a task, for others to share.
func mustProgram(t *testing.T, task *Task) *Program {
	t.Helper()
	net, err := model.New(task.Experiment.Model, task.Shape())
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProgram(task.Experiment, task.Device, net, dataset.Counts(task.Train.Labels, task.Classes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// TestSeeds: a seed gives the same bits again, with graphs of its own or shared,
// and another seed gives others. All that is random is drawn on the host, so that
// backends begin with the same weights.
func TestSeeds(t *testing.T) {
	var initial []string
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		recipe := func(e *experiment.Experiment) { e.Sampling.MixupAlpha = 1 }
		first := mustRun(t, digits(t, d, recipe))
		initial = append(initial, first.InitialHash)
		task := digits(t, d, recipe)
		program := mustProgram(t, task)
		task.Program = program
		for _, seed := range []uint64{43, 42} {
			task.Seed = seed
			r := mustRun(t, task)
			same := []bool{r.InitialHash == first.InitialHash, r.FinalHash == first.FinalHash,
				slices.Equal(r.Predictions, first.Predictions), r.Curve[0].Train.Loss == first.Curve[0].Train.Loss}
			if diff := cmp.Diff(slices.Repeat([]bool{seed == 42}, 4), same); diff != "" {
				t.Errorf("seed %d after 42: equal initial weights, final weights, predictions, losses (-want +got):\n%s", seed, diff)
			}
		}
	})
	if len(slices.Compact(initial)) != 1 {
		t.Errorf("backends begin with different weights: %v", initial)
	}
}

// TestDiverged: a loss that is not finite is a result, with its place.
func TestDiverged(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		r := mustRun(t, digits(t, d, func(e *experiment.Experiment) { e.Optim.Rate, e.Train.Epochs = 1e6, 20 }))
		if r.Diverged == nil {
			t.Fatalf("a rate of 1e6 trained: %+v", r.Test)
		}
		if l := r.Diverged.Loss; !math.IsNaN(l) && !math.IsInf(l, 0) {
			t.Errorf("diverged with a loss of %v", l)
		}
		if r.Diverged.Step < 1 || r.Diverged.Step > 5 || r.Diverged.Epoch != len(r.Curve)+1 {
			t.Errorf("diverged at step %d of epoch %d, after a curve of %d epochs of 5 steps", r.Diverged.Step, r.Diverged.Epoch, len(r.Curve))
		}
		if r.Predictions != nil && len(r.Curve) == 0 || r.FinalHash != "" {
			t.Error("a training that diverged has predictions or final weights")
		}
	})
}

// TestTrainable: frozen arrays are equal bit by bit before and after training, and
// everything else has moved. A frozen batch normalisation does not update its
// running statistics.
func TestTrainable(t *testing.T) {
	tests := []struct {
		why    string
		change func(*experiment.Experiment)
		moves  map[model.Kind]bool
	}{
		{"all learn", func(e *experiment.Experiment) {},
			map[model.Kind]bool{model.Body: true, model.Norm: true, model.Head: true, model.Stat: true}},
		{"FC only", func(e *experiment.Experiment) { e.Model.Trainable = experiment.Head },
			map[model.Kind]bool{model.Head: true}},
		{"BN and FC", func(e *experiment.Experiment) { e.Model.Trainable = experiment.HeadNorm },
			map[model.Kind]bool{model.Norm: true, model.Head: true, model.Stat: true}},
		{"running statistics while training, by mistake", func(e *experiment.Experiment) { e.Train.NormEval = true },
			map[model.Kind]bool{model.Body: true, model.Norm: true, model.Head: true}},
	}
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		source := mustRun(t, digits(t, d, nil)).Weights
		for _, test := range tests {
			t.Run(test.why, func(t *testing.T) {
				task := digits(t, d, test.change)
				task.Initial = source
				r := mustRun(t, task)
				net, err := model.New(task.Experiment.Model, task.Shape())
				if err != nil {
					t.Fatal(err)
				}
				learning, _ := net.Split()
				if r.Learns != model.Count(learning) || r.Params != model.Count(net.Params) {
					t.Errorf("%d of %d parameters learn, want %d of %d", r.Learns, r.Params, model.Count(learning), model.Count(net.Params))
				}
				for _, p := range slices.Concat(net.Params, net.Stats) {
					if moved := !slices.Equal(r.Weights[p.Name], source[p.Name]); moved != test.moves[p.Kind] {
						t.Errorf("%s moved: %v, want %v", p.Name, moved, test.moves[p.Kind])
					}
				}
			})
		}
	})
}

// TestZeroEpochs evaluates the weights given.
func TestZeroEpochs(t *testing.T) {
	d := goDevice(t)
	trained := mustRun(t, digits(t, d, nil))
	task := digits(t, d, func(e *experiment.Experiment) { e.Train.Epochs = 0 })
	task.Initial = trained.Weights
	r := mustRun(t, task)
	if r.InitialHash != trained.FinalHash || r.FinalHash != trained.FinalHash {
		t.Error("the weights are not those given")
	}
	if len(r.Curve) != 0 || r.Test != trained.Test || !slices.Equal(r.Predictions, trained.Predictions) {
		t.Errorf("%d epochs, scores %+v, want none and %+v", len(r.Curve), r.Test, trained.Test)
	}
}

func TestHash(t *testing.T) {
	m := experiment.Default().Model
	m.Depth, m.Width = 8, 2
	net, err := model.New(m, model.Shape{Height: 32, Width: 32, Channels: 3, Classes: 10})
	if err != nil {
		t.Fatal(err)
	}
	w := model.Weights{}
	for _, p := range slices.Concat(net.Params, net.Stats) {
		w[p.Name] = make([]float32, p.Len())
	}
	zero := Hash(net, w)
	w["layer3.0.bn2.running_var"][0] = float32(math.Copysign(0, -1))
	if Hash(net, w) == zero {
		t.Error("a changed bit of a running statistic keeps the hash")
	}
}
