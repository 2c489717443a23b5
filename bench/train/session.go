package train

import (
	"fmt"
	"time"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/batch"
	"trainbench/bench/dataset"
	"trainbench/bench/model"
)

// evalBatch is the largest number of images of one evaluation call.
const evalBatch = 500

// session is the state of a training on the device.
type session struct {
	*Program
	clock func() time.Time

	params, velocity, stats, fixed   *tensors.Tensor
	trainSet, validationSet, testSet *deviceSplit
}

// deviceSplit is a split on the device, as bytes.
type deviceSplit struct {
	pixels, labels *tensors.Tensor
	batches        []*tensors.Tensor // indices of evaluation, each [evalBatch] or less
	count          int
}

func newSession(t *Task, p *Program, weights model.Weights) (*session, error) {
	s := &session{Program: p, clock: t.Clock}
	for _, list := range [][]model.Param{p.net.Params, p.net.Stats} {
		for _, param := range list {
			if got := len(weights[param.Name]); got != param.Len() {
				return nil, fmt.Errorf("initial weights: %s has %d values, want %d", param.Name, got, param.Len())
			}
		}
	}
	s.params = vector(weights.Flatten(p.learns))
	s.velocity = vector(make([]float32, model.Count(p.learns)))
	s.stats = vector(weights.Flatten(p.net.Stats))
	s.fixed = vector(weights.Flatten(p.frozen))
	s.trainSet = newDeviceSplit(t.Train)
	s.testSet = newDeviceSplit(t.Test)
	if t.Validation.Len() > 0 {
		s.validationSet = newDeviceSplit(t.Validation)
	}
	return s, nil
}

func newDeviceSplit(s dataset.Split) *deviceSplit {
	d := &deviceSplit{
		pixels: tensors.FromFlatDataAndDimensions(s.Pixels, s.Len(), s.Height, s.Width, s.Channels),
		labels: tensors.FromFlatDataAndDimensions(s.Labels, s.Len()),
		count:  s.Len(),
	}
	for start := 0; start < s.Len(); start += evalBatch {
		index := make([]int32, min(evalBatch, s.Len()-start))
		for i := range index {
			index[i] = int32(start + i)
		}
		d.batches = append(d.batches, tensors.FromFlatDataAndDimensions(index, len(index)))
	}
	return d
}

func vector(values []float32) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(values, len(values))
}

// train does the steps of a plan that are not done yet, calling tick with the
// number of images after each. It returns the seconds that compiling took.
func (s *session) train(plan *batch.Plan, rate float64, done *progress, tick func(images int) error) (compile float64, err error) {
	full := len(plan.Index) / plan.Batch // steps of a whole batch
	rateTensor := tensors.FromScalar(float32(rate))
	for done.step < plan.Steps() {
		first, steps, size := 0, full, plan.Batch
		if done.step >= full {
			first, steps, size = full, 1, len(plan.Index)%plan.Batch
		}
		constant := append([]*tensors.Tensor{s.fixed, s.trainSet.pixels, s.trainSet.labels, rateTensor},
			s.planTensors(plan, first, steps, size)...)
		counter := tensors.FromScalar(int32(done.step - first))
		seconds, err := s.compile(s.stepExec, "step", append([]*tensors.Tensor{s.params, s.velocity, s.stats, counter}, constant...), s.clock)
		if err != nil {
			return 0, err
		}
		compile += seconds
		for done.step < first+steps {
			out, err := s.step(counter, constant)
			if err != nil {
				return 0, err
			}
			s.params, s.velocity, s.stats, counter = out[inParams], out[inVelocity], out[inStats], out[inStep]
			done.pending = append(done.pending, out[outLoss:])
			done.step++
			if err := tick(size); err != nil {
				return 0, err
			}
		}
	}
	done.collect()
	return compile, nil
}

// planTensors sends steps of a plan to the device, each of size images.
func (s *session) planTensors(plan *batch.Plan, first, steps, size int) []*tensors.Tensor {
	start := first * plan.Batch
	part := func(values []int32) *tensors.Tensor {
		return tensors.FromFlatDataAndDimensions(values[start:start+steps*size], steps, size)
	}
	out := []*tensors.Tensor{part(plan.Index), part(plan.Augment)}
	if plan.Lambda != nil {
		out = append(out, part(plan.Partner), vector(plan.Lambda[first:first+steps]))
	}
	return out
}

// step calls the device once. State is donated: its memory becomes the outputs'.
func (s *session) step(counter *tensors.Tensor, constant []*tensors.Tensor) ([]*tensors.Tensor, error) {
	var args []any
	for _, state := range []*tensors.Tensor{s.params, s.velocity, s.stats, counter} {
		donated, err := graph.DonateTensorBuffer(state, s.device.Backend, 0)
		if err != nil {
			return nil, err
		}
		args = append(args, donated)
	}
	for _, t := range constant {
		args = append(args, t)
	}
	return s.stepExec.Call(args...)
}

// evaluate returns the mean cross-entropy and the predicted classes of a split. It
// calls tick with the number of images after each batch.
func (s *session) evaluate(on *deviceSplit, tick func(images int) error) (mean float64, predicted []int32, compile float64, err error) {
	sum := 0.0
	for _, index := range on.batches {
		inputs := []*tensors.Tensor{s.params, s.fixed, s.stats, on.pixels, on.labels, index}
		seconds, err := s.compile(s.evalExec, "evaluate", inputs, s.clock)
		if err != nil {
			return 0, nil, 0, err
		}
		compile += seconds
		args := make([]any, len(inputs))
		for i, t := range inputs {
			args[i] = t
		}
		out, err := s.evalExec.Call(args...)
		if err != nil {
			return 0, nil, 0, err
		}
		for _, l := range tensors.MustCopyFlatData[float32](out[0]) {
			sum += float64(l)
		}
		predicted = append(predicted, tensors.MustCopyFlatData[int32](out[1])...)
		if err := tick(index.Shape().Size()); err != nil {
			return 0, nil, 0, err
		}
	}
	return sum / float64(on.count), predicted, compile, nil
}

// weights reads the state back.
func (s *session) weights() (model.Weights, error) {
	w := model.Weights{}
	w.SetFlat(s.learns, tensors.MustCopyFlatData[float32](s.params))
	w.SetFlat(s.frozen, tensors.MustCopyFlatData[float32](s.fixed))
	w.SetFlat(s.net.Stats, tensors.MustCopyFlatData[float32](s.stats))
	return w, nil
}

// free gives back the memory of the device at once. Go's collector would, too, but
// it does not know how much there is.
func (s *session) free() {
	all := []*tensors.Tensor{s.params, s.velocity, s.stats, s.fixed}
	for _, d := range []*deviceSplit{s.trainSet, s.validationSet, s.testSet} {
		if d != nil {
			all = append(all, append(d.batches, d.pixels, d.labels)...)
		}
	}
	for _, t := range all {
		t.MustFinalizeAll()
	}
}
