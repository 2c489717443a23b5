package layer

import (
	"slices"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// convWinograd is a 3x3 convolution of images with even sides, with 16
// multiplications where the plain one has 36: the minimal filtering F(2x2, 3x3) of
// Lavin and Gray 2016 ("Fast Algorithms for Convolutional Neural Networks"), whose
// letters these are. Tiles d of 4x4 pixels, two apart, become B^T d B, the kernel g
// becomes G g G^T, and a tile's 2x2 outputs are A^T m A of the products m of the two.
func (t *Tape) convWinograd(x, kernel *Node, _ int) (y *Node, dx, dkernel func(dy *Node) *Node) {
	in, k := x.Shape().Dimensions, kernel.Shape().Dimensions
	channels, outputs := k[2], k[3]
	v := bothWays(inputFilter, tiles(x))
	u := bothWays(kernelFilter, entries(kernel))
	m := grid(4, func(i, j int) *Node {
		y := t.product(Reshape(v[i][j], -1, channels), false, u[i][j], false)
		return Reshape(y, in[0], in[1]/2, in[2]/2, outputs)
	})
	out := bothWays(outputFilter, m)
	y = interleave(interleave(out[0][0], out[0][1], 2), interleave(out[1][0], out[1][1], 2), 1)

	dx = func(dy *Node) *Node {
		y, _, _ := t.convWinograd(dy, turn(kernel), 1)
		return y
	}
	dkernel = func(dy *Node) *Node {
		// The first factor of a product is wanted with the pixels last.
		turned := TransposeAllAxes(dy, 3, 0, 1, 2)
		dm := bothWays(outputGradient, grid(2, func(i, j int) *Node {
			return Slice(turned, AxisRange(), AxisRange(), AxisRange(i).Stride(2), AxisRange(j).Stride(2))
		}))
		du := grid(4, func(i, j int) *Node {
			return t.product(Reshape(dm[i][j], outputs, -1), false, Reshape(v[i][j], -1, channels), false)
		})
		dg := Concatenate(slices.Concat(bothWays(kernelGradient, du)...), 0)
		return TransposeAllAxes(Reshape(dg, 3, 3, outputs, channels), 0, 1, 3, 2)
	}
	return y, dx, dkernel
}

// tiles returns d: pixel [i][j] of every tile, [n, h/2, w/2, c].
func tiles(x *Node) [][]*Node {
	d := x.Shape().Dimensions
	around := compute.PadAxis{Start: 1, End: 1}
	x = Pad(x, ScalarZero(x.Graph(), x.DType()), compute.PadAxis{}, around, around, compute.PadAxis{})
	return grid(4, func(i, j int) *Node {
		return Slice(x, AxisRange(), AxisRange(i, i+d[1]-1).Stride(2), AxisRange(j, j+d[2]-1).Stride(2), AxisRange())
	})
}

func inputFilter(d []*Node) []*Node { // B^T
	return []*Node{Sub(d[0], d[2]), Add(d[1], d[2]), Sub(d[2], d[1]), Sub(d[1], d[3])}
}

func kernelFilter(g []*Node) []*Node { // G
	outer, middle := MulScalar(Add(g[0], g[2]), .5), MulScalar(g[1], .5)
	return []*Node{g[0], Add(outer, middle), Sub(outer, middle), g[2]}
}

func outputFilter(m []*Node) []*Node { // A^T
	return []*Node{Add(Add(m[0], m[1]), m[2]), Sub(Sub(m[1], m[2]), m[3])}
}

// outputGradient is A but for the sign of the last one, which kernelGradient turns:
// there is less to turn there.
func outputGradient(dy []*Node) []*Node {
	return []*Node{dy[0], Add(dy[0], dy[1]), Sub(dy[0], dy[1]), dy[1]}
}

func kernelGradient(u []*Node) []*Node { // G^T
	sum, difference := MulScalar(Add(u[1], u[2]), .5), MulScalar(Sub(u[1], u[2]), .5)
	return []*Node{Add(u[0], sum), difference, Sub(sum, u[3])}
}

// bothWays applies a filter to each row of x, and then to each column.
func bothWays(filter func([]*Node) []*Node, x [][]*Node) [][]*Node {
	for range 2 {
		var turned [][]*Node
		for _, row := range x {
			for j, node := range filter(row) {
				if j == len(turned) {
					turned = append(turned, nil)
				}
				turned[j] = append(turned[j], node)
			}
		}
		x = turned
	}
	return x
}
