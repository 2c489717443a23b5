package gate

import "math"

// likeness is how much is known beforehand about a candidate's spread, as degrees
// of freedom: that it is like its baseline's. Two or three seeds of its own hardly
// change that; ten overrule it. docs/gate.md shows the error rates with it, for
// equal and for unequal spreads.
const likeness = 4

// difference is an estimate of mean(candidate) - mean(baseline).
type difference struct {
	estimate float64
	b, c     spread // of one seed of the baseline and of the candidate
	nb, nc   int
	se, df   float64 // of the estimate; df 0 means that no spread is known
	skew     float64 // of estimate / se
}

// welch joins two independent means: the variance of their difference, with the
// degrees of freedom of Welch and Satterthwaite. lent is the part of c's variance
// that is b's, and skew the skewness of single values.
func welch(estimate float64, b spread, nb int, c spread, nc int, lent, skew float64) difference {
	d := difference{estimate: estimate, b: b, c: c, nb: nb, nc: nc}
	vb, vc := b.variance/float64(nb), c.variance/float64(nc)
	d.se = math.Sqrt(vb + vc)
	switch {
	case b.df == 0 || c.df == 0:
	case d.se == 0:
		d.df = math.Inf(1)
	default:
		d.df = (vb + vc) * (vb + vc) / (vb*vb/b.df + vc*vc/c.df)
		d.skew = skew * d.thirdCumulant(lent)
	}
	return d
}

// thirdCumulant is that of estimate/se for values of skewness 1, to the first
// order (the Edgeworth expansion of Student's t for two samples, Hall 1992, "The
// Bootstrap and Edgeworth Expansion", section 2.6). A mean is skewed as 1/n^2, and
// it is correlated with the variance of its own sample, but not with a borrowed
// one: that is why few seeds with a borrowed spread feel the skewness most.
func (d difference) thirdCumulant(lent float64) float64 {
	nb, nc := float64(d.nb), float64(d.nc)
	kb, kc := math.Pow(d.b.variance, 1.5), math.Pow(d.c.variance, 1.5)
	mean := kc/(nc*nc) - kb/(nb*nb)
	correlation := d.c.share()*kc/(nc*nc) - d.b.share()*(1/nb+lent/nc)*kb/nb
	return (mean - 3*correlation) / math.Pow(d.se, 3)
}

// subtract estimates the difference between a baseline and a candidate of the
// same config, neither empty.
func subtract(b, c values, p pool) difference {
	sb, sc := b.spread(p), c.spread(pool{})
	if b.exact && c.n() == 1 {
		sc = sb // nothing is random in it
	}
	if sb.df == 0 {
		sb = sc // all that is known
	}
	lent := 0.
	if !c.exact && !b.exact {
		sc = sc.with(spread{variance: sb.variance, df: min(sb.df, likeness)})
		lent = 1 - sc.share()
	}
	return welch(c.mean()-b.mean(), sb, b.n(), sc, c.n(), lent, p.skew)
}

// independent estimates the difference between two experiments that need not be
// alike.
func independent(b, c values, p pool) difference {
	return welch(c.mean()-b.mean(), b.spread(p), b.n(), c.spread(p), c.n(), 0, p.skew)
}

// single estimates one mean: its difference from an exact 0.
func single(c values, p pool) difference {
	return welch(c.mean(), exactly, 1, c.spread(p), c.n(), 0, p.skew)
}

// oriented turns the difference of a metric of which less is better (direction
// -1) around, so that a loss is always negative.
func (d difference) oriented(direction float64) difference {
	d.estimate *= direction
	d.skew *= direction
	return d
}

// interval returns the confidence interval that leaves p out on either side, nil
// if no spread is known. It is said to have the given level: 1-2p, or more if
// there are several looks.
func (d difference) interval(p, level float64) *Interval {
	if d.df == 0 {
		return nil
	}
	return &Interval{
		Lo:    d.estimate - d.se*tQuantile(unskewed(p, d.skew), d.df),
		Hi:    d.estimate + d.se*tQuantile(unskewed(p, -d.skew), d.df),
		Level: level,
	}
}

// pBelow is the p-value of "the difference is at least limit" when it looks lower.
func (d difference) pBelow(limit float64) float64 { return d.tail(limit-d.estimate, -d.skew) }

// pAbove is the p-value of "the difference is at most limit" when it looks higher.
func (d difference) pAbove(limit float64) float64 { return d.tail(d.estimate-limit, d.skew) }

// tail is the probability that chance alone makes a distance from the limit.
func (d difference) tail(distance, skew float64) float64 {
	switch {
	case d.df == 0:
		return 1
	case d.se == 0 && distance > 0: // exact numbers
		return 0
	case d.se == 0:
		return 1
	}
	return skewed(tUpper(distance/d.se, d.df), skew)
}

// skewed corrects a p-value for a statistic whose tail is longer than the normal
// one: skewness above 0. The reference is Pearson's type III in the approximation
// of Wilson and Hilferty 1931. No p-value is made smaller.
func skewed(p, skew float64) float64 {
	if skew <= 0.01 || p >= .5 || p < 1e-300 {
		return p
	}
	z := math.Sqrt2 * math.Erfcinv(2*p)
	z = 6/skew*(math.Cbrt(1+skew*z/2)-1) + skew/6
	return max(p, math.Erfc(z/math.Sqrt2)/2)
}

// unskewed is the inverse of skewed, for p in (0, 0.5].
func unskewed(p, skew float64) float64 {
	if skew <= 0.01 {
		return p
	}
	z := math.Sqrt2 * math.Erfcinv(2*p)
	cube := 1 + skew*(z-skew/6)/6
	z = 2 / skew * (cube*cube*cube - 1)
	return min(p, math.Erfc(z/math.Sqrt2)/2)
}
