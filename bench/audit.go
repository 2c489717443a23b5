package bench

import (
	"fmt"
	"io"
	"path/filepath"

	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// Audit tests the gate on suites at the scale of the profile, and writes tables of
// who was caught, and what it cost. It trains baselines with ten seeds; then as
// many honest re-runs as there are saboteurs, all with fresh seeds; then the
// saboteurs, the i-th with the seeds of the i-th honest re-run. Options.Seeds is
// the number of seeds of a re-run, at most 10 (the default).
//
// Samples are kept in the folder "audit" of the results, where an interrupted
// audit goes on; stored results and baselines are not touched.
func (r *Runner) Audit(suites []Suite, w io.Writer) error {
	opt := r.opt
	opt.Results = filepath.Join(opt.Results, "audit")
	a := &audit{Runner: NewRunner(opt), seeds: auditSeeds}
	a.ctx = r.ctx
	if opt.Seeds > 0 {
		a.seeds = opt.Seeds
	}
	if a.seeds > auditStride {
		return fmt.Errorf("audit: %d seeds of a re-run: want at most %d", a.seeds, auditStride)
	}
	for _, s := range suites {
		experiments, _, err := a.scale(s)
		if err != nil {
			return err
		}
		a.experiments = append(a.experiments, experiments...)
	}
	if err := a.collect(); err != nil {
		return err
	}
	return a.write(w)
}

const (
	auditBaseline = 10 // seeds of a baseline
	auditSeeds    = 10 // seeds of a re-run, unless Options.Seeds says otherwise
	auditStride   = 10 // from the first seed of a re-run to that of the next
)

// audit is one run of Audit.
type audit struct {
	*Runner
	seeds       int // of a re-run
	experiments []experiment.Experiment
	baselines   []*record.Record
	honest      []rerun
	sabotaged   []rerun
}

// rerun is a family of candidates: the experiments that a change has touched.
type rerun struct {
	change     string
	candidates []*record.Record
}

// collect trains baselines and re-runs, one experiment after the other, so that all
// trainings of a recipe share its compiled program.
func (a *audit) collect() error {
	saboteurs := Saboteurs()
	for i, s := range saboteurs {
		a.honest = append(a.honest, rerun{change: fmt.Sprintf("none: honest re-run %d", i+1)})
		a.sabotaged = append(a.sabotaged, rerun{change: s.Name})
	}
	first := a.profile.FirstSeed
	fresh := func(i int) uint64 { return first + auditBaseline + uint64(i*auditStride) }
	for _, e := range a.experiments {
		base, err := a.samples(e, e, first, auditBaseline)
		if err != nil {
			return err
		}
		a.baselines = append(a.baselines, base)
		for i := range saboteurs {
			if err := a.honest[i].add(a.samples(e, e, fresh(i), a.seeds)); err != nil {
				return err
			}
		}
		for i, s := range saboteurs {
			changed, ok := s.change(e)
			if !ok {
				continue
			}
			if err := a.sabotaged[i].add(a.samples(e, changed, fresh(i), a.seeds)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *rerun) add(candidate *record.Record, err error) error {
	r.candidates = append(r.candidates, candidate)
	return err
}

// samples trains n seeds of what is trained, and records them as what is declared.
func (a *audit) samples(declared, trained experiment.Experiment, first uint64, n int) (*record.Record, error) {
	honest, err := a.prepared(declared)
	if err != nil {
		return nil, err
	}
	r := &record.Record{
		Profile: a.profile.Name, Suite: declared.Suite, Experiment: declared.Name,
		Config: declared.Canonical(), ConfigSHA256: declared.SHA256(),
	}
	for i := range n {
		got, err := a.sample(trained, first+uint64(i))
		if err != nil {
			return nil, err
		}
		if got.Status == record.Failed {
			return nil, fmt.Errorf("%s seed %d: %s", trained.ID(), got.Seed, got.Detail)
		}
		s := *got
		s.Data = honest.info // as a run says that does not know better
		r.Samples = append(r.Samples, s)
	}
	return r, nil
}
