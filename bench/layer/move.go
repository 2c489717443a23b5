package layer

import (
	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

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

// interleave joins images whose pixels take turns along an axis.
func interleave(even, odd *Node, axis int) *Node {
	whole := append([]int{}, even.Shape().Dimensions...)
	whole[axis] *= 2
	return Reshape(Concatenate([]*Node{ExpandAxes(even, axis+1), ExpandAxes(odd, axis+1)}, axis+1), whole...)
}

// entries returns the entries [i][j] of a kernel of three rows, [in, out] each.
func entries(kernel *Node) [][]*Node {
	k := kernel.Shape().Dimensions
	return grid(3, func(i, j int) *Node { return Reshape(Slice(kernel, AxisElem(i), AxisElem(j)), k[2], k[3]) })
}

// grid is a square of nodes.
func grid(n int, at func(i, j int) *Node) [][]*Node {
	rows := make([][]*Node, n)
	for i := range rows {
		rows[i] = make([]*Node, n)
		for j := range rows[i] {
			rows[i][j] = at(i, j)
		}
	}
	return rows
}

// sum adds up f of 0 to n-1, in this order.
func sum(n int, f func(i int) *Node) *Node {
	total := f(0)
	for i := 1; i < n; i++ {
		total = Add(total, f(i))
	}
	return total
}

// gcd is the greatest common divisor of two positive numbers.
func gcd(a, b int) int {
	for b > 0 {
		a, b = b, a%b
	}
	return a
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
