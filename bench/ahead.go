package bench

import (
	"cmp"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/model"
	"trainbench/bench/progress"
	"trainbench/bench/record"
	"trainbench/bench/train"
)

// jobName is what people read of a sample in progress.
func jobName(e experiment.Experiment, seed uint64) string {
	return fmt.Sprintf("%s seed %d", e.ID(), seed)
}

// tell begins to tell of the progress of a run, and returns what ends it. Until
// then all messages go above the bar.
func (r *Runner) tell() (end func()) {
	w := r.opt.Stderr
	r.progress = progress.New(w)
	if r.opt.Quiet {
		r.progress.Mode = progress.Silent
	}
	r.opt.Stderr = r.progress
	r.progress.Start()
	return func() {
		r.progress.Close()
		r.opt.Stderr = w
	}
}

// aheadAll is ahead for all suites that the program has. What is wrong with one of
// them is said when it is run.
func (r *Runner) aheadAll() {
	for _, s := range r.opt.Suites {
		if experiments, _, err := r.scale(s); err == nil {
			r.ahead(experiments)
		}
	}
}

// plan tells the progress of the work of an experiment: of its samples that -bench
// selects and that the results do not hold.
func (r *Runner) plan(e experiment.Experiment) {
	if r.opt.Quiet {
		return
	}
	data, err := r.dataset(e.Data.Dataset)
	if err != nil {
		return
	}
	work := r.workOf(e, data)
	for i := range min(r.seeds(), max(r.profile.Seeds, r.opt.Seeds)) { // with -seeds auto a guess
		seed := r.profile.FirstSeed + uint64(i)
		stored, err := record.ReadIfThere(record.SamplePath(r.folder(), e.Suite, e.Name, seed))
		there := err == nil && stored != nil && !r.opt.Fresh && stored.ConfigSHA256 == e.SHA256() &&
			len(stored.Samples) == 1 && stored.Samples[0].Env.Code == r.code
		if there || !selected(benchPattern(), e.Suite, e.Name, seed) {
			continue
		}
		r.progress.Plan(jobName(e, seed), work.total(e))
		if from := e.Model.Source; from != nil && from.Experiment != nil {
			r.planSource(asSource(*from.Experiment), seed)
		}
	}
}

// planSource tells the progress of a training that others start from, which one
// file may hold already.
func (r *Runner) planSource(e experiment.Experiment, seed uint64) {
	if data, err := r.dataset(e.Data.Dataset); err == nil {
		r.progress.Plan(jobName(e, seed), r.workOf(e, data).total(e))
	}
}

// work is what the phases of a training take, in multiplications of an image.
type work struct {
	trainImages, evalImages int
	cost                    map[train.Phase]float64
}

// workOf is the work of an experiment on a dataset, before anything is drawn.
func (r *Runner) workOf(e experiment.Experiment, set *dataset.Dataset) work {
	w := r.costs(e, set.Train, len(set.Classes))
	w.trainImages, w.evalImages = set.Train.Len(), set.Test.Len()
	classes := len(set.Classes)
	if n := len(e.Data.Classes); n > 0 {
		w.trainImages = w.trainImages * n / classes
		w.evalImages = w.evalImages * n / classes
		classes = n
	}
	switch counts := e.Data.PerClass; {
	case len(counts) == 1:
		w.trainImages = counts[0] * classes
	case len(counts) > 1:
		w.trainImages = 0
		for _, n := range counts {
			w.trainImages += n
		}
	}
	held := int(e.Data.Validation * float64(w.trainImages))
	w.trainImages -= held
	w.evalImages += held
	return w
}

// costs are those of images like the given ones: gradients take two products where
// the forward pass takes one.
func (r *Runner) costs(e experiment.Experiment, images dataset.Split, classes int) work {
	forward, head := 1., .01
	if net, err := r.opt.Nets.Build(e.Model, shape(images, classes)); err == nil {
		of := slices.DeleteFunc(slices.Clone(net.Params), func(p model.Param) bool { return p.Kind != model.Head })
		forward, head = float64(cmp.Or(net.Products, model.Count(net.Params))), float64(model.Count(of))
	}
	w := work{cost: map[train.Phase]float64{train.Training: 3 * forward, train.Evaluating: forward}}
	switch {
	case train.Probes(e):
		w.cost = map[train.Phase]float64{train.Training: 3 * head, train.Evaluating: head, train.Extracting: forward}
	case e.Model.Trainable == experiment.Head: // no gradient goes through the rest
		w.cost[train.Training] = forward
	}
	return w
}

// epochs returns the work of n epochs with their evaluations.
func (w work) epochs(e experiment.Experiment, n int) float64 {
	evaluations := n / e.Train.EvalEvery
	if n == e.Train.Epochs && (n == 0 || n%e.Train.EvalEvery != 0) {
		evaluations++
	}
	return float64(n*w.trainImages)*w.cost[train.Training] + float64(evaluations*w.evalImages)*w.cost[train.Evaluating]
}

func (w work) total(e experiment.Experiment) float64 {
	return float64(w.trainImages+w.evalImages)*w.cost[train.Extracting] + w.epochs(e, e.Train.Epochs)
}

// begin tells the progress of a training that begins, and has it tell of itself.
func (r *Runner) begin(name string, task *train.Task) *progress.Job {
	e := task.Experiment
	w := r.costs(e, task.Train, task.Classes)
	w.trainImages, w.evalImages = task.Train.Len(), task.Validation.Len()+task.Test.Len()
	job := r.progress.Begin(name, w.total(e), e.Train.Epochs)
	if from := task.Resume; from != nil {
		job.Resume(w.epochs(e, from.Epochs)+float64(from.Step*e.Sampling.Batch)*w.cost[train.Training], from.Epochs)
	}
	task.EpochDone = func(epoch train.Epoch) error {
		rate := 0.0
		if epoch.Seconds > 0 {
			rate = float64(w.trainImages) / epoch.Seconds
		}
		job.Epoch(epoch.Number, epoch.Train.Loss, rate)
		return nil
	}
	task.StepDone = func(images int, phase train.Phase) {
		trained := 0
		if phase == train.Training {
			trained = images
		}
		job.Step(float64(images)*w.cost[phase], trained)
	}
	return job
}

// benchPattern is the value of -bench, "." if there is none.
func benchPattern() string {
	if f := flag.Lookup("test.bench"); f != nil && f.Value.String() != "" {
		return f.Value.String()
	}
	return "."
}

// selected reports whether a pattern of -bench selects a sample, whose benchmark
// is Benchmark<Suite>/method=<experiment>/seed=<seed> by custom. Go matches each
// part of a pattern with the part of the name at the same place.
func selected(pattern, suite, experiment string, seed uint64) bool {
	name := []string{"Benchmark" + strings.ReplaceAll(suite, "-", ""), "method=" + experiment, fmt.Sprintf("seed=%d", seed)}
	for i, part := range strings.SplitN(pattern, "/", 3) {
		if i == 0 {
			part = "(?i)" + part // the names of functions are in CamelCase
		}
		re, err := regexp.Compile(strings.ReplaceAll(part, " ", "_"))
		if err != nil || !re.MatchString(name[i]) {
			return false
		}
	}
	return true
}
