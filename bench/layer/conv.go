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
	case !t.Matmul:
		out = t.Auto(func(in []*Node) *Node { return t.convNative(in[0], in[1], stride) }, x, kernel)
	case k[0] == 1:
		out = t.convMatmul(t.convPoint, x, kernel, stride)
	case stride > 1:
		out = t.convMatmul(t.convStrided, x, kernel, stride)
	case !t.Vectors && t.Precision != experiment.BF16 && k[0] == 3 && in[1]%2 == 0 && in[2]%2 == 0:
		out = t.convMatmul(t.convWinograd, x, kernel, stride)
	default:
		out = t.convMatmul(t.convRows, x, kernel, stride)
	}
	out.AssertDims(in[0], ceilDiv(in[1], stride), ceilDiv(in[2], stride), k[3])
	return out
}

// A form computes a convolution by matrix products. It returns also how to compute
// the gradients of x and of the kernel from that of the output.
type form func(x, kernel *Node, stride int) (y *Node, dx, dkernel func(dy *Node) *Node)

// convMatmul is the convolution in a form, of each part of the batch.
func (t *Tape) convMatmul(f form, x, kernel *Value, stride int) *Value {
	parts := t.cut(x)
	out := make(batch, len(parts))
	dx, dkernel := make([]func(dy *Node) *Node, len(parts)), make([]func(dy *Node) *Node, len(parts))
	for i, part := range parts {
		out[i], dx[i], dkernel[i] = f(part, kernel.Node, stride)
	}
	return t.recordParts(out, func(dy batch) {
		kernel.accumulate(func() *Node { return dy.sum(func(i int) *Node { return dkernel[i](dy[i]) }) })
		x.accumulateParts(func() batch { return dy.each(func(i int) *Node { return dx[i](dy[i]) }) })
	}, x, kernel)
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
func (t *Tape) convPoint(x, kernel *Node, stride int) (y *Node, dx, dkernel func(dy *Node) *Node) {
	in, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	picked := every(x, stride)
	p := picked.Shape().Dimensions
	rows := Reshape(picked, -1, in[3])
	weights := Reshape(kernel, in[3], k[3])
	y = Reshape(t.product(rows, false, weights, false), in[0], p[1], p[2], k[3])
	dx = func(dy *Node) *Node {
		return spread(Reshape(t.product(Reshape(dy, -1, k[3]), false, weights, true), p...), in, stride)
	}
	dkernel = func(dy *Node) *Node {
		return Reshape(t.product(rows, true, Reshape(dy, -1, k[3]), false), k...)
	}
	return y, dx, dkernel
}
