package layer

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// convRows is a convolution as one matrix product for each row of the kernel:
// pixels are widened to hold their k neighbours in a row, so that k products of
// depth k*in replace k*k of depth in.
func (t *Tape) convRows(x, kernel *Value, stride int) *Value {
	in, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	size, channels, outputs := k[0], k[2], k[3]
	if stride > 1 {
		return t.convStrided(x, kernel, stride)
	}
	wide := widen(x.Node, size)
	rows := Reshape(wide, -1, size*channels)
	var out *Node
	for i := range size {
		// What row i of the kernel adds to an output is that of the row i-pad below.
		y := t.product(rows, false, kernelRow(kernel.Node, i), false)
		y = shift(Reshape(y, in[0], in[1], in[2], outputs), 1, size/2-i)
		if out == nil {
			out = y
		} else {
			out = Add(out, y)
		}
	}
	return t.record(out, func(dy *Node) {
		kernel.accumulate(func() *Node { return t.kernelGradient(wide, dy, size) })
		x.accumulate(func() *Node {
			// The gradient of the input is the convolution of dy with the kernel
			// turned around.
			tape := &Tape{Matmul: true, Precision: t.Precision}
			turned := TransposeAllAxes(Reverse(kernel.Node, 0, 1), 0, 1, 3, 2)
			return tape.convRows(tape.Input(dy), tape.Input(turned), 1).Node
		})
	}, x, kernel)
}

// kernelGradient is the gradient of the kernel of convRows: products of all pixels
// of wide [n, h, w, size*in] and of dy [n, h, w, out], shifted to the rows of the
// kernel. The first factor of a product is wanted with the pixels last, so dy is
// turned, which is the smaller one. Groups of images are summed up apart: several
// cores can then work, and sums are short.
func (t *Tape) kernelGradient(wide, dy *Node, size int) *Node {
	d, depth := dy.Shape().Dimensions, wide.Shape().Dimensions[3]
	groups := gcd(d[0], 8)
	pixels := d[0] / groups * d[1] * d[2]
	dy = Reshape(dy, groups, d[0]/groups, d[1], d[2], d[3])
	turned := TransposeAllAxes(dy, 0, 4, 1, 2, 3)
	shifted := make([]*Node, size)
	for i := range size {
		shifted[i] = shift(turned, 3, i-size/2)
	}
	first := Reshape(Concatenate(shifted, 1), groups, size*d[3], pixels)
	sums := EinsumAxes(t.narrow(first), t.narrow(Reshape(wide, groups, pixels, depth)), [][2]int{{2, 1}}, [][2]int{{0, 0}})
	sum := ReduceSum(ConvertDType(sums, dtypes.Float32), 0)
	return Reshape(TransposeAllAxes(Reshape(sum, size, d[3], depth), 0, 2, 1), size, size, depth/size, d[3])
}

func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

// shift moves x along an axis by a number of places, and fills up with zeros:
// output i is input i-by.
func shift(x *Node, axis, by int) *Node {
	if by == 0 {
		return x
	}
	n := x.Shape().Dimensions[axis]
	if by >= n || -by >= n {
		return ZerosLike(x)
	}
	ranges := make([]SliceAxisSpec, axis+1)
	pads := make([]compute.PadAxis, x.Rank())
	for i := range ranges {
		ranges[i] = AxisRange()
	}
	if by > 0 {
		ranges[axis], pads[axis].Start = AxisRange(0, n-by), by
	} else {
		ranges[axis], pads[axis].End = AxisRange(-by, n), -by
	}
	return Pad(Slice(x, ranges...), ScalarZero(x.Graph(), x.DType()), pads...)
}

// widen joins to each pixel its neighbours of a row of the kernel: [n, h, w,
// size*channels].
func widen(x *Node, size int) *Node {
	shifted := make([]*Node, size)
	for j := range size {
		shifted[j] = shift(x, 2, size/2-j)
	}
	return Concatenate(shifted, -1)
}

// convStrided is convRows at every stride-th pixel.
func (t *Tape) convStrided(x, kernel *Value, stride int) *Value {
	in, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	size, channels, outputs := k[0], k[2], k[3]
	h, w := ceilDiv(in[1], stride), ceilDiv(in[2], stride)
	wide := widenStrided(x.Node, size, stride)
	rows := make([]*Node, size)
	var out *Node
	for i := range size {
		rows[i] = Reshape(takeRows(wide, i, h, stride), -1, size*channels)
		y := t.product(rows[i], false, kernelRow(kernel.Node, i), false)
		if out == nil {
			out = y
		} else {
			out = Add(out, y)
		}
	}
	return t.record(Reshape(out, in[0], h, w, outputs), func(dy *Node) {
		flat := Reshape(dy, -1, outputs)
		kernel.accumulate(func() *Node {
			parts := make([]*Node, size)
			for i := range size {
				parts[i] = Reshape(t.product(rows[i], true, flat, false), 1, size, channels, outputs)
			}
			return Concatenate(parts, 0)
		})
		x.accumulate(func() *Node {
			// The gradient of the input is the convolution of dy, spread over the
			// input's pixels, with the kernel turned around.
			tape := &Tape{Matmul: true, Precision: t.Precision}
			turned := TransposeAllAxes(Reverse(kernel.Node, 0, 1), 0, 1, 3, 2)
			return tape.convRows(tape.Input(spread(dy, in, stride)), tape.Input(turned), 1).Node
		})
	}, x, kernel)
}

// widenStrided pads x by half a kernel and joins to each pixel, at every stride-th
// column, its size-1 neighbours to the right: [n, h+size-1, ceil(w/stride),
// size*channels].
func widenStrided(x *Node, size, stride int) *Node {
	d := x.Shape().Dimensions
	pad := size / 2
	padded := Pad(x, ScalarZero(x.Graph(), x.DType()),
		compute.PadAxis{}, compute.PadAxis{Start: pad, End: pad}, compute.PadAxis{Start: pad, End: pad}, compute.PadAxis{})
	shifted := make([]*Node, size)
	for j := range size {
		shifted[j] = Slice(padded, AxisRange(), AxisRange(),
			AxisRange(j, j+(ceilDiv(d[2], stride)-1)*stride+1).Stride(stride), AxisRange())
	}
	return Concatenate(shifted, -1)
}

// takeRows returns h rows of x, from the first-th on, every stride-th.
func takeRows(x *Node, first, h, stride int) *Node {
	return Slice(x, AxisRange(), AxisRange(first, first+(h-1)*stride+1).Stride(stride), AxisRange(), AxisRange())
}

// kernelRow returns row i of a kernel as a matrix [k*in, out].
func kernelRow(kernel *Node, i int) *Node {
	k := kernel.Shape().Dimensions
	return Reshape(Slice(kernel, AxisElem(i)), k[1]*k[2], k[3])
}
