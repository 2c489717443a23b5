package layer

import (
	"slices"

	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"
)

// Constants of torch.nn.BatchNorm2d.
const (
	NormEpsilon  = 1e-5
	NormMomentum = 0.1
)

// Norm is batch normalisation (Ioffe and Szegedy 2015) as torch.nn.BatchNorm2d
// defines it: channels of x [n, h, w, c] are normalised with the mean and the
// biased variance of the batch, then scaled by gamma [c] and shifted by beta [c].
// It returns also the running mean and variance [c], moved by a tenth towards the
// batch's mean and unbiased variance.
func (t *Tape) Norm(x, gamma, beta *Value, mean, variance *Node) (y *Value, newMean, newVariance *Node) {
	d := x.Shape().Dimensions
	count := float64(d[0] * d[1] * d[2])
	if count < 2 {
		panicf("batch normalisation of %s: the variance of a single pixel", x.Shape())
	}
	batchMean := MulScalar(t.channelSum(x.parts), 1/count)
	centred := x.parts.each(func(i int) *Node { return Sub(x.parts[i], t.everywhere(batchMean, x.parts[i])) })
	squares := centred.each(func(i int) *Node { return Square(centred[i]) })
	batchVariance := MulScalar(t.channelSum(squares), 1/count)
	inverse := Reciprocal(Sqrt(AddScalar(batchVariance, NormEpsilon)))
	scale := Mul(gamma.Node, inverse)

	y = t.recordParts(t.affine(centred, scale, beta.Node), func(dy batch) {
		sum := t.channelSum(dy)
		projection := Mul(t.channelSum(times(dy, centred)), inverse) // <dy, normalised x>
		beta.accumulate(func() *Node { return sum })
		gamma.accumulate(func() *Node { return projection })
		x.accumulateParts(func() batch {
			slope := MulScalar(Mul(projection, inverse), 1/count)
			mean := MulScalar(sum, 1/count)
			return dy.each(func(i int) *Node {
				dx := Sub(Sub(dy[i], t.everywhere(mean, dy[i])), Mul(centred[i], t.everywhere(slope, dy[i])))
				return Mul(dx, t.everywhere(scale, dy[i]))
			})
		})
	}, x, gamma, beta)

	unbiased := MulScalar(batchVariance, count/(count-1))
	return y, towards(mean, batchMean), towards(variance, unbiased)
}

// FixedNorm is batch normalisation in evaluation: with the running mean and
// variance, which stay as they are.
func (t *Tape) FixedNorm(x, gamma, beta *Value, mean, variance *Node) *Value {
	inverse := Reciprocal(Sqrt(AddScalar(variance, NormEpsilon)))
	centred := x.parts.each(func(i int) *Node { return Sub(x.parts[i], t.everywhere(mean, x.parts[i])) })
	scale := Mul(gamma.Node, inverse)
	return t.recordParts(t.affine(centred, scale, beta.Node), func(dy batch) {
		beta.accumulate(func() *Node { return t.channelSum(dy) })
		gamma.accumulate(func() *Node { return Mul(t.channelSum(times(dy, centred)), inverse) })
		x.accumulateParts(func() batch {
			return dy.each(func(i int) *Node { return Mul(dy[i], t.everywhere(scale, dy[i])) })
		})
	}, x, gamma, beta)
}

// affine scales and shifts the channels of x.
func (t *Tape) affine(x batch, scale, shift *Node) batch {
	return x.each(func(i int) *Node {
		return Add(Mul(x[i], t.everywhere(scale, x[i])), t.everywhere(shift, x[i]))
	})
}

// times multiplies entry by entry.
func times(a, b batch) batch { return a.each(func(i int) *Node { return Mul(a[i], b[i]) }) }

// towards moves a running average by NormMomentum.
func towards(running, batch *Node) *Node {
	return Add(MulScalar(running, 1-NormMomentum), MulScalar(batch, NormMomentum))
}

// channelSum is the sum [c] over all pixels of x.
func (t *Tape) channelSum(x batch) *Node {
	return x.sum(func(i int) *Node {
		d := x[i].Shape().Dimensions
		if !t.Matmul {
			return ReduceSum(Reshape(x[i], -1, d[3]), 0)
		}
		// The pure-Go backend multiplies faster than it sums up.
		pixels := d[1] * d[2]
		ones := Ones(x[i].Graph(), shapes.Make(x[i].DType(), d[0], 1, pixels))
		images := EinsumAxes(ones, Reshape(x[i], d[0], pixels, d[3]), [][2]int{{2, 1}}, [][2]int{{0, 0}})
		return ReduceSum(images, 0, 1)
	})
}

// everywhere makes a vector [c] fit beside images.
func (t *Tape) everywhere(v, images *Node) *Node {
	d := images.Shape().Dimensions
	if !t.Matmul {
		return Reshape(v, 1, 1, 1, -1)
	}
	// The pure-Go backend joins blocks faster than it broadcasts numbers.
	row := Reshape(v, 1, -1)
	for _, copies := range []int{d[2], d[1], d[0]} {
		row = Concatenate(slices.Repeat([]*Node{row}, copies), 0)
	}
	return Reshape(row, d...)
}
