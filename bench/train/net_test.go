package train

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/layer"
	"trainbench/bench/model"
	"trainbench/bench/parity"
)

// mlp is a net as a caller states it: without batch normalisation, and with an
// activation whose gradient GoMLX derives.
func mlp(m experiment.Model, s model.Shape) (*model.Net, error) {
	hidden := int(m.Args["hidden"])
	return &model.Net{
		Params: slices.Concat(
			model.Dense("hidden", model.Body, s.Inputs(), hidden),
			model.Dense("fc", model.Head, hidden, s.Classes)),
		Features: func(p *model.Pass, x *layer.Value) *layer.Value {
			return p.Tape.Auto(func(in []*Node) *Node { return Tanh(in[0]) }, p.Dense("hidden", p.Tape.Flatten(x)))
		},
		Head: func(p *model.Pass, x *layer.Value) *layer.Value { return p.Dense("fc", x) },
	}, nil
}

// TestOwnNet trains a caller's net, whole and with a frozen body, in the batches of
// images and as a linear probe.
func TestOwnNet(t *testing.T) {
	tests := []struct {
		why       string
		trainable experiment.Trainable
		crop      int
		learns    int
	}{
		{"all learns", experiment.All, 1, 64*32 + 32 + 32*10 + 10},
		{"the head on augmented images", experiment.Head, 1, 32*10 + 10},
		{"the head on features that are computed once", experiment.Head, 0, 32*10 + 10},
		{"a net without batch normalisation has none to train", experiment.HeadNorm, 1, 32*10 + 10},
	}
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for _, test := range tests {
			t.Run(test.why, func(t *testing.T) {
				task := digits(t, d, func(e *experiment.Experiment) {
					e.Model.Net, e.Model.Args = "mlp", map[string]float64{"hidden": 32}
					e.Model.Trainable, e.Data.CropPadding = test.trainable, test.crop
					e.Train.Epochs = 8
				})
				net, err := model.Nets{"mlp": mlp}.Build(task.Experiment.Model, task.Shape())
				if err != nil {
					t.Fatal(err)
				}
				if task.Program, err = NewProgram(task.Experiment, d, net, dataset.Counts(task.Train.Labels, 10)); err != nil {
					t.Fatal(err)
				}
				defer task.Program.Close()
				r := mustRun(t, task)
				if r.Learns != test.learns || r.Params != 64*32+32+32*10+10 {
					t.Errorf("%d of %d parameters learn, want %d of 2410", r.Learns, r.Params, test.learns)
				}
				// Ten classes: a net that learns nothing has .1.
				if r.Test.Top1 < .5 {
					t.Errorf("top-1 %.2f after eight epochs of 160 digits", r.Test.Top1)
				}
			})
		}
	})
}

func TestOwnNetNeedsAProgram(t *testing.T) {
	task := digits(t, goDevice(t), func(e *experiment.Experiment) { e.Model.Net = "mlp" })
	if _, err := task.Run(t.Context()); err == nil {
		t.Error("a task without the net: no error")
	}
}
