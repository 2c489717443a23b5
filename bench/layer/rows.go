package layer

import (
	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
)

// convRows is a convolution as one matrix product for each row of the kernel. A
// product computes bands of g neighbouring pixels of a row at once, from the g
// pixels and those around them: g is 1 where no more columns are wanted.
func (t *Tape) convRows(x, kernel *Node, _ int) (y *Node, dx, dkernel func(dy *Node) *Node) {
	in, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	size, channels, outputs := k[0], k[2], k[3]
	g := t.band(in[2], outputs)
	wide := widen(x, size/2, g)
	rows := Reshape(wide, -1, (g+size-1)*channels)
	banded := bandKernel(kernel, g)
	y = sum(size, func(i int) *Node {
		// What row i of the kernel adds to an output is that of the row i-pad below.
		row := t.product(rows, false, Reshape(Slice(banded, AxisElem(i)), (g+size-1)*channels, g*outputs), false)
		return shift(Reshape(row, in[0], in[1], in[2], outputs), 1, size/2-i)
	})
	dx = func(dy *Node) *Node {
		y, _, _ := t.convRows(dy, turn(kernel), 1)
		return y
	}
	dkernel = func(dy *Node) *Node { return t.rowsGradient(wide, dy, size, g) }
	return y, dx, dkernel
}

// turn returns the kernel [k, k, out, in] of the convolution that the gradient of a
// convolution's input is of the gradient of its output: turned around.
func turn(kernel *Node) *Node { return TransposeAllAxes(Reverse(kernel, 0, 1), 0, 1, 3, 2) }

// columns is how many columns vector instructions want in a product: eight vectors
// of AVX2, four of AVX-512.
const columns = 64

// band returns how many of a row's w pixels, with the given channels each, make up
// the wanted columns: the least divisor of w that does, else w.
func (t *Tape) band(w, channels int) int {
	g := 1
	for t.Vectors && g < w && (g*channels < columns || w%g > 0) {
		g++
	}
	return g
}

// bandKernel returns, for a kernel [k, k, in, out], the matrices [k, (g+k-1)*in,
// g*out] that take g+k-1 pixels of a row to the g in the middle: the rows of the
// kernel, each time a pixel further.
func bandKernel(kernel *Node, g int) *Node {
	k := kernel.Shape().Dimensions
	rows := Reshape(kernel, k[0], k[1]*k[2], k[3])
	columns := make([]*Node, g)
	for p := range g {
		columns[p] = Pad(rows, ScalarZero(kernel.Graph(), kernel.DType()),
			compute.PadAxis{}, compute.PadAxis{Start: p * k[2], End: (g - 1 - p) * k[2]}, compute.PadAxis{})
	}
	return Concatenate(columns, 2)
}

// rowsGradient is the gradient of the kernel of convRows: products of all bands
// of wide [n, h, w/g, (g+size-1)*in] and of dy [n, h, w, out], shifted to the rows
// of the kernel. The first factor of a product is wanted with the pixels last, so
// dy is turned, which is the smaller one. Groups of images are summed up apart:
// several cores can then work, and sums are short.
func (t *Tape) rowsGradient(wide, dy *Node, size, g int) *Node {
	d, depth := dy.Shape().Dimensions, wide.Shape().Dimensions[3]
	groups := gcd(d[0], 8)
	bands, columns := d[2]/g, g*d[3]
	dy = Reshape(dy, groups, d[0]/groups, d[1], bands, columns)
	turned := TransposeAllAxes(dy, 0, 4, 1, 2, 3)
	shifted := make([]*Node, size)
	for i := range size {
		shifted[i] = shift(turned, 3, i-size/2)
	}
	count := d[0] / groups * d[1] * bands
	first := Reshape(Concatenate(shifted, 1), groups, size*columns, count)
	sums := EinsumAxes(t.narrow(first), t.narrow(Reshape(wide, groups, count, depth)), [][2]int{{2, 1}}, [][2]int{{0, 0}})
	return foldKernel(ReduceSum(ConvertDType(sums, dtypes.Float32), 0), size, g, d[3])
}

// foldKernel is the reverse of bandKernel for a gradient [k*g*out, (g+k-1)*in]: what
// the places of a kernel's entry in a band sum up to, [k, k, in, out].
func foldKernel(gradient *Node, size, g, outputs int) *Node {
	depth := gradient.Shape().Dimensions[1]
	channels := depth / (g + size - 1)
	gradient = Reshape(gradient, size, g, outputs, depth)
	kernel := sum(g, func(p int) *Node {
		return Slice(gradient, AxisRange(), AxisElem(p), AxisRange(), AxisRange(p*channels, (p+size)*channels))
	})
	return Reshape(TransposeAllAxes(Reshape(kernel, size, outputs, size*channels), 0, 2, 1), size, size, channels, outputs)
}

// widen joins to each band of g pixels of a row the pad pixels on either side:
// [n, h, w, channels] to [n, h, w/g, (g+2*pad)*channels].
func widen(x *Node, pad, g int) *Node {
	d := x.Shape().Dimensions
	x = Reshape(x, d[0], d[1], d[2]/g, g*d[3])
	var parts []*Node
	reach := ceilDiv(pad, g)
	for i := -reach; i <= reach; i++ { // the band i further on
		from, to := max(0, -pad-i*g), min(g, g+pad-i*g)
		part := x
		if to-from < g {
			part = Slice(x, AxisRange(), AxisRange(), AxisRange(), AxisRange(from*d[3], to*d[3]))
		}
		parts = append(parts, shift(part, 2, -i))
	}
	return Concatenate(parts, -1)
}
