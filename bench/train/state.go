package train

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/model"
)

// State is everything that a training is between two steps, apart from its Task.
// Randomness has no state: plans depend on seed and epoch alone. A training that
// goes on from a State gives what it would have given without the interruption,
// bit for bit.
type State struct {
	Epochs    int       // done
	Step      int       // done of the epoch in progress
	Losses    []float64 // of those steps; not finite ones are a State's end
	Predicted []int32   // on the way

	Curve        []Epoch
	Best         Best
	Watched      *float64 // the best macro-F1 that early stopping saw, nil if none
	SinceWatched int      // epochs since
	Timing       Timing
	InitialHash  string

	// Params, Velocity and Stats are flat vectors, as in Program.
	Params, Velocity, Stats []float32 `json:"-"`
}

// progress is what the epoch in progress gave so far.
type progress struct {
	step      int
	losses    []float64
	predicted []int32
	pending   [][]*tensors.Tensor // outputs that are still on the device
}

// collect reads pending outputs back.
func (p *progress) collect() {
	for _, out := range p.pending {
		p.losses = append(p.losses, float64(tensors.ToScalar[float32](out[0])))
		p.predicted = append(p.predicted, tensors.MustCopyFlatData[int32](out[1])...)
	}
	p.pending = nil
}

// state copies the training as it is.
func (r *run) state() *State {
	r.progress.collect()
	s := &State{
		Epochs: r.epochs, Step: r.progress.step,
		Losses: slices.Clone(r.progress.losses), Predicted: slices.Clone(r.progress.predicted),
		Curve: slices.Clone(r.result.Curve), Best: r.result.Best, SinceWatched: r.sinceWatched,
		Timing: r.result.Timing, InitialHash: r.result.InitialHash,
		Params:   tensors.MustCopyFlatData[float32](r.session.params),
		Velocity: tensors.MustCopyFlatData[float32](r.session.velocity),
		Stats:    tensors.MustCopyFlatData[float32](r.session.stats),
	}
	if r.hasWatched {
		watched := r.watched // the run goes on
		s.Watched = &watched
	}
	return s
}

// restore goes on from a state. It returns an error if the state is not of this
// task, and then changes nothing.
func (r *run) restore(s *State) error {
	steps := r.planner.Steps()
	finished := s.Epochs == r.Experiment.Train.Epochs
	switch {
	case s.InitialHash != r.result.InitialHash:
		return errors.New("the state began with other weights")
	case s.Epochs < 0 || s.Epochs > r.Experiment.Train.Epochs || len(s.Curve) != s.Epochs:
		return fmt.Errorf("the state has %d epochs and a curve of %d; the experiment has %d", s.Epochs, len(s.Curve), r.Experiment.Train.Epochs)
	case s.Step < 0 || s.Step > steps || finished && s.Step > 0 || len(s.Losses) != s.Step ||
		len(s.Predicted) != min(s.Step*r.planner.Sampling.Batch, r.planner.Len()):
		return fmt.Errorf("the state is at step %d of %d, with %d losses and %d predictions", s.Step, steps, len(s.Losses), len(s.Predicted))
	case len(s.Params) != model.Count(r.session.learns) || len(s.Velocity) != len(s.Params) || len(s.Stats) != model.Count(r.session.net.Stats):
		return fmt.Errorf("the state has %d parameters, %d velocities and %d statistics; the net has %d and %d",
			len(s.Params), len(s.Velocity), len(s.Stats), model.Count(r.session.learns), model.Count(r.session.net.Stats))
	}
	r.epochs = s.Epochs
	r.progress = progress{step: s.Step, losses: slices.Clone(s.Losses), predicted: slices.Clone(s.Predicted)}
	r.result.Curve, r.result.Best, r.result.Timing = slices.Clone(s.Curve), s.Best, s.Timing
	if r.hasWatched = s.Watched != nil; r.hasWatched {
		r.watched = *s.Watched
	}
	r.sinceWatched = s.SinceWatched
	r.result.Stopped = !finished && r.hasWatched && r.exhausted()
	r.session.params, r.session.velocity, r.session.stats = vector(s.Params), vector(s.Velocity), vector(s.Stats)
	return nil
}
