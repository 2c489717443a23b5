package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"trainbench/bench/experiment"
	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// Saboteur is an undeclared change of a recipe: what is trained differs from what
// the record says. The gate should notice from the metrics alone.
type Saboteur struct {
	Name string
	// Do changes an experiment, and reports whether there was anything to change.
	Do func(*experiment.Experiment) bool
}

// Saboteurs are the mistakes that an audit makes on purpose.
func Saboteurs() []Saboteur {
	return []Saboteur{
		{"rate x 0.1", func(e *experiment.Experiment) bool { e.Optim.Rate /= 10; return true }},
		{"no momentum", func(e *experiment.Experiment) bool { e.Optim.Momentum = 0; return true }},
		{"no weight decay", func(e *experiment.Experiment) bool { e.Optim.WeightDecay = 0; return true }},
		{"no augmentation", func(e *experiment.Experiment) bool {
			e.Data.CropPadding, e.Data.Flip = 0, false
			return true
		}},
		{"5 % label noise", func(e *experiment.Experiment) bool { e.Data.LabelNoise = 0.05; return true }},
		{"a tenth of the data missing", func(e *experiment.Experiment) bool {
			// What is held out is not trained on, and the smallest class keeps an image.
			e.Data.Validation = 0.1
			return true
		}},
		{"batch norm in evaluation mode", func(e *experiment.Experiment) bool {
			e.Train.NormEval = true
			return e.Model.Trainable != experiment.Head // whose norm is in evaluation mode anyway
		}},
		{"inverted class prior", func(e *experiment.Experiment) bool {
			e.Loss.InvertPrior = true
			return e.Loss.Kind == experiment.BalancedSoftmax || e.Loss.Kind == experiment.LogitAdjusted
		}},
		{"mixup with unmixed labels", func(e *experiment.Experiment) bool {
			e.Train.UnmixedLabels = true
			return e.Sampling.MixupAlpha > 0
		}},
		{"shuffle off", func(e *experiment.Experiment) bool {
			shuffled := e.Sampling.Order == experiment.Shuffled
			e.Sampling.Order = experiment.Sequential
			return shuffled
		}},
	}
}

// Audit tests the gate on suites at the scale of the profile: it trains baselines
// with ten seeds, then as many honest re-runs with fresh seeds as there are
// saboteurs, then the saboteurs, one seed after the other until the verdict of an
// experiment stands, and writes who was caught, and with how many seeds. Nothing
// of it touches stored results or baselines.
func (r *Runner) Audit(suites []Suite, w io.Writer) error {
	a := &audit{Runner: r, w: w}
	for _, s := range suites {
		experiments, _, err := r.scale(s)
		if err != nil {
			return err
		}
		a.experiments = append(a.experiments, experiments...)
	}
	r.opt.Quiet = true
	options := r.gateOptions()
	options.MaxSeeds = auditSeeds
	var err error
	if a.gate, err = gate.NewSequential(options); err != nil {
		return err
	}
	return a.run()
}

const (
	auditBaseline = 10 // seeds of a baseline
	auditSeeds    = 5  // greatest number of seeds of a re-run
)

type audit struct {
	*Runner
	w           io.Writer
	gate        *gate.Sequential
	experiments []experiment.Experiment
	baselines   []*record.Record
	next        uint64 // seed
}

func (a *audit) run() error {
	a.next = a.profile.FirstSeed
	first := a.next
	for _, e := range a.experiments {
		base := a.record(e)
		for i := range auditBaseline {
			if err := a.add(base, e, e, first+uint64(i)); err != nil {
				return err
			}
		}
		a.baselines = append(a.baselines, base)
	}
	a.next = first + auditBaseline
	fmt.Fprintf(a.w, "| change | experiments | verdict | seeds of the first FAIL | by |\n|---|--:|---|--:|---|\n")
	nothing := Saboteur{"none: an honest re-run", func(*experiment.Experiment) bool { return true }}
	for range Saboteurs() {
		if err := a.rerun(nothing); err != nil {
			return err
		}
	}
	for _, s := range Saboteurs() {
		if err := a.rerun(s); err != nil {
			return err
		}
	}
	return nil
}

// rerun trains every experiment that a saboteur can change, with fresh seeds, and
// prints a line.
func (a *audit) rerun(s Saboteur) error {
	start := a.next
	a.next += auditSeeds
	tried := 0
	var caught []string
	least := 0
	for _, e := range a.experiments {
		changed := e.Clone()
		if !s.Do(&changed) {
			continue
		}
		tried++
		candidate := a.record(e)
		more := true
		for i := 0; more && i < auditSeeds; i++ {
			if err := a.add(candidate, e, changed, start+uint64(i)); err != nil {
				return err
			}
			var verdicts []gate.Verdict
			verdicts, more = a.gate.Next(a.baselines, candidate)
			if slices.ContainsFunc(verdicts, func(v gate.Verdict) bool { return v.Outcome == gate.Fail }) {
				caught = append(caught, e.ID())
				if least == 0 || i+1 < least {
					least = i + 1
				}
				break
			}
		}
	}
	verdict, seeds := "passed", "–"
	if len(caught) > 0 {
		verdict, seeds = "FAIL", fmt.Sprint(least)
	}
	_, err := fmt.Fprintf(a.w, "| %s | %d | %s | %s | %s |\n", s.Name, tried, verdict, seeds, strings.Join(caught, ", "))
	return err
}

func (a *audit) record(e experiment.Experiment) *record.Record {
	return &record.Record{
		Profile: a.profile.Name, Suite: e.Suite, Experiment: e.Name,
		Config: e.Canonical(), ConfigSHA256: e.SHA256(),
	}
}

// add trains what is trained, and records it as declared.
func (a *audit) add(r *record.Record, declared, trained experiment.Experiment, seed uint64) error {
	device, err := a.deviceFor(trained)
	if err != nil {
		return err
	}
	data, err := a.prepared(trained)
	if err != nil {
		return err
	}
	honest, err := a.prepared(declared)
	if err != nil {
		return err
	}
	// The record is that of a run that does not know better.
	s := record.Sample{Seed: seed, Data: honest.info, Env: a.environment(device)}
	if err := a.train(trained, device, data, &s, nil); err != nil {
		return err
	}
	r.Samples = append(r.Samples, s)
	return nil
}
