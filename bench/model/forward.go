package model

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/experiment"
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
	return n.Head(p, n.Features(p, images))
}

// Features returns what the fully connected layer sees of images: [batch,
// features].
func (n *Net) Features(p *Pass, images *Node) *layer.Value {
	x := n.unit(p, n.stem, p.Tape.Input(images))
	for _, b := range n.blocks {
		x = n.block(p, b, x)
	}
	x = p.Tape.Pool(x)
	x.AssertDims(images.Shape().Dimensions[0], n.width)
	return x
}

// Head returns logits [batch, classes] for features [batch, features].
func (n *Net) Head(p *Pass, features *layer.Value) *layer.Value {
	logits := p.Tape.Dense(features, p.value("fc.weight"), p.value("fc.bias"))
	logits.AssertDims(features.Shape().Dimensions[0], n.Classes)
	return logits
}

func (n *Net) block(p *Pass, b block, x *layer.Value) *layer.Value {
	y := x
	for _, u := range b.units {
		y = n.unit(p, u, y)
	}
	switch {
	case b.shortcut == experiment.NoShortcut:
		return p.Tape.ReLU(y)
	case b.project != nil:
		x = n.unit(p, *b.project, x)
	case b.reshape:
		x = p.Tape.Subsample(x, b.firstStride, b.out)
	}
	return p.Tape.ReLU(p.Tape.Add(y, x))
}

// unit is convolution, batch normalisation and, if the unit has it, ReLU.
func (n *Net) unit(p *Pass, u unit, x *layer.Value) *layer.Value {
	x = p.Tape.Conv(x, p.value(u.conv+".weight"), u.stride)
	gamma, beta := p.value(u.norm+".weight"), p.value(u.norm+".bias")
	mean, variance := u.norm+".running_mean", u.norm+".running_var"
	if p.Mode == Training && n.Learns(Norm) {
		x, p.Stats[mean], p.Stats[variance] = p.Tape.Norm(x, gamma, beta, p.stat(mean), p.stat(variance))
	} else {
		x = p.Tape.FixedNorm(x, gamma, beta, p.stat(mean), p.stat(variance))
	}
	if u.relu {
		x = p.Tape.ReLU(x)
	}
	return x
}

func (p *Pass) value(name string) *layer.Value {
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
