package gate

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"trainbench/bench/record"
)

// Sequential mode: an experiment is tested after every seed, and training stops as
// soon as its verdict stands. Each look gives chance another opportunity, so the
// p-value of a look is replaced by the probability that chance alone gives one so
// small in any of the planned looks (Pocock 1977, "Group sequential methods in the design and analysis of clinical
// trials", with the recursion of Armitage, McPherson and Rowe 1969, "Repeated
// significance tests on accumulating data"). Pocock's boundary is the same at
// every look, so that a disaster can stop after the first one.

// Sequential says after every seed whether to train another one. It is not safe
// for concurrent use.
type Sequential struct {
	judge *judge // of the baselines
}

// NewSequential prepares sequential mode against all accepted records of a
// profile. It returns an error if opt is not valid or has no MaxSeeds.
func NewSequential(baselines []*record.Record, opt Options) (*Sequential, error) {
	if err := opt.Validate(); err != nil {
		return nil, err
	}
	if opt.MaxSeeds < 1 {
		return nil, errors.New("gate: sequential mode needs a greatest number of seeds (MaxSeeds)")
	}
	return &Sequential{newJudge(Input{Baselines: baselines}, opt)}, nil
}

// Against returns sequential mode with the same options against other baselines,
// or against the same after they were changed: they are read once. What the two
// have in common is not computed anew.
func (s *Sequential) Against(baselines []*record.Record) *Sequential {
	j := newJudge(Input{Baselines: baselines}, s.judge.opt)
	j.curves = s.judge.curves
	return &Sequential{j}
}

// Next reports whether the candidate, with the seeds trained so far (there may be
// none), should get another one, and the verdicts that stand, as [Decide] gives them.
//
// No more are needed once all its metrics have verdicts, one of them is a Fail, it
// cannot be compared, or it reproduces the baseline; nor after MaxSeeds. The error
// rate holds whatever is trained beside it: each test gets its share of Alpha, as
// if all baselines were tested in all metrics. What Next decides, [Judge] with the
// same options says of the same samples; it may decide more.
func (s *Sequential) Next(candidate *record.Record) (verdicts []Verdict, more bool) {
	if len(candidate.Samples) == 0 {
		return nil, true
	}
	j := *s.judge // what the baselines say is shared
	tests := max(1, len(j.baselines)*len(j.opt.Margins))
	j.compare(j.baselines[candidate.ID()], candidate)
	j.decide(func(p []float64) []float64 { return times(tests, p) })
	open := false
	for _, v := range j.verdicts {
		switch v.Outcome {
		case Fail, Error:
			return j.verdicts, false
		case New, Inconclusive:
			open = true
		}
	}
	return j.verdicts, open && len(candidate.Samples) < j.opt.MaxSeeds
}

// pocock maps the p-value of one look of several to that of the design. The zero
// value is that of a single look: the identity.
type pocock struct {
	nominal, joined []float64 // ascending
}

// nominal levels between which the curve is interpolated.
const (
	curvePoints = 32
	leastLevel  = 1e-9
)

// newPocock prepares looks after 1, 2, ... max seeds, beside nb of the baseline.
func newPocock(nb, max int) pocock {
	information := make([]float64, max)
	for k := range information {
		information[k] = 1 / (1/float64(nb) + 1/float64(k+1))
	}
	var c pocock
	for i := range curvePoints {
		level := .5 * math.Pow(leastLevel/.5, float64(curvePoints-1-i)/(curvePoints-1))
		c.nominal = append(c.nominal, level)
		c.joined = append(c.joined, crossing(normalQuantile(level), information))
	}
	return c
}

// join returns the probability that the p-value of any look is at most p.
func (c pocock) join(p float64) float64 {
	if c.nominal == nil || p >= .5 {
		return p
	}
	if p <= c.nominal[0] {
		return p * c.joined[0] / c.nominal[0]
	}
	return logInterpolate(p, c.nominal, c.joined)
}

// split is the inverse of join.
func (c pocock) split(p float64) float64 {
	if c.nominal == nil || p >= c.joined[len(c.joined)-1] {
		return p
	}
	if p <= c.joined[0] {
		return p * c.nominal[0] / c.joined[0]
	}
	return logInterpolate(p, c.joined, c.nominal)
}

func logInterpolate(x float64, xs, ys []float64) float64 {
	i, _ := slices.BinarySearchFunc(xs, x, cmp.Compare[float64])
	i = min(max(i, 1), len(xs)-1)
	t := math.Log(x/xs[i-1]) / math.Log(xs[i]/xs[i-1])
	return math.Exp(math.Log(ys[i-1]) + t*math.Log(ys[i]/ys[i-1]))
}

// crossing is the probability that a Brownian motion, looked at after the given
// times, is ever above z standard deviations. It carries the density of the paths
// that have not crossed yet from look to look.
func crossing(z float64, times []float64) float64 {
	crossed := upper(z)
	paths := newGrid(z, times, 0)
	for i := range paths.density {
		paths.density[i] = normalDensity(paths.at(i), math.Sqrt(times[0]))
	}
	for k := 1; k < len(times); k++ {
		sd := math.Sqrt(times[k] - times[k-1])
		limit := z * math.Sqrt(times[k])
		for i := range paths.density {
			crossed += paths.weight(i) * upper((limit-paths.at(i))/sd)
		}
		next := newGrid(z, times, k)
		for i := range next.density {
			for j := range paths.density {
				next.density[i] += paths.weight(j) * normalDensity(next.at(i)-paths.at(j), sd)
			}
		}
		paths = next
	}
	return min(1, crossed)
}

// grid is a density at evenly spaced points below a boundary.
type grid struct {
	lo, step float64
	density  []float64
}

// newGrid covers what is below z standard deviations at look k, fine enough to be
// integrated (by Simpson's rule) against the step to the next look.
func newGrid(z float64, times []float64, k int) grid {
	const depth = 7 // standard deviations below 0
	sd, finest := math.Sqrt(times[k]), math.Sqrt(times[0])
	if k+1 < len(times) {
		finest = math.Sqrt(times[k+1] - times[k])
	}
	n := 2 * int(math.Ceil((z+depth)*sd/finest))
	return grid{-depth * sd, (z + depth) * sd / float64(n), make([]float64, n+1)}
}

func (g grid) at(i int) float64 { return g.lo + float64(i)*g.step }

// weight is the probability that point i stands for.
func (g grid) weight(i int) float64 {
	simpson := float64(2 + i%2*2)
	if i == 0 || i == len(g.density)-1 {
		simpson = 1
	}
	return simpson / 3 * g.step * g.density[i]
}

func upper(z float64) float64 { return math.Erfc(z/math.Sqrt2) / 2 }

func normalDensity(x, sd float64) float64 {
	return math.Exp(-x*x/(2*sd*sd)) / (sd * math.Sqrt(2*math.Pi))
}
