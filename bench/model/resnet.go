package model

import (
	"fmt"

	"trainbench/bench/experiment"
	"trainbench/bench/layer"
)

// resnet is a plain or residual net.
type resnet struct {
	*Net
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

// New returns the plain or residual net for images and classes.
func New(m experiment.Model, s Shape) (*Net, error) {
	blocks := m.BlocksPerStage()
	switch {
	case m.Net != "":
		return nil, fmt.Errorf("model: %q is no residual net: see Nets", m.Net)
	case blocks == 0:
		return nil, fmt.Errorf("model: depth %d does not divide into %d stages of %s blocks", m.Depth, m.Stages, m.Block)
	case s.Channels < 1 || s.Classes < 2:
		return nil, fmt.Errorf("model: %d channels and %d classes: want at least 1 and 2", s.Channels, s.Classes)
	}
	n := &resnet{Net: &Net{Config: m, Shape: s}}
	n.stem = unit{conv: "conv1", norm: "bn1", in: s.Channels, out: m.Width, kernel: 3, stride: 1, relu: true}
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
	n.Net.Features, n.Net.Products = n.features, n.products()
	return n.Net, nil
}

// addBlock appends a block whose 3x3 convolutions have the given channels.
func (n *resnet) addBlock(name string, channels, stride int) {
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
func (n *resnet) list() {
	add := func(u unit) {
		params, stats := BatchNorm(u.norm, u.out)
		n.Params = append(append(n.Params, Convolution(u.conv, u.kernel, u.in, u.out)...), params...)
		n.Stats = append(n.Stats, stats...)
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
	n.Params = append(n.Params, Dense("fc", Head, n.width, n.Shape.Classes)...)
}

// products returns the number of multiplications of a forward pass of one image,
// those of batch normalisation apart.
func (n *resnet) products() int {
	height, width := n.Shape.Height, n.Shape.Width
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
	return sum + n.width*n.Shape.Classes
}

func (n *resnet) features(p *Pass, x *layer.Value) *layer.Value {
	x = n.unit(p, n.stem, x)
	for _, b := range n.blocks {
		x = n.block(p, b, x)
	}
	return p.Tape.Pool(x)
}

func (n *resnet) block(p *Pass, b block, x *layer.Value) *layer.Value {
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
func (n *resnet) unit(p *Pass, u unit, x *layer.Value) *layer.Value {
	x = p.Norm(u.norm, p.Conv(u.conv, x, u.stride))
	if u.relu {
		x = p.Tape.ReLU(x)
	}
	return x
}
