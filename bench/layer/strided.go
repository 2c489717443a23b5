package layer

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// convStrided is convRows at every stride-th pixel.
func (t *Tape) convStrided(x, kernel *Node, stride int) (y *Node, dx, dkernel func(dy *Node) *Node) {
	in, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	size, channels, outputs := k[0], k[2], k[3]
	h, w := ceilDiv(in[1], stride), ceilDiv(in[2], stride)
	wide := widenStrided(x, size, stride)
	rows := make([]*Node, size)
	y = sum(size, func(i int) *Node {
		rows[i] = Reshape(takeRows(wide, i, h, stride), -1, size*channels)
		return t.product(rows[i], false, kernelRow(kernel, i), false)
	})
	dx = func(dy *Node) *Node {
		if size == 3 && stride == 2 && in[1]%2 == 0 && in[2]%2 == 0 {
			return t.halvingGradient(dy, kernel)
		}
		y, _, _ := t.convRows(spread(dy, in, stride), turn(kernel), 1)
		return y
	}
	dkernel = func(dy *Node) *Node {
		flat := Reshape(dy, -1, outputs)
		parts := make([]*Node, size)
		for i := range size {
			parts[i] = Reshape(t.product(rows[i], true, flat, false), 1, size, channels, outputs)
		}
		return Concatenate(parts, 0)
	}
	return Reshape(y, in[0], h, w, outputs), dx, dkernel
}

// halvingGradient is the gradient of the input of a 3x3 convolution that halves even
// sides. An even pixel was seen by the middle of the kernel only, an odd one by the
// last entry at its own place and by the first entry one place further.
func (t *Tape) halvingGradient(dy, kernel *Node) *Node {
	d, k := dy.Shape().Dimensions, kernel.Shape().Dimensions
	channels, outputs := k[2], k[3]
	next := shift(dy, 2, -1)
	pairs := Reshape(Concatenate([]*Node{dy, next}, -1), -1, 2*outputs)
	weights := entries(TransposeAllAxes(kernel, 0, 1, 3, 2))
	row := func(i int) *Node {
		first, middle, last := weights[i][0], weights[i][1], weights[i][2]
		even := Concatenate([]*Node{middle, ZerosLike(middle)}, 0)
		odd := Concatenate([]*Node{last, first}, 0)
		dx := t.product(pairs, false, Concatenate([]*Node{even, odd}, 1), false)
		return Reshape(dx, d[0], d[1], 2*d[2], channels)
	}
	return interleave(row(1), Add(row(2), shift(row(0), 1, -1)), 1)
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
