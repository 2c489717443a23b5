package made

import (
	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// Judged returns what a gate could have said of [Records], with every outcome
// once. The numbers do not follow from the records.
func Judged() gate.Report {
	r := gate.Report{Options: gate.DefaultOptions()}
	metric := func(experiment string, outcome gate.Outcome, top1, f1, half float64, reason string) {
		for _, m := range []struct {
			name string
			diff float64
		}{{record.Top1, top1}, {record.F1, f1}} {
			r.Verdicts = append(r.Verdicts, gate.Verdict{
				Experiment: experiment, Metric: m.name, Outcome: outcome, Reason: gate.Label(m.name) + ": " + reason,
				Baseline: gate.Summary{N: 10, Mean: 80 - m.diff, SD: .8}, Candidate: gate.Summary{N: 5, Mean: 80, SD: .8},
				Margin: .5, Difference: m.diff, Interval: &gate.Interval{Lo: m.diff - half, Hi: m.diff + half, Level: .9},
			})
		}
	}
	whole := func(experiment string, outcome gate.Outcome, reason string) {
		r.Verdicts = append(r.Verdicts, gate.Verdict{Experiment: experiment, Outcome: outcome, Reason: reason})
	}
	metric("imbalance/baseline", gate.Reproduced, 0, 0, 0, "the predictions of 5 seeds are equal, bit for bit")
	for i := range r.Verdicts {
		r.Verdicts[i].Interval = nil
	}
	metric("imbalance/balanced-mixup", gate.Improved, 1.1, 1.3, .7, "a gain is shown (p = 0.003)")
	metric("imbalance/balanced-softmax", gate.Inconclusive, -.3, -.2, 1.1, "neither a loss is shown nor one of 0.5 pp ruled out; about 12 more seeds would settle it")
	whole("imbalance/focal", gate.Error, "another config: train.epochs is 20, and was 40")
	whole("skip/plain20", gate.New, "no baseline yet: -update stores one")
	metric("skip/resnet20", gate.Fail, -3.43, -3.3, 1, "a loss is shown (p = 0.0004, margin 0.5 pp)")
	r.Verdicts[len(r.Verdicts)-1].Outcome = gate.Pass
	metric("transfer/fixed", gate.Pass, .1, .12, .3, "a loss of 0.5 pp is ruled out")
	metric("transfer/partial", gate.Pass, -.05, -.1, .35, "a loss of 0.5 pp is ruled out")

	claim := func(suite, text string, outcome gate.ClaimOutcome, estimate, half float64, reason string) {
		c := gate.ClaimResult{Suite: suite, Outcome: outcome, Estimate: estimate, Reason: reason}
		for _, s := range Suites() {
			for _, asked := range s.Claims {
				if asked.Text == text {
					c.Claim = asked
				}
			}
		}
		if half > 0 {
			c.Interval = &gate.Interval{Lo: estimate - half, Hi: estimate + half, Level: .95}
		}
		r.Claims = append(r.Claims, c)
	}
	claim("imbalance", "balanced mixup beats the baseline", gate.Supported, 18.94, 1.5, "macro-F1 differs by 18.94 pp")
	claim("imbalance", "balanced softmax beats the baseline", gate.Supported, 14.34, 1.6, "macro-F1 differs by 14.34 pp")
	claim("skip", "resnet20 reaches its target", gate.Refuted, 92.23, 1.1, "top-1 92.23 pp [91.13, 93.33], claimed at least 98, as in the baseline")
	claim("skip", "resnet20 beats plain20", gate.Supported, 4.6, 1.5, "top-1 differs by 4.60 pp")
	claim("transfer", "training batch normalisation as well makes no difference", gate.Undecided, -.03, 1.35, "top-1 differs by -0.03 pp [-1.38, 1.32], claimed at most 1")
	return r
}
