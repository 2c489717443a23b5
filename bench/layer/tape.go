// Package layer builds the layers of convolutional nets, forwards and backwards,
// from primitive operations that every backend of GoMLX has.
//
// GoMLX can derive gradients itself, but not of all that is needed here (Pad and
// Rsqrt have none), nor as fast as by hand (batch normalisation). So each layer
// states its own gradient, and a [Tape] replays them in reverse. [Tape.Auto]
// lends GoMLX's derivation to a layer that does not.
//
// Images are [batch, height, width, channels]. Functions panic as GoMLX's graph
// building does; package train recovers in one place.
package layer

import (
	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/experiment"
)

// Tape records layers for the backward pass. A Tape belongs to one graph and one
// forward pass.
type Tape struct {
	// Matmul computes convolutions as matrix products, for backends whose own
	// convolution is slow.
	Matmul bool
	// Vectors tells that matrix products use vector instructions: wide ones are then
	// much faster than narrow ones. Without, few multiplications count.
	Vectors bool
	// Precision is that of convolutions and matrix products.
	Precision experiment.Precision

	uncut    bool // leaves batches whole, to compare with
	backward []func()
}

// Value is a node with, after [Tape.Backward], its gradient.
type Value struct {
	*Node
	parts  batch // the same, as it is computed
	learns bool
	grad   batch // in as many parts, or nil
}

// Input returns a value that no gradient is wanted of.
func (t *Tape) Input(n *Node) *Value { return &Value{Node: n, parts: batch{n}} }

// Parameter returns a value whose gradient is wanted.
func (t *Tape) Parameter(n *Node) *Value { return &Value{Node: n, parts: batch{n}, learns: true} }

// Learns reports whether a gradient is wanted.
func (v *Value) Learns() bool { return v.learns }

// Gradient returns the gradient that [Tape.Backward] found for v: zeros if the
// output does not depend on it.
func (v *Value) Gradient() *Node {
	if v.grad == nil {
		return ZerosLike(v.Node)
	}
	return v.grad.whole()
}

// accumulate adds d to the gradient of v, if it is wanted.
func (v *Value) accumulate(d func() *Node) {
	v.accumulateParts(func() batch { return batch{d()} })
}

// accumulateParts does so for a gradient in parts.
func (v *Value) accumulateParts(d func() batch) {
	if !v.learns {
		return
	}
	more := d().in(len(v.parts))
	if v.grad != nil {
		before := v.grad
		more = more.each(func(i int) *Node { return Add(before[i], more[i]) })
	}
	v.grad = more
}

// record returns the output of a layer with the given inputs. The function
// backward is called with the gradient of the output, and only if an input wants
// its own.
func (t *Tape) record(out *Node, backward func(dy *Node), inputs ...*Value) *Value {
	return t.recordParts(batch{out}, func(dy batch) { backward(dy.whole()) }, inputs...)
}

// recordParts does so for a layer that computes the parts of a batch apart, and
// calls backward with a gradient in these parts.
func (t *Tape) recordParts(out batch, backward func(dy batch), inputs ...*Value) *Value {
	v := &Value{Node: out.whole(), parts: out}
	for _, in := range inputs {
		v.learns = v.learns || in.learns
	}
	if v.learns {
		t.backward = append(t.backward, func() {
			if v.grad != nil {
				backward(v.grad)
			}
		})
	}
	return v
}

// Backward propagates the gradient dy of the output v to everything that v was
// computed from. It may be called once.
func (t *Tape) Backward(v *Value, dy *Node) {
	dy.AssertDims(v.Shape().Dimensions...)
	v.accumulate(func() *Node { return dy })
	for i := len(t.backward) - 1; i >= 0; i-- {
		t.backward[i]()
	}
	t.backward = nil
}

// Auto applies a function of one output whose gradient GoMLX derives.
func (t *Tape) Auto(f func(inputs []*Node) *Node, inputs ...*Value) *Value {
	nodes := make([]*Node, len(inputs))
	for i, in := range inputs {
		// Inputs may depend on each other, such as images on a kernel that two layers
		// share. Nodes of their own keep GoMLX from looking behind them.
		nodes[i] = Identity(in.Node)
	}
	out := f(nodes)
	return t.record(out, func(dy *Node) {
		// The gradient of <out, dy>, dy held fixed, is the gradient of the loss.
		grads := Gradient(ReduceAllSum(Mul(out, StopGradient(dy))), nodes...)
		for i, in := range inputs {
			in.accumulate(func() *Node { return grads[i] })
		}
	}, inputs...)
}
