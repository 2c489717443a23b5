package bench

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// design is a way to spend seeds on a run.
type design struct {
	name  string
	seeds int  // of every experiment, or the most
	auto  bool // one after the other, until the verdict stands
	plain bool // gates top-1 and macro-F1 alone, if the profile gates the loss, too
	all   bool // all honest seeds are the baseline; for saboteurs only
}

// designs are those that the samples are judged by: -seeds 1, 3, ... and auto.
func (a *audit) designs() []design {
	var out []design
	for _, n := range []int{1, 3, 5, 10} {
		if n < a.seeds {
			out = append(out, a.fixed(n))
		}
	}
	out = append(out, a.fixed(a.seeds), a.auto())
	if a.profile.MarginLoss > 0 {
		out = append(out, a.plain())
	}
	return append(out, a.all())
}

func (a *audit) fixed(n int) design { return design{name: fmt.Sprint("-seeds ", n), seeds: n} }

func (a *audit) auto() design {
	return design{name: fmt.Sprintf("-seeds auto, at most %d", a.seeds), seeds: a.seeds, auto: true}
}

func (a *audit) plain() design {
	return design{name: fmt.Sprintf("-seeds %d, the loss is not gated", a.seeds), seeds: a.seeds, plain: true}
}

func (a *audit) all() design {
	n := auditBaseline + len(a.honest)*a.seeds
	return design{name: fmt.Sprintf("-seeds %d, against all %d honest seeds", a.seeds, n), seeds: a.seeds, all: true}
}

// judged is what a design says of a re-run.
type judged struct {
	verdicts []gate.Verdict
	caught   []string // experiments with a FAIL
	improved []string // experiments with an IMPROVED
	first    int      // the least number of seeds of a FAIL; 0 if there is none
	trained  int      // trainings that it took
	seconds  float64  // of training and evaluation
}

// passed counts the verdicts that let the change pass.
func (j judged) passed() int {
	n := 0
	for _, v := range j.verdicts {
		if v.Outcome == gate.Pass || v.Outcome == gate.Improved {
			n++
		}
	}
	return n
}

// judgeRerun judges a re-run as the design does.
func (a *audit) judgeRerun(r rerun, d design) (judged, error) {
	options := a.gateOptions()
	options.MaxSeeds = 0
	if d.plain {
		delete(options.Margins, record.Loss)
	}
	if !d.auto {
		return a.judgeFixed(r, d.seeds, d.all, options)
	}
	options.MaxSeeds = d.seeds
	sequential, err := gate.NewSequential(a.baselines, options)
	if err != nil {
		return judged{}, err
	}
	var out judged
	for _, c := range r.candidates {
		n, more := 0, true
		var verdicts []gate.Verdict
		for more {
			n++
			verdicts, more = sequential.Next(prefix(c, n))
		}
		out.add(c, n, verdicts)
	}
	return out, nil
}

func (a *audit) judgeFixed(r rerun, seeds int, all bool, options gate.Options) (judged, error) {
	in := gate.Input{Baselines: a.baselines}
	if all {
		in.Baselines = a.everyHonest()
	}
	for _, c := range r.candidates {
		in.Candidates = append(in.Candidates, prefix(c, seeds))
	}
	report, err := gate.Judge(in, options)
	var out judged
	for _, c := range r.candidates {
		of := func(v gate.Verdict) bool { return v.Experiment != c.ID() }
		out.add(c, seeds, slices.DeleteFunc(slices.Clone(report.Verdicts), of))
	}
	return out, err
}

// everyHonest returns the baselines joined with the honest re-runs.
func (a *audit) everyHonest() []*record.Record {
	var out []*record.Record
	for _, b := range a.baselines {
		joined := *b
		joined.Samples = slices.Clone(b.Samples)
		for _, r := range a.honest {
			for _, c := range r.candidates {
				if c.ID() == b.ID() {
					joined.Samples = append(joined.Samples, c.Samples...)
				}
			}
		}
		out = append(out, &joined)
	}
	return out
}

// prefix is a record of the first n samples.
func prefix(r *record.Record, n int) *record.Record {
	p := *r
	p.Samples = r.Samples[:n:n]
	return &p
}

// add counts an experiment that was trained with n seeds.
func (j *judged) add(c *record.Record, n int, verdicts []gate.Verdict) {
	j.verdicts = append(j.verdicts, verdicts...)
	j.trained += n
	for _, s := range c.Samples[:n] {
		j.seconds += s.Timing.Train + s.Timing.Eval
	}
	has := func(o gate.Outcome) bool {
		return slices.ContainsFunc(verdicts, func(v gate.Verdict) bool { return v.Outcome == o })
	}
	switch {
	case has(gate.Fail):
		j.caught = append(j.caught, c.Experiment)
		if j.first == 0 || n < j.first {
			j.first = n
		}
	case has(gate.Improved):
		j.improved = append(j.improved, c.Experiment)
	}
}

// write prints the tables: of each re-run, and of the designs.
func (a *audit) write(w io.Writer) error {
	margins := fmt.Sprintf("margin %g pp", a.profile.Margin)
	if a.profile.MarginLoss > 0 {
		margins += fmt.Sprintf(" (loss: %g)", a.profile.MarginLoss)
	}
	fmt.Fprintf(w, "Profile %s, %s: baselines of %d seeds, re-runs of %d.\n", a.profile.Name, margins, auditBaseline, a.seeds)
	fmt.Fprint(w, "\n| change | experiments | verdict | by | -seeds auto | what it does, pp and nats |\n|---|--:|---|---|---|---|\n")
	for _, r := range a.honest {
		if err := a.writeRerun(w, r, a.fixed(a.seeds)); err != nil {
			return err
		}
	}
	for _, r := range a.sabotaged {
		if err := a.writeRerun(w, r, a.all()); err != nil {
			return err
		}
	}
	return a.writeDesigns(w)
}

// writeRerun prints a row: what all seeds say, after how many the sequential design
// says so, and what the change does, from the given design.
func (a *audit) writeRerun(w io.Writer, r rerun, measure design) error {
	var found [3]judged
	for i, d := range []design{a.fixed(a.seeds), a.auto(), measure} {
		var err error
		if found[i], err = a.judgeRerun(r, d); err != nil {
			return err
		}
	}
	all, auto, measured := found[0], found[1], found[2]
	verdict, by := "no FAIL", ""
	switch {
	case len(all.caught) > 0:
		verdict, by = "FAIL", strings.Join(all.caught, ", ")
	case len(all.improved) > 0:
		verdict, by = "IMPROVED", strings.Join(all.improved, ", ")
	}
	sequential := "no FAIL"
	if len(auto.caught) > 0 {
		sequential = fmt.Sprintf("FAIL after %d", auto.first)
	}
	_, err := fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s |\n", r.change, len(r.candidates), verdict, by, sequential, strongest(measured.verdicts))
	return err
}

// strongest is the difference that chance explains least.
func strongest(verdicts []gate.Verdict) string {
	tested := slices.DeleteFunc(slices.Clone(verdicts), func(v gate.Verdict) bool { return v.P == nil })
	if len(tested) == 0 {
		return ""
	}
	v := slices.MinFunc(tested, func(x, y gate.Verdict) int {
		return cmp.Compare(min(x.P.Loss, x.P.Gain), min(y.P.Loss, y.P.Gain))
	})
	_, name, _ := strings.Cut(v.Experiment, "/")
	digits := 1
	if v.Metric == record.Loss {
		digits = 3
	}
	return fmt.Sprintf("%s: %s %+.*f [%+.*f, %+.*f]", name, gate.Label(v.Metric), digits, v.Difference, digits, v.Interval.Lo, digits, v.Interval.Hi)
}

// writeDesigns prints what verdicts cost by design.
func (a *audit) writeDesigns(w io.Writer) error {
	fmt.Fprint(w, "\n| design | honest re-runs with a FAIL | their comparisons that passed | trainings each | seconds each "+
		"| saboteurs caught | trainings each | seconds each |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, d := range a.designs() {
		sabotaged, err := a.sum(a.sabotaged, d)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "| %s | ", d.name)
		if d.all {
			fmt.Fprint(w, "– | – | – | – |")
		} else {
			honest, err := a.sum(a.honest, d)
			if err != nil {
				return err
			}
			fmt.Fprintf(w, "%d of %d | %.0f %% | %.1f | %.0f |", honest.failed, len(a.honest), honest.passed, honest.trained, honest.seconds)
		}
		fmt.Fprintf(w, " %d of %d | %.1f | %.0f |\n", sabotaged.failed, len(a.sabotaged), sabotaged.trained, sabotaged.seconds)
	}
	return nil
}

// sums are what a design does with several re-runs.
type sums struct {
	failed           int
	passed           float64 // per cent of the comparisons
	trained, seconds float64 // a re-run
}

func (a *audit) sum(reruns []rerun, d design) (sums, error) {
	var out sums
	passed, verdicts := 0, 0
	for _, r := range reruns {
		j, err := a.judgeRerun(r, d)
		if err != nil {
			return out, err
		}
		if len(j.caught) > 0 {
			out.failed++
		}
		passed, verdicts = passed+j.passed(), verdicts+len(j.verdicts)
		out.trained += float64(j.trained) / float64(len(reruns))
		out.seconds += j.seconds / float64(len(reruns))
	}
	out.passed = 100 * float64(passed) / float64(max(1, verdicts))
	return out, nil
}
