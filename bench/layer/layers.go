package layer

import (
	"fmt"

	"github.com/gomlx/compute"
	. "github.com/gomlx/gomlx/core/graph"
)

// ReLU is max(x, 0), with gradient 0 at 0 as in PyTorch.
func (t *Tape) ReLU(x *Value) *Value {
	zero := ScalarZero(x.Graph(), x.DType())
	out := x.parts.each(func(i int) *Node { return Max(x.parts[i], zero) })
	return t.recordParts(out, func(dy batch) {
		x.accumulateParts(func() batch {
			return dy.each(func(i int) *Node { return Where(GreaterThan(out[i], zero), dy[i], zero) })
		})
	}, x)
}

// Add is the sum of two values of equal shape.
func (t *Tape) Add(a, b *Value) *Value {
	parts := max(len(a.parts), len(b.parts))
	left, right := a.parts.in(parts), b.parts.in(parts)
	return t.recordParts(left.each(func(i int) *Node { return Add(left[i], right[i]) }), func(dy batch) {
		a.accumulateParts(func() batch { return dy })
		b.accumulateParts(func() batch { return dy })
	}, a, b)
}

// Pool is the mean over all pixels: [n, h, w, c] to [n, c].
func (t *Tape) Pool(x *Value) *Value {
	d := x.Shape().Dimensions
	scale := 1 / float64(d[1]*d[2])
	parts := x.parts.each(func(i int) *Node { return MulScalar(ReduceSum(x.parts[i], 1, 2), scale) })
	return t.record(parts.whole(), func(dy *Node) {
		x.accumulateParts(func() batch {
			dy := batch{dy}.in(len(parts))
			return dy.each(func(i int) *Node {
				n := dy[i].Shape().Dimensions[0]
				return BroadcastToDims(Reshape(MulScalar(dy[i], scale), n, 1, 1, d[3]), n, d[1], d[2], d[3])
			})
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
	out := x.parts.each(func(i int) *Node {
		return Pad(every(x.parts[i], stride), ScalarZero(x.Graph(), x.DType()), none, none, none, padding)
	})
	return t.recordParts(out, func(dy batch) {
		x.accumulateParts(func() batch {
			return dy.each(func(i int) *Node {
				old := Slice(dy[i], AxisRange(), AxisRange(), AxisRange(), AxisRange(before, before+d[3]))
				return spread(old, d, stride)
			})
		})
	}, x)
}

// panicf panics as graph building in GoMLX does, with an error.
func panicf(format string, args ...any) { panic(fmt.Errorf("layer: "+format, args...)) }
