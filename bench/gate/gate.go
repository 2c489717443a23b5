package gate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"trainbench/bench/record"
)

// Input is what is judged.
type Input struct {
	// Baselines are all accepted records of the profile. Those without a candidate
	// still tell how wide spreads are.
	Baselines []*record.Record
	// Candidates are the records of the run, one an experiment.
	Candidates []*record.Record
	// Suites carry the claims.
	Suites []record.Suite
	// ClassNames names the classes of a record, by number, in messages. It may return
	// nil. If it is nil, those that package dataset has for what the record's config
	// calls data.dataset and data.classes are taken.
	ClassNames func(*record.Record) []string
}

// Options say how strict to be. Start from [DefaultOptions].
type Options struct {
	// Alpha is the probability, in (0, 0.5), that a run in which nothing changed
	// has any FAIL. Default 0.05.
	Alpha float64 `json:"alpha"`
	// Margins are the gated metrics and, for each, the loss that nobody cares about,
	// above 0, in units of the metric (percentage points). Metrics without a margin
	// are not gated. Default 0.5 for record.Top1 and record.F1.
	Margins map[string]float64 `json:"margins"`
	// Trifling is the fraction of the margin, in [0, 1), that a loss must be shown to
	// exceed before it is a FAIL. With 0 any loss that is shown is one, and enough
	// seeds show the least change of arithmetic. Default 0.3.
	Trifling float64 `json:"trifling"`
	// LowerIsBetter are the metrics of which less is better. Default record.Loss.
	LowerIsBetter []string `json:"lower_is_better,omitempty"`
	// RequireAll makes a baseline without a candidate an ERROR. By default it is
	// listed as not run. Default false.
	RequireAll bool `json:"require_all,omitempty"`
	// Strict makes an inconclusive run exit as a failed one. Default false.
	Strict bool `json:"strict,omitempty"`
	// MaxSeeds is the greatest number of seeds of a candidate in sequential mode, in
	// which Next is asked after every seed. 0 is the fixed design: the number of
	// seeds does not depend on what they gave. Default 0.
	MaxSeeds int `json:"max_seeds,omitempty"`
}

// DefaultOptions returns the options that the fields of [Options] document.
func DefaultOptions() Options {
	return Options{
		Alpha:         .05,
		Margins:       map[string]float64{record.Top1: .5, record.F1: .5},
		Trifling:      .3,
		LowerIsBetter: []string{record.Loss},
	}
}

// Validate returns an error that names the first field that is out of range.
func (o Options) Validate() error {
	if !(o.Alpha > 0 && o.Alpha < .5) {
		return fmt.Errorf("gate: alpha is %v: want above 0 and below 0.5", o.Alpha)
	}
	if !(o.Trifling >= 0 && o.Trifling < 1) {
		return fmt.Errorf("gate: trifling is %v: want at least 0 and below 1", o.Trifling)
	}
	if o.MaxSeeds < 0 || o.MaxSeeds > 1000 {
		return fmt.Errorf("gate: the greatest number of seeds is %d: want 0 to 1000", o.MaxSeeds)
	}
	if len(o.Margins) == 0 {
		return fmt.Errorf("gate: no metric has a margin: nothing to judge")
	}
	for _, metric := range slices.Sorted(maps.Keys(o.Margins)) {
		if m := o.Margins[metric]; !(m > 0 && m < 1e9) {
			return fmt.Errorf("gate: the margin of %s is %v: want above 0", metric, m)
		}
	}
	return nil
}

// direction is +1 for metrics of which more is better, else -1.
func (o Options) direction(metric string) float64 {
	if slices.Contains(o.LowerIsBetter, metric) {
		return -1
	}
	return 1
}

// metrics returns the gated metrics: top-1 and F1 first, the others by name.
func (o Options) metrics() []string {
	rank := func(m string) int { return slices.Index([]string{record.F1, record.Top1}, m) }
	names := slices.Sorted(maps.Keys(o.Margins))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(rank(b), rank(a)) })
	return names
}

// Outcome is what a comparison says.
type Outcome string

const (
	// Reproduced: every seed that both have gave the same predictions.
	Reproduced Outcome = "REPRODUCED"
	// Pass: a loss beyond the margin is ruled out.
	Pass Outcome = "PASS"
	// Improved: Pass, and a gain beyond the trifling is shown.
	Improved Outcome = "IMPROVED"
	// Fail: a loss is shown, it is not trifling, and one beyond the margin is not
	// ruled out; or a training diverged that never did.
	Fail Outcome = "FAIL"
	// Inconclusive: neither is shown.
	Inconclusive Outcome = "INCONCLUSIVE"
	// Error: the two cannot be compared.
	Error Outcome = "ERROR"
	// New: there is no baseline to compare with.
	New Outcome = "NEW"
)

// Summary describes one side of a comparison.
type Summary struct {
	N    int     `json:"n"` // seeds with metrics
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"` // between seeds, of these samples alone; 0 if N < 2
	// Diverged is the number of further seeds that diverged.
	Diverged int `json:"diverged,omitempty"`
}

// Interval is a two-sided confidence interval, for itself alone.
type Interval struct {
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
	Level float64 `json:"level"` // 0.9: covers the truth in 90 % of all cases
}

// Verdict is the comparison of one experiment in one metric.
type Verdict struct {
	Experiment string `json:"experiment"` // "suite/experiment"
	// Metric is empty if the verdict is of the experiment as a whole (Error, New).
	Metric  string  `json:"metric,omitempty"`
	Outcome Outcome `json:"outcome"`
	// Reason is one sentence for people.
	Reason string `json:"reason"`
	// Detail is more lines for people, if there is more to say: a diff of configs.
	Detail string `json:"detail,omitempty"`

	Baseline  Summary `json:"baseline"`
	Candidate Summary `json:"candidate"`
	// Margin is the loss that nobody cares about, in units of the metric.
	Margin float64 `json:"margin,omitempty"`
	// Difference is mean(candidate) - mean(baseline), in units of the metric.
	Difference float64 `json:"difference"`
	// Interval of Difference, at level 1 - 2 Alpha: its worse end is beyond the
	// margin if and only if a loss beyond the margin is not ruled out. Nil if no
	// spread is known.
	Interval *Interval `json:"interval,omitempty"`
	// P are one-sided p-values; nil if no test was needed or possible.
	P *PValues `json:"p,omitempty"`
	// Borrowed says where the spread is from, if not from these samples alone.
	Borrowed string `json:"borrowed,omitempty"`
	// Where tells what a Fail is made of. Nil if it is none, or if predictions were
	// not kept.
	Where *Where `json:"where,omitempty"`
	// MoreSeeds is how many more seeds of the candidate would, with a probability of
	// 80 %, settle an Inconclusive verdict if the difference is as it looks.
	// MoreBaseline is how many the baseline needs as well; then no number for the
	// candidate alone is enough. Both are 0 if unknown.
	MoreSeeds    int `json:"more_seeds,omitempty"`
	MoreBaseline int `json:"more_baseline,omitempty"`
}

// PValues are one-sided. Adjusted ones are by Holm over the whole run.
type PValues struct {
	Loss         float64 `json:"loss"` // of "no loss, or a trifling one"
	LossAdjusted float64 `json:"loss_adjusted"`
	Gain         float64 `json:"gain"` // of "no gain, or a trifling one"
	GainAdjusted float64 `json:"gain_adjusted"`
	Margin       float64 `json:"margin"` // of "a loss beyond the margin"
}

// Status sums up a report.
type Status string

const (
	StatusPass         Status = "pass"
	StatusRegression   Status = "regression"
	StatusError        Status = "error"
	StatusInconclusive Status = "inconclusive"
)

// ExitCode is what a command exits with: 0 pass, 1 regression, 2 error (as for
// usage and I/O), 3 inconclusive.
func (s Status) ExitCode() int {
	return slices.Index([]Status{StatusPass, StatusRegression, StatusError, StatusInconclusive}, s)
}

// Report is all that is to be said of a run.
type Report struct {
	Options  Options       `json:"options"`
	Verdicts []Verdict     `json:"verdicts"` // by experiment, then metric
	Claims   []ClaimResult `json:"claims,omitempty"`
	// NotRun are baselines without a candidate.
	NotRun []string `json:"not_run,omitempty"`
}

// Status returns the first that applies: regression, if there is a Fail or a
// claim that fails the run (ClaimResult.Regression); error, if there is an Error;
// inconclusive, if there is an Inconclusive; else pass. New experiments and
// undecided claims change nothing.
func (r Report) Status() Status {
	has := func(o Outcome) bool {
		return slices.ContainsFunc(r.Verdicts, func(v Verdict) bool { return v.Outcome == o })
	}
	switch {
	case has(Fail) || slices.ContainsFunc(r.Claims, func(c ClaimResult) bool { return c.Regression }):
		return StatusRegression
	case has(Error):
		return StatusError
	case has(Inconclusive):
		return StatusInconclusive
	}
	return StatusPass
}

// ExitCode is that of the status; an inconclusive run of strict options exits as a
// regression.
func (r Report) ExitCode() int {
	if s := r.Status(); s != StatusInconclusive || !r.Options.Strict {
		return s.ExitCode()
	}
	return StatusRegression.ExitCode()
}

// Find returns the verdict of an experiment ("suite/experiment") in a metric, or
// the one of the experiment as a whole, or nil.
func (r Report) Find(experiment, metric string) *Verdict {
	for i, v := range r.Verdicts {
		if v.Experiment == experiment && (v.Metric == metric || v.Metric == "") {
			return &r.Verdicts[i]
		}
	}
	return nil
}
