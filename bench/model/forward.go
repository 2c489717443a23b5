package model

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/layer"
)

// Mode is the way in which batch normalisation works.
type Mode int

const (
	// Training normalises with the batch's statistics and moves the running ones.
	// Frozen batch normalisation works as in Evaluation.
	Training Mode = iota
	// Evaluation normalises with the running statistics.
	Evaluation
)

// Pass is one forward pass through a net. Values holds a value for each of the
// net's Params, and Stats a node for each of its Stats, by name. Forward replaces
// the entries of Stats that move.
type Pass struct {
	Tape   *layer.Tape
	Mode   Mode
	Values map[string]*layer.Value
	Stats  map[string]*Node
}

// Forward returns logits [batch, classes] for normalised images [batch, height,
// width, channels].
func (n *Net) Forward(p *Pass, images *Node) *layer.Value {
	return n.Logits(p, n.Embed(p, images))
}

// Embed returns the features [batch, features] of images.
func (n *Net) Embed(p *Pass, images *Node) *layer.Value {
	x := n.Features(p, p.Tape.Input(images))
	if x.Rank() != 2 || x.Shape().Dimensions[0] != images.Shape().Dimensions[0] {
		panic(fmt.Errorf("model: features of shape %s for images %s: want [batch, features]", x.Shape(), images.Shape()))
	}
	return x
}

// Logits returns logits [batch, classes] for features [batch, features].
func (n *Net) Logits(p *Pass, features *layer.Value) *layer.Value {
	head := n.Head
	if head == nil {
		head = dense
	}
	logits := head(p, features)
	logits.AssertDims(features.Shape().Dimensions[0], n.Shape.Classes)
	return logits
}

// dense is the head of a net that states none.
func dense(p *Pass, features *layer.Value) *layer.Value { return p.Dense("fc", features) }

// Conv is a convolution with padding such that the size is that of x divided by
// stride, rounded up; its parameter is name.weight.
func (p *Pass) Conv(name string, x *layer.Value, stride int) *layer.Value {
	return p.Tape.Conv(x, p.Value(name+".weight"), stride)
}

// Norm is batch normalisation in the mode of the pass, with the parameters and
// statistics of [BatchNorm].
func (p *Pass) Norm(name string, x *layer.Value) *layer.Value {
	gamma, beta := p.Value(name+".weight"), p.Value(name+".bias")
	mean, variance := name+".running_mean", name+".running_var"
	if p.Mode != Training || !gamma.Learns() {
		return p.Tape.FixedNorm(x, gamma, beta, p.stat(mean), p.stat(variance))
	}
	x, p.Stats[mean], p.Stats[variance] = p.Tape.Norm(x, gamma, beta, p.stat(mean), p.stat(variance))
	return x
}

// Dense is the fully connected layer x w + b of x [batch, in], with the parameters
// of [Dense].
func (p *Pass) Dense(name string, x *layer.Value) *layer.Value {
	return p.Tape.Dense(x, p.Value(name+".weight"), p.Value(name+".bias"))
}

// Value returns a parameter.
func (p *Pass) Value(name string) *layer.Value {
	v := p.Values[name]
	if v == nil {
		panic(fmt.Errorf("model: no value for parameter %s", name))
	}
	return v
}

func (p *Pass) stat(name string) *Node {
	v := p.Stats[name]
	if v == nil {
		panic(fmt.Errorf("model: no value for statistic %s", name))
	}
	return v
}

// Unpack cuts a flat vector into nodes of the shapes of params, by name.
func Unpack(flat *Node, params []Param) map[string]*Node {
	out := make(map[string]*Node, len(params))
	start := 0
	for _, p := range params {
		out[p.Name] = Reshape(Slice(flat, AxisRange(start, start+p.Len())), p.Shape...)
		start += p.Len()
	}
	return out
}

// Pack joins nodes, by the names and in the order of params, to a flat vector. It
// is the reverse of Unpack.
func Pack(nodes map[string]*Node, params []Param) *Node {
	parts := make([]*Node, len(params))
	for i, p := range params {
		parts[i] = Reshape(nodes[p.Name], -1)
	}
	return Concatenate(parts, 0)
}
