package layer

import (
	"math/rand/v2"
	"testing"

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
		{"a batch that is cut short: its images do not divide into groups of eight", 7, 6, 6, 4, 6, 3, 1},
		{"images of one row: every shift is out of them", 2, 1, 5, 3, 4, 3, 1},
		{"a kernel wider than the image", 2, 2, 2, 3, 4, 5, 1},
		{"a projection", 4, 8, 8, 8, 16, 1, 2},
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
			run := func(matmul bool) [][]float32 {
				return parity.Run(t, d, func(in []*Node) []*Node {
					tape := &Tape{Matmul: matmul, Precision: experiment.F32}
					x, kernel := tape.Parameter(in[0]), tape.Parameter(in[1])
					y := tape.Conv(x, kernel, test.stride)
					tape.Backward(y, in[2])
					return []*Node{y.Node, x.Gradient(), kernel.Gradient()}
				}, x, kernel, dy)
			}
			want, got := run(false), run(true)
			for i, what := range []string{"output", "gradient of the input", "gradient of the kernel"} {
				if deviation := parity.Deviation(got[i], want[i]); !(deviation <= tolerance) {
					t.Errorf("%s: the %s deviates by %.1e", test.why, what, deviation)
				}
			}
			if diff := cmp.Diff(got, run(true)); diff != "" {
				t.Errorf("%s: the second time (-first +second):\n%s", test.why, diff)
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
