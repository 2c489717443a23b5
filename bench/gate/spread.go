package gate

import (
	"cmp"
	"math"
	"slices"
)

// values is what the good samples of one record say about one metric.
type values struct {
	xs []float64
	// exact tells that the training is known to have no spread: all its seeds gave
	// the same. Its variance is 0 by nature and not by chance.
	exact bool
	// step is the least difference between two values of the metric, 0 if unknown:
	// one image of the test set.
	step float64
}

func (v values) n() int { return len(v.xs) }

func (v values) mean() float64 {
	sum := 0.
	for _, x := range v.xs {
		sum += x
	}
	return sum / float64(len(v.xs))
}

// variance is the unbiased one, 0 if there are fewer than two values.
func (v values) variance() float64 {
	if len(v.xs) < 2 {
		return 0
	}
	mean, sum := v.mean(), 0.
	for _, x := range v.xs {
		sum += (x - mean) * (x - mean)
	}
	return sum / float64(len(v.xs)-1)
}

// sd is the standard deviation between seeds.
func (v values) sd() float64 { return math.Sqrt(v.variance()) }

// floor is the variance of rounding to one image: seeds that tie by chance have
// at least that.
func (v values) floor() float64 { return v.step * v.step / 12 }

// spread is what is known about the variance between seeds.
type spread struct {
	variance float64
	df       float64 // how well it is known, as degrees of freedom; 0 is not at all
}

// exactly is the spread of a number that is known.
var exactly = spread{0, math.Inf(1)}

// with joins two sources of knowledge about one variance.
func (s spread) with(other spread) spread {
	df := s.df + other.df
	if df == 0 {
		return spread{}
	}
	return spread{(s.df*s.variance + other.df*other.variance) / df, df}
}

// spread is the variance of v, moderated by the pool.
func (v values) spread(p pool) spread {
	if v.exact {
		return exactly
	}
	own := spread{max(v.variance(), v.floor()), float64(max(0, len(v.xs)-1))}
	if own.variance == 0 { // one value, or a tie by chance
		own.df = 0
	}
	return own.with(p.spread)
}

// pool is the distribution of the variances of one metric over experiments:
// scaled inverse chi-square, with df degrees of freedom. df 0 is no knowledge.
type pool struct {
	spread
	n int // experiments that it is from
}

// newPool estimates the pool from the baselines' variances by the moments of
// their logarithms (Smyth 2004, section 6.2). One experiment tells nothing about
// others. However alike the variances look, no more is lent than all of them
// together know.
func newPool(baselines []values) pool {
	var logs, dfs []float64
	total := 0.
	for _, b := range baselines {
		s := b.spread(pool{})
		if b.exact || s.df == 0 {
			continue
		}
		logs = append(logs, math.Log(s.variance)-digamma(s.df/2)+math.Log(s.df/2))
		dfs = append(dfs, s.df)
		total += s.df
	}
	n := float64(len(logs))
	if n < 2 {
		return pool{}
	}
	mean, excess := 0., 0.
	for _, l := range logs {
		mean += l / n
	}
	for i, l := range logs {
		excess += (l-mean)*(l-mean)/(n-1) - trigamma(dfs[i]/2)/n
	}
	df := total
	if excess > 0 {
		df = min(df, 2*trigammaInverse(excess))
	}
	return pool{spread{math.Exp(mean + digamma(df/2) - math.Log(df/2)), df}, len(logs)}
}

// order returns the indices of xs in ascending order of their values.
func order(xs []float64) []int {
	idx := make([]int, len(xs))
	for i := range idx {
		idx[i] = i
	}
	slices.SortStableFunc(idx, func(a, b int) int { return cmp.Compare(xs[a], xs[b]) })
	return idx
}
