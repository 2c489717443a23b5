package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"trainbench/bench/backend"
	"trainbench/bench/checkpoint"
	"trainbench/bench/experiment"
	"trainbench/bench/record"
	"trainbench/bench/train"
)

// sample returns the sample of an experiment and a seed: the stored one if it
// still stands, or else a new one, which it stores. An error is one of the
// machine or of the configuration; a training that diverges or fails is a sample.
func (r *Runner) sample(e experiment.Experiment, seed uint64) (*record.Sample, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	device, err := r.deviceFor(e)
	if err != nil {
		return nil, err
	}
	data, err := r.prepared(e)
	if err != nil {
		return nil, err
	}
	env := r.environment(device)
	rec := &record.Record{
		Profile: r.profile.Name, Suite: e.Suite, Experiment: e.Name,
		Config: json.RawMessage(e.Canonical()), ConfigSHA256: e.SHA256(), Notes: notes(e),
	}
	path := record.SamplePath(r.folder(), e.Suite, e.Name, seed)
	cached, lock, err := claim(r, path, func() (*record.Record, error) { return r.stored(path, rec, data.info, env) })
	if err != nil {
		return nil, err
	}
	if cached != nil {
		r.progress.Drop(jobName(e, seed))
		r.keep(cached)
		r.say(e, &cached.Samples[0], " (cached)")
		return &cached.Samples[0], nil
	}
	defer r.release(lock)
	s := record.Sample{Seed: seed, Data: data.info, Env: env}
	state := checkpoints(path, e, seed, data, env)
	if err := r.train(e, device, data, &s, state); err != nil {
		return nil, err
	}
	s.Env.Earlier = state.Machines
	rec.Samples = []record.Sample{s}
	if err := r.putAside(filepath.Dir(path), rec.ConfigSHA256); err != nil {
		return nil, err
	}
	if err := rec.Write(path); err != nil {
		return nil, fmt.Errorf("%w\nthe training is done and goes on from its last checkpoint: make room, or say -results FOLDER, and run the same command", err)
	}
	if s.Status != record.Failed { // what failed for want of memory goes on from there
		if err := state.Remove(); err != nil {
			return nil, err
		}
	}
	r.keep(rec)
	r.say(e, &s, "")
	return &s, nil
}

// train fills in what the training gives. It goes on from the state that an
// earlier run left, if there is one, and leaves its own; a nil state does neither.
func (r *Runner) train(e experiment.Experiment, device *backend.Device, data *prepared, s *record.Sample, state *checkpoint.File) error {
	task, err := r.task(e, s.Seed, device, data, state)
	if err != nil {
		s.Status, s.Detail = record.Failed, err.Error()
		return nil
	}
	defer r.programs.release(task.Program)
	if task.Initial, s.Weights.SourceSHA256, err = r.initial(e, s.Seed, data); err != nil {
		return r.orInterrupted(err)
	}
	defer r.begin(jobName(e, s.Seed), task).End()
	result, err := task.Run(r.ctx)
	if err != nil && (errors.Is(err, errSave) || r.ctx.Err() != nil) {
		return r.orInterrupted(err)
	}
	if err != nil {
		s.Status, s.Detail = record.Failed, err.Error()
		return nil
	}
	if r.pool != nil {
		s.Timing.Parallel = r.pool.limit
	}
	return fill(s, result, data)
}

// orInterrupted returns an error, or that of the run's end if it comes of that.
func (r *Runner) orInterrupted(err error) error {
	if ended := r.ctx.Err(); ended != nil && !errors.Is(err, errSave) {
		return ended
	}
	return err
}

// errSave is of the machine and no outcome of a training.
var errSave = errors.New("the state cannot be saved; make room, or say -results FOLDER: the same command goes on from the last state that was")

// task returns the training of an experiment, which goes on from state and leaves
// its own there; with a nil state it does neither.
func (r *Runner) task(e experiment.Experiment, seed uint64, device *backend.Device, data *prepared, state *checkpoint.File) (*train.Task, error) {
	program, err := r.program(e, device, data)
	if err != nil {
		return nil, err
	}
	task := &train.Task{
		Experiment: e, Seed: seed, Device: device, Program: program, Classes: data.classes,
		Train: data.train, Validation: data.validation, Test: data.test, Clock: r.opt.Clock,
	}
	if state != nil {
		task.SaveEvery = r.opt.SaveEvery
		task.Save = func(s *train.State) error {
			if err := state.Save(s); err != nil {
				return fmt.Errorf("%w: %w", errSave, err)
			}
			return nil
		}
		task.Resume = r.resume(e, seed, state)
	}
	return task, nil
}

// checkpoints are those of a training whose outcome goes to path.
func checkpoints(path string, e experiment.Experiment, seed uint64, data *prepared, env record.Env) *checkpoint.File {
	return &checkpoint.File{
		Path: besides(path, ".checkpoint"), Machine: fmt.Sprintf("%s (%s, %d cores)", env.Host, env.CPU, env.Cores),
		ID: checkpoint.Identity{
			Experiment: e.ID(), ConfigSHA256: e.SHA256(), Seed: seed,
			Data: data.info.SHA256, Subset: data.info.SubsetSHA256, Environment: env.Fingerprint(), Code: env.Code,
		},
	}
}

// resume returns the state to go on from, nil to begin anew, and says which.
func (r *Runner) resume(e experiment.Experiment, seed uint64, state *checkpoint.File) *train.State {
	if r.opt.Fresh {
		return nil
	}
	from, problems := state.Load()
	for _, p := range problems {
		fmt.Fprintf(r.opt.Stderr, "# %s seed %d: %v\n", e.ID(), seed, p)
	}
	if from != nil && !r.opt.Quiet {
		fmt.Fprintf(r.opt.Stderr, "# %s seed %d: resumed after %d epochs and %d steps\n", e.ID(), seed, from.Epochs, from.Step)
	}
	return from
}

// stored returns the record at path if it is what training again would give:
// same config, data, environment and program. Otherwise nil. With Fresh it is also
// nil if the record is older than this run: processes that share the work of a
// fresh run take each other's.
func (r *Runner) stored(path string, want *record.Record, data record.Data, env record.Env) (*record.Record, error) {
	got, err := record.ReadIfThere(path)
	if err != nil && r.opt.Fresh {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w\nmove the file away, or run with -fresh", err)
	}
	if got == nil || len(got.Samples) != 1 {
		return nil, nil
	}
	s := got.Samples[0]
	same := got.ConfigSHA256 == want.ConfigSHA256 && s.Status != record.Failed &&
		s.Data.SHA256 == data.SHA256 && s.Data.SubsetSHA256 == data.SubsetSHA256 &&
		s.Env.Code == env.Code && s.Env.Fingerprint() == env.Fingerprint()
	if !same || r.opt.Fresh && !s.Env.Start.After(r.began) {
		return nil, nil
	}
	return got, nil
}

// putAside moves samples of other configs from the folder of an experiment into a
// folder "old" of it: they must not count, and nothing is thrown away.
func (r *Runner) putAside(folder, config string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	paths, err := filepath.Glob(filepath.Join(folder, "seed-*.json"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		old, err := record.ReadIfThere(path)
		if err == nil && (old == nil || old.ConfigSHA256 == config) {
			continue
		}
		name := "damaged"
		if err == nil {
			name = old.ConfigSHA256[:12]
		}
		to := filepath.Join(folder, "old", name, filepath.Base(path))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o777), os.Rename(path, to)); err != nil {
			return err
		}
	}
	return nil
}

// keep adds a record of one sample to those of this run.
func (r *Runner) keep(one *record.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	joined := r.records[one.ID()]
	if joined == nil {
		joined = &record.Record{
			Profile: one.Profile, Suite: one.Suite, Experiment: one.Experiment,
			Config: one.Config, ConfigSHA256: one.ConfigSHA256, Notes: one.Notes,
		}
		r.records[one.ID()] = joined
	}
	joined.Samples = append(joined.Samples, one.Samples...)
}

func (r *Runner) folder() string { return filepath.Join(r.opt.Results, r.profile.Name) }

// say tells people about a sample that is done.
func (r *Runner) say(e experiment.Experiment, s *record.Sample, how string) {
	if r.opt.Quiet {
		return
	}
	outcome := fmt.Sprintf("top-1 %.2f %%, macro-F1 %.2f %%", s.Metrics[record.Top1], s.Metrics[record.F1])
	if s.Status != record.OK {
		outcome = strings.ToUpper(string(s.Status)) + ": " + s.Detail
	}
	fmt.Fprintf(r.opt.Stderr, "# %s seed %d: %s, %.1f s%s\n", e.ID(), s.Seed, outcome,
		s.Timing.Total(), how)
}
