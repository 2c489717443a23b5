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
	own      float64 // the part of df that the sample itself gave
}

// exactly is the spread of a number that is known.
var exactly = spread{df: math.Inf(1)}

// with adds knowledge from elsewhere about the same variance.
func (s spread) with(other spread) spread {
	df := s.df + other.df
	if df == 0 {
		return spread{}
	}
	return spread{(s.df*s.variance + other.df*other.variance) / df, df, s.own}
}

// share is the weight that the sample itself has in the variance, in [0, 1].
func (s spread) share() float64 {
	if s.df == 0 {
		return 0
	}
	return s.own / s.df
}

// spread is the variance of v, moderated by the pool.
func (v values) spread(p pool) spread {
	if v.exact {
		return exactly
	}
	own := spread{variance: max(v.variance(), v.floor()), df: float64(max(0, len(v.xs)-1))}
	if own.variance == 0 { // one value, or a tie by chance
		own.df = 0
	}
	own.own = own.df
	return own.with(p.spread)
}

// pool is what the baselines together say about one metric.
type pool struct {
	// spread is the distribution of the variances over experiments: scaled inverse
	// chi-square. df 0 is no knowledge.
	spread
	// skew is the skewness of the values of one experiment, taken as common to all:
	// below 0 if bad seeds lie farther out than good ones.
	skew float64
	n    int // experiments that it is from
}

// newPool estimates the pool.
func newPool(baselines []values) pool {
	var random []values
	for _, b := range baselines {
		if !b.exact && b.spread(pool{}).df > 0 {
			random = append(random, b)
		}
	}
	p := pool{spread: commonVariance(random), n: len(random)}
	if p.df == 0 {
		p.n = 0
	}
	p.skew = commonSkew(random, p)
	return p
}

// commonVariance estimates the distribution of variances by the moments of their
// logarithms (Smyth 2004, section 6.2). One experiment tells nothing about others.
// However alike the variances look, no more is lent than all of them together know.
func commonVariance(baselines []values) spread {
	n := float64(len(baselines))
	if n < 2 {
		return spread{}
	}
	logs := make([]float64, len(baselines))
	mean, total, sampling := 0., 0., 0.
	for i, b := range baselines {
		s := b.spread(pool{})
		logs[i] = math.Log(s.variance) - digamma(s.df/2) + math.Log(s.df/2)
		mean += logs[i] / n
		total += s.df
		sampling += trigamma(s.df/2) / n
	}
	excess := -sampling
	for _, l := range logs {
		excess += (l - mean) * (l - mean) / (n - 1)
	}
	df := total
	if excess > 0 {
		df = min(df, 2*trigammaInverse(excess))
	}
	return spread{variance: math.Exp(mean + digamma(df/2) - math.Log(df/2)), df: df}
}

// maxSkew is the skewness of the exponential distribution. Estimates beyond it
// are taken for it.
const maxSkew = 2

// commonSkew averages the third k-statistics of the values in units of their
// moderated standard deviations; 0 if no baseline has three seeds.
func commonSkew(baselines []values, p pool) float64 {
	sum, weight := 0., 0.
	for _, b := range baselines {
		n := float64(b.n())
		if n < 3 {
			continue
		}
		mean, cubes := b.mean(), 0.
		for _, x := range b.xs {
			cubes += (x - mean) * (x - mean) * (x - mean)
		}
		sum += n * cubes * n / ((n - 1) * (n - 2)) / math.Pow(b.spread(p).variance, 1.5)
		weight += n
	}
	if weight == 0 {
		return 0
	}
	return min(maxSkew, max(-maxSkew, sum/weight))
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
