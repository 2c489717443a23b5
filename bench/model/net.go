// Package model builds the plain and residual nets of He et al. 2016 for CIFAR
// from an experiment.Model: their parameters by name, their initial values, and
// their forward pass.
//
// Parameters are named as in torchvision ("layer2.0.conv1.weight",
// "layer2.0.downsample.1.running_mean", "fc.bias"). Kernels are kept
// [height, width, in, out] and the fully connected layer [in, out]: PyTorch's are
// transposed when read and written.
package model

import (
	"fmt"

	"trainbench/bench/experiment"
)

// Kind tells what a parameter is part of, and so whether it learns.
type Kind int

const (
	Conv Kind = iota // kernels
	Norm             // scale and shift of batch normalisation
	Head             // the fully connected layer
	Stat             // running statistics: state, not parameters
)

// Param is one named array of a net.
type Param struct {
	Name  string
	Kind  Kind
	Shape []int
}

// Len returns the number of values.
func (p Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Net is the structure of a net. It holds no values.
type Net struct {
	Config  experiment.Model
	Classes int
	// Params are all parameters, and Stats all running statistics, in the order of
	// the forward pass.
	Params []Param
	Stats  []Param

	stem   unit
	blocks []block
	width  int // channels that reach the head
}

// unit is a convolution and its batch normalisation.
type unit struct {
	conv, norm     string
	in, out        int
	kernel, stride int
	relu           bool // a ReLU follows at once
}

// block is units with a shortcut around them.
type block struct {
	units    []unit
	shortcut experiment.Shortcut
	// project is the shortcut's convolution, where the shape changes and the
	// shortcut is a projection.
	project *unit
	// reshape tells that the shape changes.
	reshape     bool
	in, out     int
	firstStride int
}

// New returns the net for images of the given channels and classes.
func New(m experiment.Model, channels, classes int) (*Net, error) {
	blocks := m.BlocksPerStage()
	if blocks == 0 {
		return nil, fmt.Errorf("model: depth %d does not divide into %d stages of %s blocks", m.Depth, m.Stages, m.Block)
	}
	if channels < 1 || classes < 2 {
		return nil, fmt.Errorf("model: %d channels and %d classes: want at least 1 and 2", channels, classes)
	}
	n := &Net{Config: m, Classes: classes}
	n.stem = unit{conv: "conv1", norm: "bn1", in: channels, out: m.Width, kernel: 3, stride: 1, relu: true}
	n.width = m.Width
	for stage := range m.Stages {
		for i := range blocks {
			stride := 1
			if stage > 0 && i == 0 {
				stride = 2
			}
			n.addBlock(fmt.Sprintf("layer%d.%d", stage+1, i), m.Width<<stage, stride)
		}
	}
	n.list()
	return n, nil
}

// addBlock appends a block whose 3x3 convolutions have the given channels.
func (n *Net) addBlock(name string, channels, stride int) {
	conv := func(i, in, out, kernel, stride int, active bool) unit {
		return unit{
			conv: fmt.Sprintf("%s.conv%d", name, i), norm: fmt.Sprintf("%s.bn%d", name, i),
			in: in, out: out, kernel: kernel, stride: stride, relu: active,
		}
	}
	b := block{shortcut: n.Config.Shortcut, in: n.width, out: channels, firstStride: stride}
	if n.Config.Block == experiment.Bottleneck {
		// The stride is on the 3x3 convolution, as in torchvision.
		b.out = 4 * channels
		b.units = []unit{
			conv(1, n.width, channels, 1, 1, true),
			conv(2, channels, channels, 3, stride, true),
			conv(3, channels, b.out, 1, 1, false),
		}
	} else {
		b.units = []unit{
			conv(1, n.width, channels, 3, stride, true),
			conv(2, channels, channels, 3, 1, false),
		}
	}
	b.reshape = stride != 1 || b.in != b.out
	if b.reshape && b.shortcut == experiment.Projection {
		b.project = &unit{
			conv: name + ".downsample.0", norm: name + ".downsample.1",
			in: b.in, out: b.out, kernel: 1, stride: stride,
		}
	}
	n.blocks = append(n.blocks, b)
	n.width = b.out
}

// list fills Params and Stats.
func (n *Net) list() {
	add := func(u unit) {
		n.Params = append(n.Params,
			Param{u.conv + ".weight", Conv, []int{u.kernel, u.kernel, u.in, u.out}},
			Param{u.norm + ".weight", Norm, []int{u.out}},
			Param{u.norm + ".bias", Norm, []int{u.out}})
		n.Stats = append(n.Stats,
			Param{u.norm + ".running_mean", Stat, []int{u.out}},
			Param{u.norm + ".running_var", Stat, []int{u.out}})
	}
	add(n.stem)
	for _, b := range n.blocks {
		for _, u := range b.units {
			add(u)
		}
		if b.project != nil {
			add(*b.project)
		}
	}
	n.Params = append(n.Params,
		Param{"fc.weight", Head, []int{n.width, n.Classes}},
		Param{"fc.bias", Head, []int{n.Classes}})
}

// Learns reports whether parameters of kind k are trained.
func (n *Net) Learns(k Kind) bool {
	switch n.Config.Trainable {
	case experiment.Head:
		return k == Head
	case experiment.HeadNorm:
		return k == Head || k == Norm
	}
	return k != Stat
}

// Split returns the parameters that learn and those that are frozen, each in the
// order of Params.
func (n *Net) Split() (learning, frozen []Param) {
	for _, p := range n.Params {
		if n.Learns(p.Kind) {
			learning = append(learning, p)
		} else {
			frozen = append(frozen, p)
		}
	}
	return learning, frozen
}

// Products returns the number of multiplications of a forward pass of one image of
// the given size, those of batch normalisation apart.
func (n *Net) Products(height, width int) int {
	of := func(u unit) int {
		height, width = (height+u.stride-1)/u.stride, (width+u.stride-1)/u.stride
		return u.kernel * u.kernel * u.in * u.out * height * width
	}
	sum := of(n.stem)
	for _, b := range n.blocks {
		for _, u := range b.units {
			sum += of(u)
		}
		if b.project != nil { // its stride has been taken by the units
			sum += b.in * b.out * height * width
		}
	}
	return sum + n.width*n.Classes
}

// Count returns the number of values in params.
func Count(params []Param) int {
	n := 0
	for _, p := range params {
		n += p.Len()
	}
	return n
}
