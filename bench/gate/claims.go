package gate

import (
	"fmt"

	"trainbench/bench/record"
)

// ClaimOutcome is what the samples say of a claim.
type ClaimOutcome string

const (
	// Supported: the whole interval agrees with the claim.
	Supported ClaimOutcome = "SUPPORTED"
	// Refuted: the whole interval contradicts it, also among all claims of the run.
	Refuted ClaimOutcome = "REFUTED"
	// Undecided: neither.
	Undecided ClaimOutcome = "UNDECIDED"
	// ClaimNotRun: an experiment of the claim has no samples in this run.
	ClaimNotRun ClaimOutcome = "NOT RUN"
)

// ClaimResult is what became of a claim.
type ClaimResult struct {
	Suite   string       `json:"suite"`
	Claim   record.Claim `json:"claim"`
	Outcome ClaimOutcome `json:"outcome"`
	// Estimate is the mean of A, or of A - B, in units of the metric.
	Estimate float64 `json:"estimate"`
	// Interval of Estimate, at level 1 - Alpha. Nil if no spread is known.
	Interval *Interval `json:"interval,omitempty"`
	Reason   string    `json:"reason"` // one sentence for people
	// Regression tells that the claim fails the run: it is refuted, and the
	// baselines do not refute it themselves. A claim that was already false when the
	// baselines were accepted is shown, and is no news. Without baselines of its
	// experiments a refuted claim fails the run.
	Regression bool `json:"regression,omitempty"`
}

// claims judges the claims of all suites. Each is two one-sided tests at level
// Alpha/2, which is to say an interval at level 1 - Alpha; to refute, the p-values
// are adjusted by Holm over all claims, since one refuted claim fails the run.
func (j *judge) claims(in Input) []ClaimResult {
	candidates := byID(in.Candidates)
	var results []ClaimResult
	var refute []float64
	for _, suite := range in.Suites {
		for _, claim := range suite.Claims {
			r, p := j.claim(suite.Name, claim, candidates)
			results = append(results, r)
			refute = append(refute, p)
		}
	}
	adjusted := holm(refute)
	for i := range results {
		r := &results[i]
		if r.Outcome != Refuted {
			continue
		}
		if adjusted[i] > j.opt.Alpha/2 {
			r.Outcome = Undecided
			r.Reason += fmt.Sprintf(": alone it would be refuted; one of %d claims may look so by luck", len(results))
			continue
		}
		old, _ := j.claim(r.Suite, r.Claim, j.baselines)
		r.Regression = old.Outcome != Refuted
		if !r.Regression {
			r.Reason += ", as in the baseline"
		}
	}
	return results
}

// claim judges one claim on the given records, as if it were the only one, and
// returns the p-value of the claim being true.
func (j *judge) claim(suite string, c record.Claim, records map[string]*record.Record) (ClaimResult, float64) {
	r := ClaimResult{Suite: suite, Claim: c, Outcome: Undecided}
	a, reason := claimValues(records, suite, c.A, c.Metric)
	var b values
	if reason == "" && c.Kind != record.AtLeast {
		b, reason = claimValues(records, suite, c.B, c.Metric)
	}
	if reason != "" {
		r.Outcome, r.Reason = ClaimNotRun, reason
		return r, 1
	}
	pool := j.pool(c.Metric)
	var d difference
	switch c.Kind {
	case record.AtLeast:
		d = single(a, pool)
	case record.Greater, record.Equivalent:
		d = independent(b, a, pool)
	default:
		r.Reason = fmt.Sprintf("claims of kind %q are unknown to this program", c.Kind)
		return r, 1
	}
	r.Estimate = d.estimate
	if d.df == 0 {
		r.Reason = explainClaim(r) + "; one seed does not tell the spread"
		return r, 1
	}
	r.Interval = d.interval(j.opt.Alpha/2, 1-j.opt.Alpha)
	var support, refute float64
	if c.Kind == record.Equivalent {
		support = max(d.pAbove(-c.Gap), d.pBelow(c.Gap))
		refute = min(1, min(d.pBelow(-c.Gap), d.pAbove(c.Gap)))
	} else {
		support, refute = d.pAbove(c.Gap), d.pBelow(c.Gap)
	}
	switch half := j.opt.Alpha / 2; {
	case support <= half:
		r.Outcome = Supported
	case refute <= half:
		r.Outcome = Refuted
	}
	r.Reason = explainClaim(r)
	return r, refute
}

// claimValues returns the samples of one side of a claim, or why there are none.
func claimValues(records map[string]*record.Record, suite, experiment, metric string) (values, string) {
	r := records[suite+"/"+experiment]
	if r == nil {
		return values{}, experiment + " was not run"
	}
	v, err := valuesOf(r, metric)
	if err != nil {
		return values{}, experiment + ": " + err.Error()
	}
	if v.n() == 0 {
		return values{}, fmt.Sprintf("%s has no %s", experiment, metric)
	}
	return v, ""
}
