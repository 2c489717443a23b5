package layer

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// ReLU is max(x, 0), with gradient 0 at 0 as in PyTorch.
func (t *Tape) ReLU(x *Value) *Value {
	zero := ScalarZero(x.Graph(), x.DType())
	out := Max(x.Node, zero)
	return t.record(out, func(dy *Node) {
		x.accumulate(func() *Node { return Where(GreaterThan(out, zero), dy, ZerosLike(dy)) })
	}, x)
}

// Add is the sum of two values of equal shape.
func (t *Tape) Add(a, b *Value) *Value {
	return t.record(Add(a.Node, b.Node), func(dy *Node) {
		a.accumulate(func() *Node { return dy })
		b.accumulate(func() *Node { return dy })
	}, a, b)
}

// Pool is the mean over all pixels: [n, h, w, c] to [n, c].
func (t *Tape) Pool(x *Value) *Value {
	d := x.Shape().Dimensions
	scale := 1 / float64(d[1]*d[2])
	out := MulScalar(ReduceSum(x.Node, 1, 2), scale)
	return t.record(out, func(dy *Node) {
		x.accumulate(func() *Node {
			return BroadcastToDims(Reshape(MulScalar(dy, scale), d[0], 1, 1, d[3]), d...)
		})
	}, x)
}

// Flatten joins all axes but the first: [n, h, w, c] to [n, h w c].
func (t *Tape) Flatten(x *Value) *Value {
	d := x.Shape().Dimensions
	return t.record(Reshape(x.Node, d[0], -1), func(dy *Node) {
		x.accumulate(func() *Node { return Reshape(dy, d...) })
	}, x)
}

// Dense is x w + b: x [n, in], w [in, out], b [out].
func (t *Tape) Dense(x, w, b *Value) *Value {
	product := t.product(x.Node, false, w.Node, false)
	out := Add(product, Reshape(b.Node, 1, -1))
	return t.record(out, func(dy *Node) {
		b.accumulate(func() *Node { return ReduceSum(dy, 0) })
		w.accumulate(func() *Node { return t.product(x.Node, true, dy, false) })
		x.accumulate(func() *Node { return t.product(dy, false, w.Node, true) })
	}, x, w, b)
}

// Subsample is the shortcut of option A (He et al. 2016): every stride-th pixel,
// and zeros in as many new channels before as after the old ones.
func (t *Tape) Subsample(x *Value, stride, channels int) *Value {
	d := x.Shape().Dimensions
	before := (channels - d[3]) / 2
	if channels < d[3] {
		panicf("a shortcut from %d to %d channels", d[3], channels)
	}
	padding := compute.PadAxis{Start: before, End: channels - d[3] - before}
	none := compute.PadAxis{}
	out := Pad(every(x.Node, stride), ScalarZero(x.Graph(), x.DType()), none, none, none, padding)
	return t.record(out, func(dy *Node) {
		x.accumulate(func() *Node {
			old := Slice(dy, AxisRange(), AxisRange(), AxisRange(), AxisRange(before, before+d[3]))
			return spread(old, d, stride)
		})
	}, x)
}

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
	flat := Reshape(x.Node, -1, d[3])
	batchMean := MulScalar(ReduceSum(flat, 0), 1/count)
	centred := Sub(flat, row(batchMean))
	batchVariance := MulScalar(ReduceSum(Square(centred), 0), 1/count)
	inverse := Reciprocal(Sqrt(AddScalar(batchVariance, NormEpsilon)))
	scale := Mul(gamma.Node, inverse)
	out := Add(Mul(centred, row(scale)), row(beta.Node))

	y = t.record(Reshape(out, d...), func(dy *Node) {
		dy = Reshape(dy, -1, d[3])
		sum := ReduceSum(dy, 0)
		projection := Mul(ReduceSum(Mul(dy, centred), 0), inverse) // <dy, normalised x>
		beta.accumulate(func() *Node { return sum })
		gamma.accumulate(func() *Node { return projection })
		x.accumulate(func() *Node {
			slope := MulScalar(Mul(projection, inverse), 1/count)
			dx := Sub(Sub(dy, row(MulScalar(sum, 1/count))), Mul(centred, row(slope)))
			return Reshape(Mul(dx, row(scale)), d...)
		})
	}, x, gamma, beta)

	unbiased := MulScalar(batchVariance, count/(count-1))
	return y, towards(mean, batchMean), towards(variance, unbiased)
}

// FixedNorm is batch normalisation in evaluation: with the running mean and
// variance, which stay as they are.
func (t *Tape) FixedNorm(x, gamma, beta *Value, mean, variance *Node) *Value {
	d := x.Shape().Dimensions
	flat := Reshape(x.Node, -1, d[3])
	inverse := Reciprocal(Sqrt(AddScalar(variance, NormEpsilon)))
	centred := Sub(flat, row(mean))
	scale := Mul(gamma.Node, inverse)
	out := Add(Mul(centred, row(scale)), row(beta.Node))
	return t.record(Reshape(out, d...), func(dy *Node) {
		dy = Reshape(dy, -1, d[3])
		beta.accumulate(func() *Node { return ReduceSum(dy, 0) })
		gamma.accumulate(func() *Node { return Mul(ReduceSum(Mul(dy, centred), 0), inverse) })
		x.accumulate(func() *Node { return Reshape(Mul(dy, row(scale)), d...) })
	}, x, gamma, beta)
}

// towards moves a running average by NormMomentum.
func towards(running, batch *Node) *Node {
	return Add(MulScalar(running, 1-NormMomentum), MulScalar(batch, NormMomentum))
}

// row makes a vector [c] fit beside a matrix [n, c].
func row(v *Node) *Node { return Reshape(v, 1, -1) }

// panicf panics as graph building in GoMLX does, with an error.
func panicf(format string, args ...any) { panic(fmt.Errorf("layer: "+format, args...)) }
