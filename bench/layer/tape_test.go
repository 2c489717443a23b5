package layer

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

func matrix(values ...float32) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, 1, len(values))
}

// TestGradientsAdd has an input that reaches the output by two ways, one that
// does not, and one that nobody asked a gradient of.
func TestGradientsAdd(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		got := parity.Run(t, d, func(in []*Node) []*Node {
			tape := &Tape{}
			twice, unused, constant := tape.Parameter(in[0]), tape.Parameter(in[1]), tape.Input(in[2])
			y := tape.Add(tape.Add(twice, tape.ReLU(twice)), constant)
			tape.Backward(y, OnesLike(y.Node))
			return []*Node{twice.Gradient(), unused.Gradient(), constant.Gradient()}
		}, matrix(1, -1), matrix(1, 1), matrix(1, 1))
		want := [][]float32{{2, 1}, {0, 0}, {0, 0}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("gradients (-want +got):\n%s", diff)
		}
	})
}

// TestAutoShared has a parameter that two layers share, one behind the other: each
// adds what it has to do with, and no more.
func TestAutoShared(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		got := parity.Run(t, d, func(in []*Node) []*Node {
			tape := &Tape{}
			multiply := func(in []*Node) *Node { return Mul(in[0], in[1]) }
			x, w := tape.Input(in[0]), tape.Parameter(in[1])
			y := tape.Auto(multiply, tape.Auto(multiply, x, w), w)
			tape.Backward(y, OnesLike(y.Node))
			return []*Node{w.Gradient()}
		}, matrix(1, 2), matrix(3, 5))
		want := [][]float32{{6, 20}} // of x w^2
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("gradient (-want +got):\n%s", diff)
		}
	})
}

// TestFrozenCostsNothing: where no input wants a gradient, none is computed.
func TestFrozenCostsNothing(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		parity.Run(t, d, func(in []*Node) []*Node {
			tape := &Tape{}
			y := tape.ReLU(tape.Input(in[0]))
			if len(tape.backward) != 0 {
				t.Errorf("%d layers are recorded for inputs that do not learn", len(tape.backward))
			}
			return []*Node{y.Node}
		}, matrix(1))
	})
}

// TestNaNPasses: a ReLU that turned NaN into 0 would hide that a training has
// diverged.
func TestNaNPasses(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		got := parity.Run(t, d, func(in []*Node) []*Node {
			tape := &Tape{}
			return []*Node{tape.ReLU(tape.Input(in[0])).Node}
		}, matrix(nan, inf, -inf, 1))[0]
		if !math.IsNaN(float64(got[0])) || got[1] != inf || got[2] != 0 || got[3] != 1 {
			t.Errorf("ReLU of NaN, +Inf, -Inf and 1 is %v, want NaN, +Inf, 0 and 1", got)
		}
	})
}

// TestBF16 rounds factors to 8 bits of mantissa: the outputs are near those of
// F32, and not equal to them.
func TestBF16(t *testing.T) {
	f := parity.Load(t, "layers")
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		got := parity.Run(t, d, func(in []*Node) []*Node {
			tape := &Tape{Matmul: d.Matmul, Precision: experiment.BF16}
			return []*Node{tape.Conv(tape.Input(in[0]), tape.Input(in[1]), 1).Node}
		}, f.Tensor("conv-k3s1/x"), f.Tensor("conv-k3s1/kernel"))[0]
		deviation := parity.Deviation(got, f.Floats("conv-k3s1/y"))
		if deviation > 1./128 || deviation < 1e-5 {
			t.Errorf("in bfloat16 a convolution deviates by %.1e, want 1e-5 to 1/128", deviation)
		}
	})
}

func TestRefuses(t *testing.T) {
	image := func(dims ...int) *tensors.Tensor {
		n := 1
		for _, d := range dims {
			n *= d
		}
		return tensors.FromFlatDataAndDimensions(make([]float32, n), dims...)
	}
	vector := image(2)
	tests := []struct {
		why    string
		build  func(t *Tape, x, other *Value)
		x, arg *tensors.Tensor
		want   string
	}{
		{"an even kernel has no centre", func(t *Tape, x, k *Value) { t.Conv(x, k, 1) }, image(1, 4, 4, 2), image(2, 2, 2, 3), "convolution of"},
		{"channels differ", func(t *Tape, x, k *Value) { t.Conv(x, k, 1) }, image(1, 4, 4, 2), image(3, 3, 3, 3), "convolution of"},
		{"a kernel is not square", func(t *Tape, x, k *Value) { t.Conv(x, k, 1) }, image(1, 4, 4, 2), image(3, 1, 2, 3), "convolution of"},
		{"fewer channels after a shortcut", func(t *Tape, x, _ *Value) { t.Subsample(x, 2, 1) }, image(1, 4, 4, 2), vector, "from 2 to 1 channels"},
		{"PyTorch refuses one value a channel as well", func(t *Tape, x, v *Value) { t.Norm(x, v, v, v.Node, v.Node) },
			image(1, 1, 1, 2), vector, "variance of a single pixel"},
	}
	d := parity.Backends(t)[0]
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			exec, err := NewExec(d.Backend, func(x, arg *Node) *Node {
				tape := &Tape{}
				test.build(tape, tape.Parameter(x), tape.Parameter(arg))
				return x
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := exec.Call(test.x, test.arg); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}
