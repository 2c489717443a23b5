package train

import (
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/experiment"
	"trainbench/bench/model"
)

// Probes reports whether an experiment is a linear probe: only the fully connected
// layer learns and nothing in front of it is random, so that an image has the same
// features in every epoch. They are then computed once, and training is that of
// the layer alone.
func Probes(e experiment.Experiment) bool {
	random := e.Data.CropPadding > 0 || e.Data.Flip || e.Sampling.MixupAlpha > 0
	return e.Model.Trainable == experiment.Head && !random && e.Train.Epochs > 1
}

// features is the graph that returns the features [batch, f] of the images of an
// index. Its inputs are those of evaluate, without labels.
func (p *Program) features(in []*Node) []*Node {
	params, frozen, stats, pixels, index := in[0], in[1], in[2], in[3], in[4]
	pass := p.pass(p.tape(), model.Evaluation, params, frozen, stats)
	return []*Node{p.net.Embed(pass, pick(pixels, index, p.exp.Data)).Node}
}

// extract replaces the pixels of every split by features. It calls tick with the
// number of images after each batch, and returns the seconds that compiling took.
func (s *session) extract(tick func(images int) error) (compile float64, err error) {
	for _, split := range []*deviceSplit{s.trainSet, s.validationSet, s.testSet} {
		if split == nil {
			continue
		}
		seconds, err := s.extractSplit(split, tick)
		compile += seconds
		if err != nil {
			return compile, err
		}
	}
	return compile, nil
}

func (s *session) extractSplit(split *deviceSplit, tick func(images int) error) (compile float64, err error) {
	var values []float32
	for _, index := range split.batches {
		inputs := []*tensors.Tensor{s.params, s.fixed, s.stats, split.pixels, index}
		seconds, err := s.compile(s.featureExec, "features", inputs, s.clock)
		compile += seconds
		if err != nil {
			return compile, err
		}
		args := make([]any, len(inputs))
		for i, t := range inputs {
			args[i] = t
		}
		out, err := s.featureExec.Call(args...)
		if err != nil {
			return compile, err
		}
		values = append(values, tensors.MustCopyFlatData[float32](out[0])...)
		if err := tick(index.Shape().Size()); err != nil {
			return compile, err
		}
	}
	split.pixels.MustFinalizeAll()
	split.pixels = tensors.FromFlatDataAndDimensions(values, split.count, len(values)/split.count)
	return compile, nil
}
