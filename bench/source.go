package bench

import (
	"fmt"
	"strings"

	"trainbench/bench/batch"
	"trainbench/bench/experiment"
	"trainbench/bench/model"
	"trainbench/bench/train"
	"trainbench/bench/weights"
)

// source is weights that an experiment was trained to.
type source struct {
	weights model.Weights
	hash    string
}

// initial returns the weights that a training starts from, nil to draw them, and
// the hash of the source.
func (r *Runner) initial(e experiment.Experiment, seed uint64, data *prepared) (model.Weights, string, error) {
	from := e.Model.Source
	if from == nil {
		return nil, "", nil
	}
	net, err := model.New(e.Model, data.train.Channels, data.classes)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", e.ID(), err)
	}
	var s *source
	if from.Experiment != nil {
		s, err = r.trainSource(e.ID(), *from.Experiment, seed)
	} else {
		s, err = readSource(*from, net)
	}
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", e.ID(), err)
	}
	w := net.Init(batch.Stream(seed, batch.Init, 0))
	if err := w.CopyFrom(s.weights, net, from.KeepHead); err != nil {
		return nil, "", fmt.Errorf("%s: %w", e.ID(), err)
	}
	return w, s.hash, nil
}

// readSource reads weights from a file.
func readSource(from experiment.Source, net *model.Net) (*source, error) {
	set, err := weights.Open(from.File)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(set.SHA256, from.FileSHA256) {
		return nil, fmt.Errorf("%s: the SHA-256 is %s, and model.source.file_sha256 is %s: another file, or a damaged one",
			from.File, set.SHA256, from.FileSHA256)
	}
	w, err := net.FromTorch(set, from.KeepHead)
	if err != nil {
		return nil, fmt.Errorf("%s does not fit the net: %w", from.File, err)
	}
	return &source{weights: w, hash: set.SHA256}, nil
}

// trainSource trains the source of an experiment, once for each recipe and seed.
func (r *Runner) trainSource(target string, e experiment.Experiment, seed uint64) (*source, error) {
	key := fmt.Sprint(e.SHA256(), "/", seed)
	if s := r.sources[key]; s != nil {
		return s, nil
	}
	e.Suite, e.Name = "source", "of-"+e.SHA256()[:8]+"x"
	device, err := r.deviceFor(e)
	if err != nil {
		return nil, err
	}
	data, err := r.prepared(e)
	if err != nil {
		return nil, err
	}
	task := &train.Task{
		Experiment: e, Seed: seed, Device: device, Classes: data.classes,
		Train: data.train, Validation: data.validation, Test: data.test, Clock: r.opt.Clock,
	}
	result, err := task.Run(r.ctx)
	if err != nil {
		return nil, fmt.Errorf("source: %w", err)
	}
	if result.Diverged != nil {
		return nil, fmt.Errorf("source: %s", result.Diverged)
	}
	s := &source{weights: result.Weights, hash: result.FinalHash}
	r.sources[key] = s
	if !r.opt.Quiet {
		fmt.Fprintf(r.opt.Stderr, "# source of %s seed %d: top-1 %.2f %% on %s\n", target, seed, 100*result.Test.Top1, e.Data.Dataset)
	}
	return s, nil
}
