package layer

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/experiment"
)

// Conv is a square convolution without bias, padded by half a kernel as in He et
// al. 2016: x [n, h, w, in], kernel [k, k, in, out] with odd k, output
// [n, ceil(h/stride), ceil(w/stride), out].
func (t *Tape) Conv(x, kernel *Value, stride int) *Value {
	in := x.Shape().Dimensions
	k := kernel.Shape().Dimensions
	if len(in) != 4 || len(k) != 4 || k[0] != k[1] || k[0]%2 == 0 || k[2] != in[3] {
		panicf("convolution of %s with kernel %s", x.Shape(), kernel.Shape())
	}
	var out *Value
	switch {
	case t.Matmul && k[0] == 1:
		out = t.convPoint(x, kernel, stride)
	case t.Matmul:
		out = t.convRows(x, kernel, stride)
	default:
		out = t.Auto(func(in []*Node) *Node { return t.convNative(in[0], in[1], stride) }, x, kernel)
	}
	out.AssertDims(in[0], ceilDiv(in[1], stride), ceilDiv(in[2], stride), k[3])
	return out
}

// convNative is the backend's own convolution.
func (t *Tape) convNative(x, kernel *Node, stride int) *Node {
	pad := kernel.Shape().Dimensions[0] / 2
	axes := compute.ConvolveAxesConfig{
		InputBatch: 0, InputSpatial: []int{1, 2}, InputChannels: 3,
		KernelSpatial: []int{0, 1}, KernelInputChannels: 2, KernelOutputChannels: 3,
		OutputBatch: 0, OutputSpatial: []int{1, 2}, OutputChannels: 3,
	}
	y := ConvGeneral(t.narrow(x), t.narrow(kernel), axes, []int{stride, stride}, [][2]int{{pad, pad}, {pad, pad}}, nil, nil, 1, 1)
	return ConvertDType(y, dtypes.Float32)
}

// narrow rounds factors of a product to the precision asked for.
func (t *Tape) narrow(x *Node) *Node {
	if t.Precision == experiment.BF16 {
		return ConvertDType(x, dtypes.BFloat16)
	}
	return x
}

// product is the matrix product of a [m, k] and b [k, n], each transposed first if
// asked for.
func (t *Tape) product(a *Node, transposeA bool, b *Node, transposeB bool) *Node {
	if transposeA && t.Matmul && !transposeB {
		// Backends in want of matrix products want the first factor as it is. The
		// second one, dy, is the smaller one to turn.
		return TransposeAllAxes(t.product(TransposeAllAxes(b, 1, 0), false, a, false), 1, 0)
	}
	axisA, axisB := 1, 0
	if transposeA {
		axisA = 0
	}
	if transposeB {
		axisB = 1
	}
	y := EinsumAxes(t.narrow(a), t.narrow(b), [][2]int{{axisA, axisB}}, nil)
	return ConvertDType(y, dtypes.Float32)
}

// convPoint is a 1x1 convolution as one matrix product.
func (t *Tape) convPoint(x, kernel *Value, stride int) *Value {
	in, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	picked := every(x.Node, stride)
	p := picked.Shape().Dimensions
	rows := Reshape(picked, -1, in[3])
	weights := Reshape(kernel.Node, in[3], k[3])
	out := Reshape(t.product(rows, false, weights, false), in[0], p[1], p[2], k[3])
	return t.record(out, func(dy *Node) {
		dy = Reshape(dy, -1, k[3])
		kernel.accumulate(func() *Node { return Reshape(t.product(rows, true, dy, false), k...) })
		x.accumulate(func() *Node {
			return spread(Reshape(t.product(dy, false, weights, true), p...), in, stride)
		})
	}, x, kernel)
}

// every returns every stride-th pixel.
func every(x *Node, stride int) *Node {
	if stride == 1 {
		return x
	}
	return Slice(x, AxisRange(), AxisRange().Stride(stride), AxisRange().Stride(stride), AxisRange())
}

// spread is the reverse of every: an image of the given dimensions with the
// pixels of x at every stride-th place, and zeros between.
func spread(x *Node, dims []int, stride int) *Node {
	if stride == 1 {
		return x
	}
	d := x.Shape().Dimensions
	axis := func(i int) compute.PadAxis {
		return compute.PadAxis{Interior: stride - 1, End: dims[i] - ((d[i]-1)*stride + 1)}
	}
	return Pad(x, ScalarZero(x.Graph(), x.DType()), compute.PadAxis{}, axis(1), axis(2), compute.PadAxis{})
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
