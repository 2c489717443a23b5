// Package model has nets: the plain and residual ones of He et al. 2016 for CIFAR,
// built from an experiment.Model, and those that a caller states ([Nets]): their
// parameters by name, their initial values, and their forward pass.
//
// Parameters are named as in torchvision ("layer2.0.conv1.weight",
// "layer2.0.downsample.1.running_mean", "fc.bias"). Kernels are kept
// [height, width, in, out] and fully connected layers [in, out]: PyTorch's are
// transposed when read and written.
package model

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"trainbench/bench/experiment"
	"trainbench/bench/layer"
)

// Kind tells what a parameter is part of, and so whether it learns.
type Kind int

const (
	Body Kind = iota // kernels, and all else that is none of the following
	Norm             // scale and shift of batch normalisation
	Head             // the layer that gives the logits
	Stat             // running statistics: state, not parameters
)

// Param is one named array of a net.
type Param struct {
	Name  string
	Kind  Kind
	Shape []int
	// Init, if not nil, draws the initial values; otherwise they are as
	// [Net.Init] says.
	Init func(rng *rand.Rand, values []float32)
}

// Len returns the number of values.
func (p Param) Len() int {
	n := 1
	for _, d := range p.Shape {
		n *= d
	}
	return n
}

// Shape is what a net is built for: images of Height x Width pixels of so many
// Channels, and classes.
type Shape struct {
	Height, Width, Channels int
	Classes                 int
}

// Inputs returns the number of values of an image.
func (s Shape) Inputs() int { return s.Height * s.Width * s.Channels }

// Net is the structure of a net. It holds no values.
type Net struct {
	Config experiment.Model
	Shape  Shape
	// Params are all parameters, and Stats all running statistics, in the order of
	// the forward pass. Names are unique.
	Params []Param
	Stats  []Param
	// Features returns what the head sees of normalised images [batch, height, width,
	// channels]: [batch, features]. Head returns logits [batch, classes] for them; nil
	// is the fully connected layer of the parameters fc.weight and fc.bias. They use
	// parameters by name; see [Pass].
	Features func(p *Pass, images *layer.Value) *layer.Value
	Head     func(p *Pass, features *layer.Value) *layer.Value
	// Products is about the number of multiplications of a forward pass of one image.
	// Only the time to go depends on it; 0 takes the number of parameters.
	Products int
}

// A Builder states a net for a shape. The fields of m that describe the residual
// nets, Depth to Shortcut, are the builder's to use or to leave, and m.Args are its
// own. Config and Shape of the net that it returns are set by [Nets.Build].
type Builder func(m experiment.Model, s Shape) (*Net, error)

// Nets are the nets of a caller, by the name that experiment.Model.Net gives.
type Nets map[string]Builder

// Build returns the net that m asks for, [New] if it names none, after checking
// that parameters are named once and have values.
func (b Nets) Build(m experiment.Model, s Shape) (*Net, error) {
	if m.Net == "" {
		return New(m, s)
	}
	if err := b.Check(m); err != nil {
		return nil, err
	}
	n, err := b[m.Net](m, s)
	if err != nil {
		return nil, fmt.Errorf("model: net %s: %w", m.Net, err)
	}
	n.Config, n.Shape = m, s
	if err := n.check(); err != nil {
		return nil, fmt.Errorf("model: net %s: %w", m.Net, err)
	}
	return n, nil
}

// Check returns an error if m names a net that is not there.
func (b Nets) Check(m experiment.Model) error {
	if m.Net == "" || b[m.Net] != nil {
		return nil
	}
	return fmt.Errorf("model.net is %q: want one of the program's %q, or none for a residual net", m.Net, slices.Sorted(maps.Keys(b)))
}

// check returns an error that lists what a caller's net lacks.
func (n *Net) check() error {
	var errs []error
	if n.Features == nil {
		errs = append(errs, errors.New("it has no function Features"))
	}
	seen, heads := map[string]bool{}, 0
	for i, p := range slices.Concat(n.Params, n.Stats) {
		switch {
		case p.Name == "" || seen[p.Name]:
			errs = append(errs, fmt.Errorf("the name %q: want one for each array", p.Name))
		case p.Len() < 1:
			errs = append(errs, fmt.Errorf("%s has shape %v: want sizes from 1", p.Name, p.Shape))
		case (p.Kind == Stat) != (i >= len(n.Params)):
			errs = append(errs, fmt.Errorf("%s: Stats hold what is of kind Stat, and nothing else does", p.Name))
		}
		seen[p.Name] = true
		if p.Kind == Head {
			heads++
		}
	}
	if heads == 0 {
		errs = append(errs, errors.New("no parameter is of kind Head"))
	}
	return errors.Join(errs...)
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

// Count returns the number of values in params.
func Count(params []Param) int {
	n := 0
	for _, p := range params {
		n += p.Len()
	}
	return n
}
