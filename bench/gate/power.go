package gate

import (
	"fmt"
	"math"
	"sort"

	"trainbench/bench/record"
)

// mostSeeds is where the search for a number of seeds ends: nobody trains more.
const mostSeeds = 1000

// PlanOptions say what is to be planned for. Start from [DefaultPlanOptions].
type PlanOptions struct {
	// Power is the probability of the verdict that is planned for, in [0.5, 1).
	// Default 0.8.
	Power float64
	// Loss is the loss that is to be shown, in multiples of the margin, above 1.
	// Default 2.
	Loss float64
	// Seeds are the numbers of seeds for which the smallest loss that they show is
	// asked. Default 1, 3, 5, 10.
	Seeds []int
}

// DefaultPlanOptions returns the options that the fields of [PlanOptions] document.
func DefaultPlanOptions() PlanOptions {
	return PlanOptions{Power: .8, Loss: 2, Seeds: []int{1, 3, 5, 10}}
}

// PlanRow is what can be expected of one experiment in one metric, with the
// baseline that there is, in the fixed design, if all baselines are tested.
type PlanRow struct {
	Experiment string  `json:"experiment"`
	Metric     string  `json:"metric"`
	Baseline   Summary `json:"baseline"`
	// SD is the spread that tests reckon with: the baseline's own, moderated by the
	// others.
	SD     float64 `json:"sd"`
	Margin float64 `json:"margin"`
	// ToPass is the number of new seeds that give PASS if nothing changed, and ToFail
	// the number that give FAIL if the loss is Loss. 0 if no number is enough.
	ToPass int     `json:"seeds_to_pass"`
	ToFail int     `json:"seeds_to_fail"`
	Loss   float64 `json:"loss"`
	// EachSide is the number of seeds that both the baseline and the candidate need
	// for ToPass and ToFail if no number of new seeds is enough for one of them; 0 if it
	// is, or if 1000 are not enough either.
	EachSide int `json:"seeds_each_side,omitempty"`
	// Sees are the smallest losses that PlanOptions.Seeds show.
	Sees []float64 `json:"sees"`
}

// Plan says how many seeds verdicts need, from the spreads of the baselines.
// Experiments without a spread, and metrics that they do not have, are left out.
// It returns an error if an option is out of range.
func Plan(baselines []*record.Record, opt Options, plan PlanOptions) ([]PlanRow, error) {
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	if !(plan.Power >= .5 && plan.Power < 1) || !(plan.Loss > 1) {
		return nil, fmt.Errorf("gate: power %v, loss %v margins: want a power in [0.5, 1) and a loss above 1", plan.Power, plan.Loss)
	}
	j := newJudge(Input{Baselines: baselines}, opt)
	tests := max(1, len(baselines)*len(opt.Margins))
	var rows []PlanRow
	for _, b := range baselines {
		for _, metric := range opt.metrics() {
			v, err := valuesOf(b, metric)
			if err != nil || v.n() == 0 || v.exact {
				continue
			}
			s := v.spread(j.pool(metric))
			if s.df == 0 {
				continue
			}
			row := design{opt, plan.Power, tests, opt.Margins[metric], s, v.n()}.row(plan)
			row.Experiment, row.Metric, row.Baseline = b.ID(), metric, summary(v, b)
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// design is a comparison before it is made.
type design struct {
	opt    Options
	power  float64
	tests  int // in the run
	margin float64
	spread spread // of the baseline
	nb     int
}

func (d design) row(plan PlanOptions) PlanRow {
	loss := plan.Loss * d.margin
	row := PlanRow{SD: math.Sqrt(d.spread.variance), Margin: d.margin, Loss: loss}
	passes := func(x difference) bool { return d.reach(x, d.opt.Alpha) <= d.margin }
	fails := func(x difference) bool { return d.smallest(x) <= loss }
	row.ToPass = first(func(n int) bool { return passes(d.with(d.nb, n)) })
	row.ToFail = first(func(n int) bool { return fails(d.with(d.nb, n)) })
	if row.ToPass == 0 || row.ToFail == 0 {
		row.EachSide = first(func(n int) bool { x := d.with(max(n, d.nb), n); return passes(x) && fails(x) })
	}
	for _, n := range plan.Seeds {
		row.Sees = append(row.Sees, d.smallest(d.with(d.nb, max(1, n))))
	}
	return row
}

// smallest is the loss that x shows with the power planned for.
func (d design) smallest(x difference) float64 {
	return d.opt.Trifling*d.margin + d.reach(x, d.opt.Alpha/float64(d.tests))
}

// reach is the distance from a limit at which a test at the given level rejects
// it with the power planned for.
func (d design) reach(x difference, level float64) float64 {
	return x.se * (tQuantile(unskewed(level, math.Abs(x.skew)), x.df) + tQuantile(1-d.power, x.df))
}

// with is the difference with that many seeds, all as spread as the baseline.
func (d design) with(nb, nc int) difference {
	b := d.spread
	b.df += float64(nb - d.nb)
	c := spread{variance: b.variance, df: float64(nc - 1), own: float64(nc - 1)}
	c = c.with(spread{variance: b.variance, df: min(b.df, likeness)})
	return welch(0, b, nb, c, nc, 1-c.share(), 0)
}

// first returns the least number of seeds that is enough, 0 if mostSeeds are not.
func first(enough func(int) bool) int {
	if !enough(mostSeeds) {
		return 0
	}
	return 1 + sort.Search(mostSeeds-1, func(i int) bool { return enough(i + 1) })
}

// moreSeeds returns how many further seeds of the candidate, and if those cannot
// be enough also of the baseline, make a verdict likely (80 %) if the true
// difference is d's estimate (or none, if that is a gain) and the spread stays.
func moreSeeds(d difference, margin float64, opt Options, tests int) (candidate, baseline int) {
	if d.df == 0 || d.se == 0 {
		return 0, 0
	}
	const power = .8
	loss := max(0, -d.estimate)
	df := d.df + 2 // the seeds to come know a little more
	se := max(
		(margin-loss)/(tQuantile(opt.Alpha, df)+tQuantile(1-power, df)),
		(loss-opt.Trifling*margin)/(tQuantile(opt.Alpha/float64(tests), df)+tQuantile(1-power, df)),
	)
	if rest := se*se - d.b.variance/float64(d.nb); rest > 0 {
		if n := math.Ceil(d.c.variance / rest); n <= 20*float64(d.nb) {
			return max(1, int(n)-d.nc), 0
		}
	}
	n := int(min(1e6, math.Ceil((d.b.variance+d.c.variance)/(se*se))))
	return max(1, n-d.nc), max(1, n-d.nb)
}
