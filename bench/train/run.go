package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"slices"
	"time"

	"trainbench/bench/batch"
	"trainbench/bench/dataset"
	"trainbench/bench/metrics"
	"trainbench/bench/model"
	"trainbench/bench/optim"
)

// Run trains. It returns an error if the task cannot be trained at all; a loss
// that is not finite is a result. Panics of graph building and of the device
// become errors here.
func (t *Task) Run(ctx context.Context) (result *Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, fmt.Errorf("train %s, seed %d: %w", t.Experiment.ID(), t.Seed, panicError(p))
		}
	}()
	r, err := t.start()
	if err != nil {
		return nil, fmt.Errorf("train %s, seed %d: %w", t.Experiment.ID(), t.Seed, err)
	}
	defer r.close()
	if err := r.loop(ctx); err != nil {
		return nil, fmt.Errorf("train %s, seed %d: %w", t.Experiment.ID(), t.Seed, err)
	}
	return r.result, nil
}

// panicError is a panic as an error, with the place if it is not one that graph
// building raised on purpose.
func panicError(p any) error {
	if err, ok := p.(error); ok {
		return err
	}
	return fmt.Errorf("panic: %v\n%s", p, debug.Stack())
}

// run is the state of a training.
type run struct {
	*Task
	planner *batch.Planner
	session *session
	result  *Result

	epochs       int // done
	progress     progress
	watched      float64       // best macro-F1 on the split that early stopping watches
	hasWatched   bool          // whether it has looked yet
	sinceWatched int           // epochs since
	saved        time.Time     // when the state was saved last, or the start
	saving       time.Duration // how long that took
	ticked       time.Time     // when the last step was handed over
}

func (t *Task) start() (*run, error) {
	if t.Clock == nil {
		t.Clock = time.Now
	}
	e := t.Experiment
	counts := dataset.Counts(t.Train.Labels, t.Classes)
	p := t.Program
	if p == nil {
		net, err := model.New(e.Model, t.Shape())
		if err != nil {
			return nil, err
		}
		if p, err = NewProgram(e, t.Device, net, counts); err != nil {
			return nil, err
		}
	} else if p.device != t.Device || p.exp.SHA256() != e.SHA256() || !slices.Equal(p.counts, counts) {
		return nil, errors.New("the program is of another experiment, device or dataset")
	}
	planner := &batch.Planner{
		Seed: t.Seed, Sampling: e.Sampling, CropPadding: e.Data.CropPadding, Flip: e.Data.Flip,
		Labels: t.Train.Labels, Classes: t.Classes,
	}
	if err := planner.Validate(); err != nil {
		return nil, err
	}
	weights := t.Initial
	if weights == nil {
		weights = p.net.Init(batch.Stream(t.Seed, batch.Init, 0))
	}
	r := &run{Task: t, planner: planner, saved: t.Clock(), ticked: t.Clock()}
	r.result = &Result{InitialHash: Hash(p.net, weights), Params: model.Count(p.net.Params), Learns: model.Count(p.learns)}
	var err error
	if r.session, err = newSession(t, p, weights); err != nil {
		return nil, err
	}
	if t.Resume != nil {
		return r, r.restore(t.Resume)
	}
	return r, nil
}

// close frees the state, and the program if it is the run's own.
func (r *run) close() {
	r.session.free()
	if r.Program == nil {
		r.session.Close()
	}
}

// loop is the training: epochs, evaluations, early stopping.
func (r *run) loop(ctx context.Context) error {
	if r.session.probe {
		if err := r.extract(ctx); err != nil {
			return err
		}
	}
	for r.epochs < r.Experiment.Train.Epochs && !r.result.Stopped {
		epoch, diverged, err := r.epoch(ctx, r.epochs+1)
		if err != nil {
			return err
		}
		if diverged != nil {
			r.result.Diverged = diverged
			return nil
		}
		last := epoch.Number == r.Experiment.Train.Epochs
		if last || epoch.Number%r.Experiment.Train.EvalEvery == 0 {
			if err := r.evaluate(ctx, &epoch); err != nil {
				return err
			}
			r.result.Stopped = !last && r.stop(epoch)
		}
		r.result.Curve = append(r.result.Curve, epoch)
		r.epochs, r.progress = epoch.Number, progress{}
		if err := r.saveIf(r.cheap()); err != nil {
			return err
		}
		if r.EpochDone != nil {
			if err := r.EpochDone(epoch); err != nil {
				return err
			}
		}
	}
	if n := len(r.result.Curve); n > 0 {
		return r.finish(ctx, r.result.Curve[n-1])
	}
	return r.finish(ctx, Epoch{})
}

// extract computes the features of a linear probe. It is part of the training's
// time.
func (r *run) extract(ctx context.Context) error {
	start := r.Clock()
	compile, err := r.session.extract(func(images int) error { return r.tick(ctx, images, Extracting) })
	r.result.Timing.Compile += compile
	r.result.Timing.Train += r.Clock().Sub(start).Seconds() - compile
	return err
}

// tick tells of a step, saves the state if it is time to, and ends the training if
// ctx is done.
func (r *run) tick(ctx context.Context, images int, phase Phase) error {
	if r.StepDone != nil {
		r.StepDone(images, phase)
	}
	interrupted := ctx.Err() != nil
	now := r.Clock()
	slow := now.Sub(r.ticked) >= time.Second
	since := now.Sub(r.saved)
	// A clock that was set back must not keep the state from being saved.
	if err := r.saveIf(interrupted || since >= r.SaveEvery || since < 0 || slow && r.cheap()); err != nil {
		return err
	}
	r.ticked = r.Clock()
	if interrupted {
		return context.Cause(ctx)
	}
	return nil
}

// cheap reports whether saving now would keep the time that it takes below a
// hundredth of all.
func (r *run) cheap() bool { return r.Clock().Sub(r.saved) >= 100*r.saving }

func (r *run) saveIf(wanted bool) error {
	if r.Save == nil || !wanted {
		return nil
	}
	start := r.Clock()
	if err := r.Save(r.state()); err != nil {
		return err
	}
	r.saved = r.Clock()
	r.saving = r.saved.Sub(start)
	return nil
}

// epoch trains for one epoch, or for what is left of it.
func (r *run) epoch(ctx context.Context, number int) (Epoch, *Divergence, error) {
	plan := r.planner.Epoch(number - 1)
	rate := optim.Rate(r.Experiment.Optim, number-1)
	timing, before := &r.result.Timing, r.progress.step
	start := r.Clock()
	compile, err := r.session.train(plan, rate, &r.progress, func(images int) error { return r.tick(ctx, images, Training) })
	if err != nil {
		return Epoch{}, nil, err
	}
	seconds := r.Clock().Sub(start).Seconds() - compile
	timing.Compile += compile
	timing.Train += seconds
	timing.Images += len(plan.Index) - before*plan.Batch
	losses, predicted := r.progress.losses, r.progress.predicted

	sum := 0.0
	for step, l := range losses {
		if math.IsNaN(l) || math.IsInf(l, 0) {
			return Epoch{}, &Divergence{Epoch: number, Step: step + 1, Loss: l}, nil
		}
		sum += l * float64(min(plan.Batch, len(plan.Index)-step*plan.Batch))
	}
	c := metrics.NewConfusion(r.Classes)
	if err := c.Add(r.shown(plan), predicted); err != nil {
		return Epoch{}, nil, err
	}
	epoch := Epoch{Number: number, Rate: rate, Seconds: seconds}
	epoch.Train = Scores{Loss: sum / float64(len(plan.Index)), Top1: c.Top1(), F1: c.MacroF1()}
	return epoch, nil, nil
}

// shown returns the label that counts for each image of a plan: its own or, when
// mixed, that of the heavier part.
func (r *run) shown(plan *batch.Plan) []int32 {
	labels := make([]int32, len(plan.Index))
	for i, index := range plan.Index {
		if step := i / plan.Batch; plan.Lambda != nil && plan.Lambda[step] < .5 {
			index = plan.Index[step*plan.Batch+int(plan.Partner[i])]
		}
		labels[i] = r.Train.Labels[index]
	}
	return labels
}

// evaluate fills in the scores of an epoch and keeps its test predictions.
func (r *run) evaluate(ctx context.Context, epoch *Epoch) error {
	start, compiled := r.Clock(), r.result.Timing.Compile
	score := func(on *deviceSplit, labels []int32) (*Scores, []int32, error) {
		mean, predicted, compile, err := r.session.evaluate(on, func(images int) error { return r.tick(ctx, images, Evaluating) })
		if err != nil {
			return nil, nil, err
		}
		r.result.Timing.Compile += compile
		c := metrics.NewConfusion(r.Classes)
		if err := c.Add(labels, predicted); err != nil {
			return nil, nil, err
		}
		return &Scores{Loss: mean, Top1: c.Top1(), F1: c.MacroF1()}, predicted, nil
	}
	var err error
	if r.session.validationSet != nil {
		if epoch.Validation, _, err = score(r.session.validationSet, r.Validation.Labels); err != nil {
			return err
		}
	}
	if epoch.Test, r.result.Predictions, err = score(r.session.testSet, r.Test.Labels); err != nil {
		return err
	}
	r.result.Timing.Eval += r.Clock().Sub(start).Seconds() - (r.result.Timing.Compile - compiled)
	if len(r.result.Curve) == 0 || epoch.Test.F1 > r.result.Best.Scores.F1 {
		r.result.Best = Best{Epoch: epoch.Number, Scores: *epoch.Test}
	}
	return nil
}

// stop reports whether early stopping ends the training after an epoch.
func (r *run) stop(epoch Epoch) bool {
	rule := r.Experiment.Train
	if rule.Patience == 0 {
		return false
	}
	watched := epoch.Test
	if epoch.Validation != nil && rule.Watch == "validation" {
		watched = epoch.Validation
	}
	if !r.hasWatched || watched.F1 > r.watched {
		r.watched, r.hasWatched, r.sinceWatched = watched.F1, true, 0
		return false
	}
	r.sinceWatched += rule.EvalEvery
	return r.exhausted()
}

// exhausted reports whether early stopping has lost its patience.
func (r *run) exhausted() bool {
	patience := r.Experiment.Train.Patience
	return patience > 0 && r.sinceWatched >= patience
}

// finish takes the numbers of the last epoch.
func (r *run) finish(ctx context.Context, last Epoch) error {
	if last.Test == nil || r.result.Predictions == nil { // a State has none
		if err := r.evaluate(ctx, &last); err != nil {
			return err
		}
	}
	if math.IsNaN(last.Test.Loss) {
		return errors.New("the loss on the test set is not a number")
	}
	r.result.Test = *last.Test
	var err error
	if r.result.Weights, err = r.session.weights(); err != nil {
		return err
	}
	r.result.FinalHash = Hash(r.session.net, r.result.Weights)
	return nil
}
