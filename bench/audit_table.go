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
	loss  bool // gates the loss on the test set, too
}

// lossMargin is the margin of the test loss in designs that gate it, in nats.
const lossMargin = .05

// designs are those that the samples are judged by: -seeds 1, 3, ... and auto.
func (a *audit) designs() []design {
	var out []design
	for _, n := range []int{1, 3, 5, 10} {
		if n < a.seeds {
			out = append(out, design{name: fmt.Sprint("-seeds ", n), seeds: n})
		}
	}
	return append(out,
		design{name: fmt.Sprintf("-seeds %d, and the test loss is gated", a.seeds), seeds: a.seeds, loss: true},
		design{name: fmt.Sprint("-seeds ", a.seeds), seeds: a.seeds},
		design{name: fmt.Sprintf("-seeds auto, at most %d", a.seeds), seeds: a.seeds, auto: true})
}

// judged is what a design says of a re-run.
type judged struct {
	verdicts []gate.Verdict
	caught   []string // experiments with a FAIL
	first    int      // the least number of seeds of those; 0 if none
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
	if d.loss {
		options.Margins[record.Loss] = lossMargin
	}
	if !d.auto {
		return a.fixed(r, d.seeds, options)
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

func (a *audit) fixed(r rerun, seeds int, options gate.Options) (judged, error) {
	in := gate.Input{Baselines: a.baselines}
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
	if slices.ContainsFunc(verdicts, func(v gate.Verdict) bool { return v.Outcome == gate.Fail }) {
		j.caught = append(j.caught, c.Experiment)
		if j.first == 0 || n < j.first {
			j.first = n
		}
	}
}

// write prints the tables: of each re-run, and of the designs.
func (a *audit) write(w io.Writer) error {
	designs := a.designs()
	loss, fixed, auto := designs[len(designs)-3], designs[len(designs)-2], designs[len(designs)-1]
	fmt.Fprintf(w, "Profile %s, margin %g pp: baselines of %d seeds, re-runs with %s.\n", a.profile.Name, a.profile.Margin, auditBaseline, auto.name)
	fmt.Fprint(w, "\n| change | experiments | verdict | seeds | by | strongest sign | if the test loss is gated |\n|---|--:|---|--:|---|---|---|\n")
	for _, r := range slices.Concat(a.honest, a.sabotaged) {
		j, err := a.judgeRerun(r, auto)
		if err != nil {
			return err
		}
		all, err := a.judgeRerun(r, fixed)
		if err != nil {
			return err
		}
		losses, err := a.judgeRerun(r, loss)
		if err != nil {
			return err
		}
		verdict, seeds := "no FAIL", "–"
		if len(j.caught) > 0 {
			verdict, seeds = "FAIL", fmt.Sprint(j.first)
		}
		fmt.Fprintf(w, "| %s | %d | %s | %s | %s | %s | %s |\n", r.change, len(r.candidates), verdict, seeds,
			strings.Join(j.caught, ", "), strongest(all.verdicts), strings.Join(losses.caught, ", "))
	}
	return a.writeDesigns(w, designs)
}

// strongest is the verdict whose p-value of a loss is least.
func strongest(verdicts []gate.Verdict) string {
	tested := slices.DeleteFunc(slices.Clone(verdicts), func(v gate.Verdict) bool { return v.P == nil })
	if len(tested) == 0 {
		return ""
	}
	v := slices.MinFunc(tested, func(x, y gate.Verdict) int { return cmp.Compare(x.P.Loss, y.P.Loss) })
	_, name, _ := strings.Cut(v.Experiment, "/")
	return fmt.Sprintf("%s: %s %+.1f [%+.1f, %+.1f]", name, gate.Label(v.Metric), v.Difference, v.Interval.Lo, v.Interval.Hi)
}

// writeDesigns prints what verdicts cost by design.
func (a *audit) writeDesigns(w io.Writer, designs []design) error {
	fmt.Fprint(w, "\n| design | honest re-runs with a FAIL | their comparisons that passed | trainings each | seconds each "+
		"| saboteurs caught | trainings each | seconds each |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, d := range designs {
		honest, err := a.sum(a.honest, d)
		if err != nil {
			return err
		}
		sabotaged, err := a.sum(a.sabotaged, d)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "| %s | %d of %d | %.0f %% | %.1f | %.0f | %d of %d | %.1f | %.0f |\n", d.name,
			honest.failed, len(a.honest), honest.passed, honest.trained, honest.seconds,
			sabotaged.failed, len(a.sabotaged), sabotaged.trained, sabotaged.seconds)
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
