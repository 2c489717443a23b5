package train

import (
	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/layer"
	"trainbench/bench/loss"
	"trainbench/bench/model"
	"trainbench/bench/optim"
)

// Inputs of a training step, in the order of its arguments. The first four are
// replaced by the step's first four outputs.
const (
	inParams   = iota // [P] parameters that learn
	inVelocity        // [P]
	inStats           // [R] running statistics
	inStep            // scalar: step of the plan to do next
	inFrozen          // [F] parameters that do not learn
	inPixels          // [n, h, w, c] bytes; features [n, f] of a linear probe
	inLabels          // [n]
	inRate            // scalar
	inIndex           // [steps, batch], as the rest of the plan
	inAugment
	inPartner // with mixup only, as the next
	inLambda  // [steps]
)

// Outputs of a training step after its state.
const (
	outLoss      = inStep + 1 + iota // scalar: mean over the batch, before the step
	outPredicted                     // [batch] classes, by the weights before the step
)

// step is one step of stochastic gradient descent.
func (p *Program) step(in []*Node) []*Node {
	at := func(input int) *Node { // this step's part of the plan
		return Squeeze(Gather(in[input], Reshape(in[inStep], 1, 1)), 0)
	}
	index := at(inIndex)
	onehot := p.onehot(Gather(in[inLabels], ExpandAxes(index, -1)))
	var partner, lambda *Node
	if p.exp.Sampling.MixupAlpha > 0 {
		partner, lambda = at(inPartner), at(inLambda)
	}

	mode := model.Training
	if p.exp.Train.NormEval {
		mode = model.Evaluation
	}
	tape := p.tape()
	pass := p.pass(tape, mode, in[inParams], in[inFrozen], in[inStats])
	var logits *layer.Value
	if p.probe {
		logits = p.net.Logits(pass, tape.Input(Gather(in[inPixels], ExpandAxes(index, -1))))
	} else {
		images := pickAugmented(in[inPixels], index, at(inAugment), p.exp.Data)
		if partner != nil {
			images = mix(images, partner, lambda)
		}
		logits = p.net.Forward(pass, images)
	}

	mean := p.loss(logits.Node, onehot)
	if partner != nil && !p.exp.Train.UnmixedLabels {
		other := Gather(onehot, ExpandAxes(partner, -1))
		mean = Add(Mul(mean, lambda), Mul(p.loss(logits.Node, other), OneMinus(lambda)))
	}
	tape.Backward(logits, Gradient(mean, logits.Node)[0])

	gradients := map[string]*Node{}
	for _, param := range p.learns {
		gradients[param.Name] = pass.Values[param.Name].Gradient()
	}
	params, velocity := optim.Step(p.exp.Optim, in[inParams], in[inVelocity], model.Pack(gradients, p.learns), in[inRate])
	stats := in[inStats]
	if len(p.net.Stats) > 0 {
		stats = model.Pack(pass.Stats, p.net.Stats)
	}
	return []*Node{params, velocity, stats, AddScalar(in[inStep], int32(1)), mean, p.predict(logits.Node, 0)}
}

// Inputs of an evaluation.
const (
	evalParams = iota
	evalFrozen
	evalStats
	evalPixels // features of a linear probe
	evalLabels
	evalIndex // [batch]
)

// evaluate returns, for each image of the index, its cross-entropy [batch] and its
// predicted class [batch].
func (p *Program) evaluate(in []*Node) []*Node {
	tape := p.tape()
	pass := p.pass(tape, model.Evaluation, in[evalParams], in[evalFrozen], in[evalStats])
	var logits *Node
	if p.probe {
		logits = p.net.Logits(pass, tape.Input(Gather(in[evalPixels], ExpandAxes(in[evalIndex], -1)))).Node
	} else {
		logits = p.net.Forward(pass, pick(in[evalPixels], in[evalIndex], p.exp.Data)).Node
	}
	onehot := p.onehot(Gather(in[evalLabels], ExpandAxes(in[evalIndex], -1)))
	return []*Node{loss.PerImage(logits, onehot), p.predict(logits, p.exp.Loss.PostHocTau)}
}

func (p *Program) tape() *layer.Tape {
	return &layer.Tape{Matmul: p.device.Matmul, Vectors: p.device.Vectors, Precision: p.exp.Model.Precision}
}

// pass unpacks the state.
func (p *Program) pass(tape *layer.Tape, mode model.Mode, params, frozen, stats *Node) *model.Pass {
	pass := &model.Pass{
		Tape: tape, Mode: mode,
		Values: map[string]*layer.Value{},
		Stats:  model.Unpack(stats, p.net.Stats),
	}
	for name, n := range model.Unpack(params, p.learns) {
		pass.Values[name] = tape.Parameter(n)
	}
	for name, n := range model.Unpack(frozen, p.frozen) {
		pass.Values[name] = tape.Input(n)
	}
	return pass
}

func (p *Program) onehot(labels *Node) *Node { return OneHot(labels, p.classes, dtypes.Float32) }

// predict returns the class of the highest logit, the first one of equals, after
// subtracting tau log prior.
func (p *Program) predict(logits *Node, tau float64) *Node {
	if tau > 0 {
		logits = Sub(logits, Reshape(Const(logits.Graph(), loss.LogPrior(p.counts, tau)), 1, -1))
	}
	return ArgMax(logits, 1, dtypes.Int32)
}
