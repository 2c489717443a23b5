package layer

import (
	"math/rand/v2"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// TestForms holds convolutions as matrix products to the backend's own one: output
// and gradients within 1e-5 of the largest value, and the same bits each time.
func TestForms(t *testing.T) {
	const tolerance = 1e-5
	tests := []struct {
		why                         string
		n, h, w, in, out, k, stride int
	}{
		{"the net's usual one", 16, 8, 8, 16, 16, 3, 1},
		{"a stem: few channels", 8, 8, 8, 3, 16, 3, 1},
		{"from stage to stage", 8, 8, 8, 16, 32, 3, 2},
		{"from stage to stage at an odd size", 4, 7, 9, 3, 5, 3, 2},
		{"a batch that is cut short: its images do not divide into groups of eight", 7, 6, 6, 4, 6, 3, 1},
		{"images of one row: every shift is out of them", 2, 1, 5, 3, 4, 3, 1},
		{"a kernel wider than the image", 2, 2, 2, 3, 4, 5, 1},
		{"a projection", 4, 8, 8, 8, 16, 1, 2},
		{"from stage to stage at an odd size", 4, 7, 9, 3, 5, 3, 2},
		{"a batch that is cut into parts", 8, 64, 64, 2, 3, 3, 1},
	}
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for _, test := range tests {
			rng := rand.New(rand.NewPCG(1, 2))
			random := func(dims ...int) *tensors.Tensor {
				n := 1
				for _, d := range dims {
					n *= d
				}
				values := make([]float32, n)
				for i := range values {
					values[i] = float32(rng.NormFloat64())
				}
				return tensors.FromFlatDataAndDimensions(values, dims...)
			}
			x, kernel := random(test.n, test.h, test.w, test.in), random(test.k, test.k, test.in, test.out)
			dy := random(test.n, ceilDiv(test.h, test.stride), ceilDiv(test.w, test.stride), test.out)
			run := func(tape Tape) [][]float32 {
				return parity.Run(t, d, func(in []*Node) []*Node {
					tape.Precision = experiment.F32
					x, kernel := tape.Parameter(in[0]), tape.Parameter(in[1])
					y := tape.Conv(x, kernel, test.stride)
					tape.Backward(y, in[2])
					return []*Node{y.Node, x.Gradient(), kernel.Gradient()}
				}, x, kernel, dy)
			}
			want := run(Tape{})
			for name, tape := range map[string]Tape{"few products": {Matmul: true}, "wide products": {Matmul: true, Vectors: true}} {
				got := run(tape)
				for i, what := range []string{"output", "gradient of the input", "gradient of the kernel"} {
					if deviation := parity.Deviation(got[i], want[i]); !(deviation <= tolerance) {
						t.Errorf("%s, %s: the %s deviates by %.1e", test.why, name, what, deviation)
					}
				}
				if diff := cmp.Diff(got, run(tape)); diff != "" {
					t.Errorf("%s, %s: the second time (-first +second):\n%s", test.why, name, diff)
				}
			}
		}
	})
}

// TestParts holds layers that compute a large batch in parts to the same on the
// whole: the output, running statistics and every gradient. Some layers here know
// nothing of parts.
func TestParts(t *testing.T) {
	const n, size, channels = 4 * parts, 64, 3
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		rng := rand.New(rand.NewPCG(3, 4))
		random := func(dims ...int) *tensors.Tensor {
			values := make([]float32, shapes.Make(dtypes.Float32, dims...).Size())
			for i := range values {
				values[i] = float32(rng.NormFloat64())
			}
			return tensors.FromFlatDataAndDimensions(values, dims...)
		}
		inputs := []*tensors.Tensor{
			random(n, size, size, channels), random(3, 3, channels, 4), random(3, 3, 4, 4),
			random(4), random(4), random(4), random(4), random(n, 6),
		}
		run := func(tape Tape) (got [][]float32, cut int) {
			got = parity.Run(t, d, func(in []*Node) []*Node {
				var values []*Value
				for _, node := range in[:5] {
					values = append(values, tape.Parameter(node))
				}
				x, stem, kernel, gamma, beta := values[0], values[1], values[2], values[3], values[4]
				y := tape.Conv(x, stem, 1)
				cut = len(y.parts)
				y, mean, variance := tape.Norm(y, gamma, beta, in[5], in[6])
				y = tape.ReLU(y)
				whole := tape.Auto(func(in []*Node) *Node { return Tanh(in[0]) }, y)
				y = tape.Add(tape.Conv(y, kernel, 1), whole)
				y = tape.FixedNorm(y, gamma, beta, in[5], Square(in[6]))
				y = tape.Add(tape.Conv(y, kernel, 2), tape.Subsample(y, 2, 4))
				y = tape.Pool(tape.Subsample(y, 1, 6))
				tape.Backward(y, in[7])
				out := []*Node{y.Node, mean, variance}
				for _, v := range values {
					out = append(out, v.Gradient())
				}
				return out
			}, inputs...)
			return got, cut
		}
		want, whole := run(Tape{Matmul: true, uncut: true})
		got, cut := run(Tape{Matmul: true})
		if whole != 1 || cut != parts {
			t.Fatalf("computed in %d and %d parts, want 1 and %d", whole, cut, parts)
		}
		for i := range want {
			if deviation := parity.Deviation(got[i], want[i]); !(deviation <= 1e-5) {
				t.Errorf("output %d of %d deviates by %.1e", i, len(want), deviation)
			}
		}
	})
}

// TestShift says what is filled up with zeros.
func TestShift(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for by, want := range map[int][]float32{
			0: {1, 2, 3, 4, 5, 6}, 1: {0, 0, 1, 2, 3, 4}, -2: {5, 6, 0, 0, 0, 0}, 3: {0, 0, 0, 0, 0, 0}, -4: {0, 0, 0, 0, 0, 0},
		} {
			x := tensors.FromFlatDataAndDimensions([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
			got := parity.Run(t, d, func(in []*Node) []*Node { return []*Node{shift(in[0], 0, by)} }, x)[0]
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("by %d (-want +got):\n%s", by, diff)
			}
		}
	})
}
