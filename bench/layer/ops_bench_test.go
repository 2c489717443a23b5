package layer

import (
	"testing"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/backend"
)

// BenchmarkOps is what the pure-Go backend takes for the operations that layers are
// made of, on the images of a ResNet's first stage: ns for each of their entries, and
// multiply-adds of products. The forms of this package follow from it.
func BenchmarkOps(b *testing.B) {
	const n, h, w, c = 128, 32, 32, 16
	const pixels = n * h * w
	f32 := func(dims ...int) shapes.Shape { return shapes.Make(dtypes.Float32, dims...) }
	images, matrix, vector := f32(n, h, w, c), f32(pixels, c), f32(1, c)
	tape := &Tape{Matmul: true}
	zero := func(x *Node) *Node { return ScalarZero(x.Graph(), x.DType()) }
	product := func(in []*Node) *Node { return tape.product(in[0], false, in[1], false) }
	bands := func(g int) []shapes.Shape { return []shapes.Shape{f32(pixels/g, (g+2)*c), f32((g+2)*c, g*c)} }
	for _, bench := range []struct {
		name   string
		inputs []shapes.Shape
		build  func(in []*Node) *Node
		macs   int // multiply-adds
	}{
		{"add", []shapes.Shape{matrix, matrix}, func(in []*Node) *Node { return Add(in[0], in[1]) }, 0},
		{"add-row", []shapes.Shape{matrix, vector}, func(in []*Node) *Node { return Add(in[0], in[1]) }, 0},
		{"add-joined-rows", []shapes.Shape{images, f32(c)}, func(in []*Node) *Node { return Add(in[0], tape.everywhere(in[1], in[0])) }, 0},
		{"sum", []shapes.Shape{matrix}, func(in []*Node) *Node { return ReduceSum(in[0], 0) }, 0},
		{"sum-as-product", []shapes.Shape{images}, func(in []*Node) *Node { return tape.channelSum(batch{in[0]}) }, 0},
		{"where", []shapes.Shape{matrix, matrix}, func(in []*Node) *Node { return Where(GreaterThan(in[0], zero(in[0])), in[1], zero(in[0])) }, 0},
		{"slice", []shapes.Shape{images}, func(in []*Node) *Node { return Slice(in[0], AxisRange(), AxisRange(1, h)) }, 0},
		{"pad", []shapes.Shape{images}, func(in []*Node) *Node { return Pad(in[0], zero(in[0]), compute.PadAxis{}, compute.PadAxis{Start: 1}) }, 0},
		{"transpose", []shapes.Shape{matrix}, func(in []*Node) *Node { return TransposeAllAxes(in[0], 1, 0) }, 0},
		{"concatenate", []shapes.Shape{matrix, matrix}, func(in []*Node) *Node { return Concatenate(in, -1) }, 0},
		{"product-16-columns", bands(1), product, pixels * 3 * c * c},
		{"product-64-columns", bands(4), product, pixels * 6 * c * c},
	} {
		b.Run("op="+bench.name, func(b *testing.B) {
			d, err := backend.Open(backend.Go, backend.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Finalize()
			var inputs []any
			for _, shape := range bench.inputs {
				inputs = append(inputs, MustNewExec(d.Backend, func(g *Graph) *Node { return MulScalar(Iota(g, shape, 0), 1e-3) }).MustCall1())
			}
			exec := MustNewExec(d.Backend, bench.build)
			exec.MustCall1(inputs...).MustFinalizeAll()
			for b.Loop() {
				exec.MustCall1(inputs...).MustFinalizeAll()
			}
			perOp := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
			b.ReportMetric(perOp/float64(pixels*c), "ns/entry")
			if bench.macs > 0 {
				b.ReportMetric(float64(bench.macs)/perOp, "GMAC/s")
			}
		})
	}
}
