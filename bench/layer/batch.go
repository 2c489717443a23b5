package layer

import . "github.com/gomlx/gomlx/core/graph"

// batch is a batch of images [n, h, w, c] in parts of equally many images. The
// pure-Go backend uses one core for most operations, and computes operations that do
// not wait for each other on as many as there are. What joins parts is built
// wherever it could be wanted: backends leave out what no output depends on.
type batch []*Node

// whole joins the parts.
func (b batch) whole() *Node {
	if len(b) == 1 {
		return b[0]
	}
	return Concatenate(b, 0)
}

// in returns the batch in another number of parts.
func (b batch) in(parts int) batch {
	if len(b) == parts {
		return b
	}
	whole := b.whole()
	if parts == 1 {
		return batch{whole}
	}
	cut := make(batch, parts)
	size := whole.Shape().Dimensions[0] / parts
	for i := range cut {
		cut[i] = Slice(whole, AxisRange(i*size, (i+1)*size))
	}
	return cut
}

const (
	parts = 2 // of a batch: more cores are for products, and for trainings side by side
	// minPixels is how many pixels make a part worth its overhead.
	minPixels = 1 << 14
)

// cut returns the parts in which images are computed. How many depends on nothing
// but the shape, since sums do.
func (t *Tape) cut(x *Value) batch {
	d := x.Shape().Dimensions
	if len(x.parts) > 1 || t.uncut || d[0]%parts > 0 || d[0]*d[1]*d[2] < parts*minPixels {
		return x.parts
	}
	return x.parts.in(parts)
}

// each returns what f makes of every part.
func (b batch) each(f func(i int) *Node) batch {
	out := make(batch, len(b))
	for i := range out {
		out[i] = f(i)
	}
	return out
}

// sum adds up what f makes of every part.
func (b batch) sum(f func(i int) *Node) *Node { return sum(len(b), f) }
