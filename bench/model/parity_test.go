package model

import (
	"fmt"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/layer"
	"trainbench/bench/loss"
	"trainbench/bench/parity"
)

// netCase is one net of the fixture "nets".
type netCase struct {
	name         string
	config       experiment.Model
	classes      int
	images, size int
	sampledGrads bool // a gradient has about 64 of its entries only
}

func netCases() []netCase {
	config := func(depth, width int, block experiment.Block, shortcut experiment.Shortcut) experiment.Model {
		m := experiment.Default().Model
		m.Depth, m.Width, m.Block, m.Shortcut = depth, width, block, shortcut
		return m
	}
	small := func(name string, m experiment.Model) netCase {
		return netCase{name: name, config: m, classes: 10, images: 8, size: 16}
	}
	return []netCase{
		small("resnet20-b", config(20, 4, experiment.Basic, experiment.Projection)),
		small("resnet20-a", config(20, 2, experiment.Basic, experiment.ZeroPad)),
		small("plain20", config(20, 2, experiment.Basic, experiment.NoShortcut)),
		small("bottleneck11", config(11, 4, experiment.Bottleneck, experiment.Projection)),
		{name: "full", config: experiment.Default().Model, classes: 100, images: 2, size: 32, sampledGrads: true},
	}
}

// TestNets holds whole nets to PyTorch: logits in evaluation and in training, the
// gradient of every parameter, and the running statistics after one step. Values
// are formulas of the parameters' names, the same in Go and Python.
func TestNets(t *testing.T) {
	f := parity.Load(t, "nets")
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for _, test := range netCases() {
			t.Run(test.name, func(t *testing.T) { test.check(t, f, d) })
		}
	})
}

func (c netCase) check(t *testing.T, f parity.Fixture, d *backend.Device) {
	n, err := New(c.config, Shape{c.size, c.size, 3, c.classes})
	if err != nil {
		t.Fatal(err)
	}
	images := parity.Formula(fmt.Sprintf("%s/images%d", c.name, f.Ints(c.name + "/choice")[0]), c.images*c.size*c.size*3, 0, 1.7)
	w := Weights{}
	for _, p := range slices.Concat(n.Params, n.Stats) {
		w[p.Name] = parity.NetValues(p.Name, p.Shape, n.Params[len(n.Params)-2].Shape[0])
	}
	params, stats := w.Flatten(n.Params), w.Flatten(n.Stats)
	got := parity.Run(t, d, func(in []*Node) []*Node {
		images, labels, params, stats := in[0], in[1], in[2], in[3]
		pass := func(mode Mode) *Pass {
			p := &Pass{Tape: &layer.Tape{Matmul: d.Matmul, Vectors: d.Vectors}, Mode: mode, Values: map[string]*layer.Value{}, Stats: Unpack(stats, n.Stats)}
			for name, node := range Unpack(params, n.Params) {
				p.Values[name] = p.Tape.Parameter(node)
			}
			return p
		}
		evaluation := n.Forward(pass(Evaluation), images)
		p := pass(Training)
		training := n.Forward(p, images)
		mean := loss.CrossEntropy(training.Node, OneHot(labels, c.classes, training.DType()))
		p.Tape.Backward(training, Gradient(mean, training.Node)[0])
		gradients := map[string]*Node{}
		for name, v := range p.Values {
			gradients[name] = v.Gradient()
		}
		return []*Node{evaluation.Node, training.Node, mean, Pack(gradients, n.Params), Pack(p.Stats, n.Stats)}
	}, tensors.FromFlatDataAndDimensions(images, c.images, c.size, c.size, 3), f.Tensor(c.name+"/labels"),
		tensors.FromFlatDataAndDimensions(params, len(params)), tensors.FromFlatDataAndDimensions(stats, len(stats)))

	parity.Check(t, "logits in evaluation", got[0], f.Floats(c.name+"/evaluation"), parity.Values)
	parity.Check(t, "logits in training", got[1], f.Floats(c.name+"/training"), parity.Values)
	parity.Check(t, "loss", got[2], f.Floats(c.name+"/loss"), parity.Values)
	moved := Weights{}
	moved.SetFlat(n.Params, got[3])
	moved.SetFlat(n.Stats, got[4])
	gradients := parity.NewWorst("gradients of all parameters", parity.Gradients)
	for _, p := range n.Params {
		gradients.Add(t, p.Name, c.sampled(moved[p.Name]), f.Floats(c.name+"/gradient/"+p.Name))
	}
	gradients.Log(t)
	statistics := parity.NewWorst("running statistics", parity.Values)
	for _, p := range n.Stats {
		statistics.Add(t, p.Name, moved[p.Name], f.Floats(c.name+"/"+p.Name))
	}
	statistics.Log(t)
}

// sampled thins a gradient out as the fixture of the largest net is.
func (c netCase) sampled(values []float32) []float32 {
	if !c.sampledGrads {
		return values
	}
	var out []float32
	for i := 0; i < len(values); i += max(1, len(values)/64) {
		out = append(out, values[i])
	}
	return out
}
