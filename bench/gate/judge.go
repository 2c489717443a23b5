package gate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"trainbench/bench/record"
)

// Judge compares candidates with baselines. It returns an error only if opt is not
// valid; whatever is wrong with records is a verdict.
func Judge(in Input, opt Options) (Report, error) {
	j, err := decided(in, opt)
	if err != nil {
		return Report{}, err
	}
	j.describe()
	report := Report{Options: opt, Verdicts: j.verdicts, Claims: j.claims(in)}
	candidates := byID(in.Candidates)
	for _, b := range in.Baselines {
		if candidates[b.ID()] != nil {
			continue
		}
		report.NotRun = append(report.NotRun, b.ID())
		if opt.RequireAll {
			report.Verdicts = append(report.Verdicts, Verdict{Experiment: b.ID(), Outcome: Error,
				Reason: "there is a baseline and no result: it was not run"})
		}
	}
	slices.SortStableFunc(report.Verdicts, func(a, b Verdict) int { return cmp.Compare(a.Experiment, b.Experiment) })
	return report, nil
}

// Decide is Judge for those who count outcomes by the thousand: it returns the
// verdicts, in the order of candidates and metrics, without what is for people. Those
// that were tested have no Reason, Interval, Borrowed, Where and numbers of seeds.
func Decide(in Input, opt Options) ([]Verdict, error) {
	j, err := decided(in, opt)
	if err != nil {
		return nil, err
	}
	return j.verdicts, nil
}

func decided(in Input, opt Options) (*judge, error) {
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	j := newJudge(in, opt)
	seen := map[string]bool{}
	for _, c := range in.Candidates {
		if seen[c.ID()] {
			j.say(Verdict{Experiment: c.ID(), Outcome: Error, Reason: "two candidates of this name: join their samples, or remove one"})
			continue
		}
		seen[c.ID()] = true
		j.compare(j.baselines[c.ID()], c)
	}
	j.decide(holm)
	return j, nil
}

// judge is the state of one run of Judge.
type judge struct {
	opt       Options
	metrics   []string // gated, in order
	baselines map[string]*record.Record
	known     map[string]known // by metric
	curves    map[int]pocock   // by number of seeds of the baseline
	names     func(*record.Record) []string
	wheres    map[string]*Where
	verdicts  []Verdict
	tests     []test
}

// test is a comparison that waits for the others: p-values are adjusted together.
type test struct {
	verdict   int // index
	diff      difference
	curve     pocock
	base      *record.Record
	candidate *record.Record
}

func newJudge(in Input, opt Options) *judge {
	if in.ClassNames == nil {
		in.ClassNames = ClassNames
	}
	return &judge{
		opt: opt, metrics: opt.metrics(), names: in.ClassNames,
		baselines: byID(in.Baselines),
		known:     map[string]known{}, curves: map[int]pocock{}, wheres: map[string]*Where{},
	}
}

func byID(records []*record.Record) map[string]*record.Record {
	m := make(map[string]*record.Record, len(records))
	for _, r := range records {
		m[r.ID()] = r
	}
	return m
}

// known is what the baselines say about one metric.
type known struct {
	values map[string]values // by experiment; none if there is an error
	errs   map[string]error
	pool   pool
}

func (j *judge) metric(name string) known {
	k, ok := j.known[name]
	if ok {
		return k
	}
	k = known{values: map[string]values{}, errs: map[string]error{}}
	var all []values
	for _, id := range slices.Sorted(maps.Keys(j.baselines)) {
		v, err := valuesOf(j.baselines[id], name)
		if err != nil {
			k.errs[id] = err
			continue
		}
		k.values[id] = v
		all = append(all, v)
	}
	k.pool = newPool(all)
	j.known[name] = k
	return k
}

// pool returns the spreads of a metric over all baselines.
func (j *judge) pool(metric string) pool { return j.metric(metric).pool }

func (j *judge) say(v Verdict) { j.verdicts = append(j.verdicts, v) }

// compare says what can be said of one experiment without the others.
func (j *judge) compare(b, c *record.Record) {
	whole := Verdict{Experiment: c.ID(), Outcome: Error}
	if b == nil {
		whole.Outcome, whole.Reason = New, "no baseline yet: -update or trainbench accept stores one"
		j.say(whole)
		return
	}
	if reason, detail := incomparable(b, c); reason != "" {
		whole.Reason, whole.Detail = reason, detail
		j.say(whole)
		return
	}
	same := compareSeeds(b, c)
	// If the training is the same to the bit, seeds that diverge are bad luck that
	// the baseline would have had, too.
	if outcome, reason := divergence(b, c, j.opt.Alpha); outcome != "" && !same.reproduced() {
		whole.Outcome, whole.Reason = outcome, reason
		whole.Baseline.Diverged, whole.Candidate.Diverged = diverged(b), diverged(c)
		j.say(whole)
		return
	}
	if same.reproduced() && diverged(c) == len(c.Samples) {
		whole.Outcome, whole.Reason = Reproduced, fmt.Sprintf("%s diverged where they did", count(same.shared, "seed"))
		j.say(whole)
		return
	}
	known := len(j.verdicts)
	for _, metric := range j.metrics {
		j.compareMetric(b, c, metric, same)
	}
	if len(j.verdicts) == known {
		whole.Reason = fmt.Sprintf("none of the gated metrics (%s) is in both records", joinNames(j.metrics))
		j.say(whole)
	}
}

// compareMetric says Reproduced, or puts a test on the list.
func (j *judge) compareMetric(b, c *record.Record, metric string, same seeds) {
	v := Verdict{Experiment: c.ID(), Metric: metric, Outcome: Error, Margin: j.opt.Margins[metric]}
	known := j.metric(metric)
	bv, berr := known.values[b.ID()], known.errs[b.ID()]
	cv, cerr := valuesOf(c, metric)
	switch {
	case berr == nil && cerr == nil && bv.n() == 0 && cv.n() == 0:
		return // neither has it
	case cerr != nil:
		v.Reason = "the candidate: " + cerr.Error()
	case berr != nil:
		v.Reason = "the baseline: " + berr.Error()
	case cv.n() == 0:
		v.Reason = fmt.Sprintf("the baseline has %s and the candidate does not", metric)
	case bv.n() == 0:
		v.Reason = fmt.Sprintf("the candidate has %s and the baseline does not: accept a baseline that has it", metric)
	}
	if v.Reason != "" {
		j.say(v)
		return
	}
	v.Baseline, v.Candidate = summary(bv, b), summary(cv, c)
	v.Difference = cv.mean() - bv.mean()
	switch {
	case same.reproduced():
		v.Outcome = Reproduced
		v.Reason = fmt.Sprintf("the predictions of %s are equal, bit for bit", count(same.shared, "seed"))
		v.Difference = 0
	case same.equal():
		v.Outcome = Pass
		v.Reason = fmt.Sprintf("the predictions of %s are equal in another environment (%s)", count(same.shared, "seed"), same.environment)
		v.Difference = 0
	default:
		j.tests = append(j.tests, test{
			verdict: len(j.verdicts),
			diff:    subtract(bv, cv, known.pool),
			curve:   j.curve(bv.n()),
			base:    b, candidate: c,
		})
	}
	j.say(v)
}

// curve joins the looks of sequential mode.
func (j *judge) curve(nb int) pocock {
	if j.opt.MaxSeeds < 1 {
		return pocock{}
	}
	c, ok := j.curves[nb]
	if !ok {
		c = newPocock(nb, j.opt.MaxSeeds)
		j.curves[nb] = c
	}
	return c
}

// decide adjusts the p-values of all tests together and turns them into outcomes.
func (j *judge) decide(adjust func([]float64) []float64) {
	losses, gains := make([]float64, len(j.tests)), make([]float64, len(j.tests))
	for i, t := range j.tests {
		d, trifle := j.oriented(t), j.opt.Trifling*j.verdicts[t.verdict].Margin
		losses[i], gains[i] = t.curve.join(d.pBelow(-trifle)), t.curve.join(d.pAbove(trifle))
	}
	lossAdjusted, gainAdjusted := adjust(losses), adjust(gains)
	for i, t := range j.tests {
		v := &j.verdicts[t.verdict]
		if d := j.oriented(t); d.df > 0 {
			v.P = &PValues{losses[i], lossAdjusted[i], gains[i], gainAdjusted[i], t.curve.join(d.pAbove(-v.Margin))}
		}
		j.outcome(v)
	}
}

// oriented is the difference of a test, of which less is worse.
func (j *judge) oriented(t test) difference {
	return t.diff.oriented(j.opt.direction(j.verdicts[t.verdict].Metric))
}

// describe adds to the verdicts what is for people.
func (j *judge) describe() {
	for _, t := range j.tests {
		v := &j.verdicts[t.verdict]
		v.Borrowed = t.diff.borrowed(j.pool(v.Metric))
		if t.diff.df > 0 {
			v.Interval = t.diff.interval(t.curve.split(j.opt.Alpha), 1-2*j.opt.Alpha)
		}
		switch v.Outcome {
		case Inconclusive:
			v.MoreSeeds, v.MoreBaseline = moreSeeds(j.oriented(t), v.Margin, j.opt, len(j.tests))
		case Fail:
			v.Where = j.where(t)
		}
		v.Reason = j.explain(v)
	}
}

// where is the same for all metrics of an experiment.
func (j *judge) where(t test) *Where {
	w, known := j.wheres[t.candidate.ID()]
	if !known {
		w = findWhere(t.base, t.candidate, j.names(t.candidate), j.opt.Alpha)
		j.wheres[t.candidate.ID()] = w
	}
	return w
}

func (j *judge) outcome(v *Verdict) {
	alpha := j.opt.Alpha
	switch {
	case v.P == nil:
		v.Outcome = Inconclusive
	case v.P.Margin <= alpha && v.P.GainAdjusted <= alpha:
		v.Outcome = Improved
	case v.P.Margin <= alpha:
		v.Outcome = Pass
	case v.P.LossAdjusted <= alpha:
		v.Outcome = Fail
	default:
		v.Outcome = Inconclusive
	}
}
