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
}

// welch joins two independent means: the variance of their difference, with the
// degrees of freedom of Welch and Satterthwaite.
func welch(estimate float64, b spread, nb int, c spread, nc int) difference {
	d := difference{estimate: estimate, b: b, c: c, nb: nb, nc: nc}
	vb, vc := b.variance/float64(nb), c.variance/float64(nc)
	d.se = math.Sqrt(vb + vc)
	switch {
	case b.df == 0 || c.df == 0:
	case d.se == 0:
		d.df = math.Inf(1)
	default:
		d.df = (vb + vc) * (vb + vc) / (vb*vb/b.df + vc*vc/c.df)
	}
	return d
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
	if !c.exact && !b.exact {
		sc = sc.with(spread{sb.variance, min(sb.df, likeness)})
	}
	return welch(c.mean()-b.mean(), sb, b.n(), sc, c.n())
}

// independent estimates the difference between two experiments that need not be
// alike.
func independent(b, c values, p pool) difference {
	sb, sc := b.spread(p), c.spread(p)
	return welch(c.mean()-b.mean(), sb, b.n(), sc, c.n())
}

// single estimates one mean: its difference from an exact 0.
func single(c values, p pool) difference {
	return welch(c.mean(), exactly, 1, c.spread(p), c.n())
}

// oriented turns the difference of a metric of which less is better (direction
// -1) around, so that a loss is always negative.
func (d difference) oriented(direction float64) difference {
	d.estimate *= direction
	return d
}

// interval returns the two-sided confidence interval, nil if no spread is known.
func (d difference) interval(level float64) *Interval {
	if d.df == 0 {
		return nil
	}
	half := d.se * tQuantile((1-level)/2, d.df)
	return &Interval{d.estimate - half, d.estimate + half, level}
}

// pBelow is the p-value of "the difference is at least limit" when it looks lower.
func (d difference) pBelow(limit float64) float64 {
	return d.tail(limit - d.estimate)
}

// pAbove is the p-value of "the difference is at most limit" when it looks higher.
func (d difference) pAbove(limit float64) float64 {
	return d.tail(d.estimate - limit)
}

// tail is the probability that chance alone makes a distance from the limit.
func (d difference) tail(distance float64) float64 {
	switch {
	case d.df == 0:
		return 1
	case d.se == 0: // exact numbers
		if distance > 0 {
			return 0
		}
		return 1
	}
	return tUpper(distance/d.se, d.df)
}
