package model_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/experiment"
	"trainbench/bench/layer"
	"trainbench/bench/model"
)

// A net of the caller's: a convolution, batch normalisation, an activation whose
// gradient GoMLX derives, and the head that every net without a Head has.
func ExampleNets() {
	nets := model.Nets{"small": func(m experiment.Model, s model.Shape) (*model.Net, error) {
		norms, stats := model.BatchNorm("bn", m.Width)
		params := append(model.Convolution("conv", 3, s.Channels, m.Width), norms...)
		return &model.Net{
			Params: append(params, model.Dense("fc", model.Head, m.Width, s.Classes)...),
			Stats:  stats,
			Features: func(p *model.Pass, x *layer.Value) *layer.Value {
				x = p.Norm("bn", p.Conv("conv", x, 2))
				x = p.Tape.Auto(func(in []*Node) *Node { return Tanh(in[0]) }, x)
				return p.Tape.Pool(x)
			},
		}, nil
	}}
	m := experiment.Default().Model
	m.Net, m.Width = "small", 8
	net, err := nets.Build(m, model.Shape{Height: 32, Width: 32, Channels: 3, Classes: 10})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Count(net.Params), "parameters")
	m.Net = "smal"
	_, err = nets.Build(m, net.Shape)
	fmt.Println(err)
	// Output:
	// 322 parameters
	// model.net is "smal": want one of the program's ["small"], or none for a residual net
}

// The published ResNet-20 of CIFAR-100.
func ExampleNew() {
	net, err := model.New(experiment.Default().Model, model.Shape{Height: 32, Width: 32, Channels: 3, Classes: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(model.Count(net.Params))
	// Output: 278324
}
