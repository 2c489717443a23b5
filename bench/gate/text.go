package gate

import (
	"fmt"
	"io"
	"math"
	"strings"

	"trainbench/bench/record"
)

// WriteText writes r for a terminal: a line for each verdict with its reason, one
// if those of several metrics are the same, then the claims and the sum.
func WriteText(w io.Writer, r Report) error {
	var b strings.Builder
	width := 0
	for _, v := range r.Verdicts {
		width = max(width, len(v.Experiment))
	}
	for i, v := range r.Verdicts {
		if i > 0 && sameLine(r.Verdicts[i-1], v) {
			continue
		}
		fmt.Fprintf(&b, "%-12s  %-*s  %s\n", v.Outcome, width, v.Experiment, v.Reason)
		for line := range strings.Lines(v.Detail) {
			fmt.Fprintf(&b, "%14s%s\n", "", strings.TrimRight(line, "\n"))
		}
	}
	for _, c := range r.Claims {
		fmt.Fprintf(&b, "%-12s  %s: %s (%s)\n", c.Outcome, c.Suite, c.Claim.Text, c.Reason)
	}
	if len(r.NotRun) > 0 {
		fmt.Fprintf(&b, "not run: %s\n", strings.Join(r.NotRun, ", "))
	}
	fmt.Fprintf(&b, "gate: %s (%s)\n", r.Status(), r.Counts())
	_, err := io.WriteString(w, b.String())
	return err
}

// sameLine reports whether two verdicts say the same of two metrics.
func sameLine(a, b Verdict) bool {
	return a.Experiment == b.Experiment && a.Outcome == b.Outcome && a.Reason == b.Reason
}

// Counts says how many verdicts there are of each outcome: "2 FAIL, 5 PASS".
func (r Report) Counts() string {
	n := map[Outcome]int{}
	for _, v := range r.Verdicts {
		n[v.Outcome]++
	}
	var parts []string
	for _, o := range []Outcome{Fail, Error, Inconclusive, New, Improved, Pass, Reproduced} {
		if n[o] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[o], o))
		}
	}
	claims := 0
	for _, c := range r.Claims {
		if c.Outcome == Refuted {
			claims++
		}
	}
	if claims > 0 {
		parts = append(parts, count(claims, "claim")+" refuted")
	}
	if len(parts) == 0 {
		return "nothing to judge"
	}
	return strings.Join(parts, ", ")
}

// explain is the reason of a tested verdict: "macro-F1 -1.90 pp [-2.60, -1.20]: a
// loss is shown".
func (j *judge) explain(v *Verdict) string {
	var b strings.Builder
	digits := decimals(v.Margin)
	fmt.Fprintf(&b, "%s %+.*f%s", Label(v.Metric), digits, v.Difference, unit(v.Metric))
	if v.Interval != nil {
		fmt.Fprintf(&b, " [%+.*f, %+.*f]", digits, v.Interval.Lo, digits, v.Interval.Hi)
	}
	margin := fmt.Sprintf("%g%s", v.Margin, unit(v.Metric))
	switch v.Outcome {
	case Fail:
		fmt.Fprintf(&b, ": a loss is shown (p = %.2g, margin %s)", v.P.LossAdjusted, margin)
		if v.Where != nil {
			fmt.Fprintf(&b, "; %s", v.Where)
		}
	case Pass:
		fmt.Fprintf(&b, ": a loss of %s is ruled out", margin)
		if v.P.LossAdjusted <= j.opt.Alpha {
			b.WriteString(", a smaller one is shown")
		}
	case Improved:
		fmt.Fprintf(&b, ": a gain is shown (p = %.2g)", v.P.GainAdjusted)
	case Inconclusive:
		b.WriteString(": " + inconclusive(v, margin))
	}
	if v.Borrowed != "" {
		fmt.Fprintf(&b, "; spread from %s", v.Borrowed)
	}
	return b.String()
}

// decimals is how many show a difference of a fiftieth of the margin, at least two.
func decimals(margin float64) int {
	return max(2, 2-int(math.Ceil(math.Log10(margin))))
}

func inconclusive(v *Verdict, margin string) string {
	switch {
	case v.P == nil:
		return "one seed a side and no other baseline tells no spread: train more seeds"
	case v.MoreBaseline > 0:
		return fmt.Sprintf("neither a loss is shown nor one of %s ruled out; about %s, and %d for the baseline, would settle it",
			margin, count(v.MoreSeeds, "more seed"), v.MoreBaseline)
	}
	return fmt.Sprintf("neither a loss is shown nor one of %s ruled out; about %s would settle it", margin, count(v.MoreSeeds, "more seed"))
}

// borrowed says where the spread is from if three seeds a side did not give it.
func (d difference) borrowed(p pool) string {
	nb, nc := d.nb, d.nc
	switch {
	case d.df == 0 || d.se == 0 || nb >= 3 && nc >= 3:
		return ""
	case nb >= 3 && p.n == 0:
		return "its baseline"
	case nb >= 3:
		return fmt.Sprintf("its baseline and %d pooled", p.n)
	case p.n > 0:
		return fmt.Sprintf("%d baselines, pooled", p.n)
	}
	return "the few seeds there are"
}

// explainClaim says "resnet20 - plain20: top-1 +3.56 pp [+3.20, +3.90], claimed
// more than 0 pp".
func explainClaim(r ClaimResult) string {
	c, interval := r.Claim, ""
	if c.Kind == record.AtLeast {
		if r.Interval != nil {
			interval = fmt.Sprintf(" [%.2f, %.2f]", r.Interval.Lo, r.Interval.Hi)
		}
		percent := strings.Replace(unit(c.Metric), "pp", "%", 1)
		return fmt.Sprintf("%s: %s %.2f%s%s, claimed at least %g%s", c.A, Label(c.Metric), r.Estimate, percent, interval, c.Gap, percent)
	}
	if r.Interval != nil {
		interval = fmt.Sprintf(" [%+.2f, %+.2f]", r.Interval.Lo, r.Interval.Hi)
	}
	claimed := "more than "
	if c.Kind == record.Equivalent {
		claimed = "at most ±"
	}
	return fmt.Sprintf("%s - %s: %s %+.2f%s%s, claimed %s%g%s", c.A, c.B, Label(c.Metric),
		r.Estimate, unit(c.Metric), interval, claimed, c.Gap, unit(c.Metric))
}

// Label is the name of a metric in prose: "macro-F1" for record.F1.
func Label(metric string) string {
	switch metric {
	case record.Top1:
		return "top-1"
	case record.F1:
		return "macro-F1"
	}
	return metric
}

// unit is what follows a difference in a metric: " pp" for per cent.
func unit(metric string) string {
	if strings.HasSuffix(metric, "-pct") {
		return " pp"
	}
	return ""
}

func summary(v values, r *record.Record) Summary {
	return Summary{N: v.n(), Mean: v.mean(), SD: v.sd(), Diverged: diverged(r)}
}

// count says "1 seed", "2 seeds".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func joinNames(names []string) string { return strings.Join(names, ", ") }

func nameHash(name, sum string) string { return name + " " + short(sum) }

func short(sum string) string {
	if sum == "" {
		return "(no hash)"
	}
	return sum[:min(12, len(sum))]
}
