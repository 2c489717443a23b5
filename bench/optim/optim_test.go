package optim

import (
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// TestRate holds the rate of each of 200 epochs to PyTorch's MultiStepLR, exactly.
func TestRate(t *testing.T) {
	var schedules []struct {
		Rate, Factor float64
		Drops        []int
		Rates        []float64
	}
	parity.JSON(t, "schedules", &schedules)
	for _, s := range schedules {
		o := experiment.Optim{Rate: s.Rate, Drops: s.Drops, Factor: s.Factor}
		if len(s.Rates) != 200 {
			t.Errorf("%d rates, want 200", len(s.Rates))
		}
		for epoch, want := range s.Rates {
			if got := Rate(o, epoch); got != want {
				t.Errorf("%v at %v: rate %v in epoch %d, want %v", s.Factor, s.Drops, got, epoch, want)
			}
		}
	}
}

// TestStep holds five steps to torch.optim.SGD, with a lower rate from the fourth
// on: velocities are not scaled by the rate, so a drop acts at once.
func TestStep(t *testing.T) {
	f := parity.Load(t, "optim")
	tests := []struct {
		name  string
		optim experiment.Optim
	}{
		{"plain", experiment.Optim{}},
		{"decay", experiment.Optim{WeightDecay: .05}},
		{"momentum", experiment.Optim{Momentum: .9}},
		{"momentum-decay", experiment.Optim{Momentum: .9, WeightDecay: .05}},
		{"nesterov-decay", experiment.Optim{Momentum: .9, WeightDecay: .05, Nesterov: true}},
	}
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				o := test.optim
				o.Rate, o.Factor, o.Drops = .5, .1, []int{3}
				params, velocity := f.Floats("start"), make([]float32, 6)
				var got []float32
				for step, gradient := range slices.Collect(slices.Chunk(f.Floats("gradients"), 6)) {
					out := parity.Run(t, d, func(in []*Node) []*Node {
						p, v := Step(o, in[0], in[1], in[2], in[3])
						return []*Node{p, v}
					}, tensors.FromValue(params), tensors.FromValue(velocity), tensors.FromValue(gradient), tensors.FromScalar(float32(Rate(o, step))))
					params, velocity = out[0], out[1]
					got = append(got, params...)
				}
				parity.Check(t, "parameters after each of five steps", got, f.Floats(test.name), 1e-6)
			})
		}
	})
}
