package bench

import (
	"runtime"
	"slices"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// maxAuto is the greatest number of seeds with Options.Auto, unless Seeds says
// another.
const maxAuto = 10

func (r *Runner) seeds() int {
	switch {
	case r.opt.Seeds > 0:
		return r.opt.Seeds
	case r.opt.Auto:
		return maxAuto
	}
	return r.profile.Seeds
}

// wants reports whether an experiment with n seeds done should get another one. It
// depends on those n alone.
func (r *Runner) wants(e experiment.Experiment, n int) (bool, error) {
	if !r.opt.Auto || n == 0 {
		return n < r.seeds(), nil
	}
	done := r.done(e, n)
	if done == nil || n >= r.seeds() {
		return false, nil // not selected by -bench, failed, or enough
	}
	baselines, err := record.LoadBaselines(r.baselines())
	if err != nil {
		return false, err
	}
	if !slices.ContainsFunc(baselines, func(b *record.Record) bool { return b.ID() == e.ID() }) {
		return n < r.profile.Seeds, nil
	}
	sequential, err := gate.NewSequential(baselines, r.gateOptions())
	if err != nil {
		return false, err
	}
	_, more := sequential.Next(done)
	return more, nil
}

// done returns the record of the first n seeds of an experiment in this run, nil if
// they are not all there.
func (r *Runner) done(e experiment.Experiment, n int) *record.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.records[e.ID()]
	if all == nil || len(all.Samples) < n {
		return nil
	}
	first := *all
	first.Samples = slices.Clone(all.Samples[:n])
	return &first
}

// job is the sample of the i-th seed of an experiment.
func (r *Runner) job(e experiment.Experiment, i int) *job {
	return &job{experiment: e, number: i, seed: r.profile.FirstSeed + uint64(i)}
}

// ahead begins to train what benchmarks will ask for, and plans the rest, unless
// it was told of the experiments before. With Auto, of each experiment the first
// seed alone is sure to be wanted.
func (r *Runner) ahead(experiments []experiment.Experiment) {
	for _, e := range experiments {
		if r.told[e.ID()] {
			continue
		}
		r.told[e.ID()] = true
		if r.pool == nil {
			r.pool = newPool(r.parallel(e), r.sample, r.due)
			r.pool.busy = r.busy
		}
		r.plan(e)
		for i := range r.seeds() {
			if j := r.job(e, i); i == 0 || !r.opt.Auto {
				if selected(benchPattern(), e.Suite, e.Name, j.seed) {
					r.pool.add(j)
				}
			}
		}
	}
}

// parallel is the number of samples to train side by side.
func (r *Runner) parallel(e experiment.Experiment) int {
	if r.opt.Parallel > 0 {
		return r.opt.Parallel
	}
	// What is wrong with the device, the benchmark says.
	if d, err := r.deviceFor(e); err == nil && d.Name == backend.Go {
		return runtime.GOMAXPROCS(0)
	}
	return 1
}

// due returns the sample that is wanted after another one, with Auto.
func (r *Runner) due(after *job) *job {
	if !r.opt.Auto || after.err != nil {
		return nil
	}
	next := r.job(after.experiment, after.number+1)
	more, err := r.wants(next.experiment, next.number)
	if err != nil || !more || !selected(benchPattern(), next.experiment.Suite, next.experiment.Name, next.seed) {
		return nil // the benchmark says what is wrong
	}
	return next
}
