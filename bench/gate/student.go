package gate

import (
	"math"

	"github.com/aclements/go-moremath/mathx"
	"github.com/aclements/go-moremath/stats"
)

// normalDF is the degrees of freedom from which Student's t is taken as normal.
const normalDF = 2000

// tUpper returns P(T > t) for Student's t with df degrees of freedom, accurate
// far out in the tail; df may be +Inf.
func tUpper(t, df float64) float64 {
	switch {
	case math.IsNaN(t) || df <= 0:
		return math.NaN()
	case df > normalDF:
		return math.Erfc(t/math.Sqrt2) / 2
	case t < 0:
		return 1 - tUpper(-t, df)
	case math.IsInf(t, 1):
		return 0
	}
	return mathx.BetaInc(df/(df+t*t), df/2, .5) / 2
}

// tQuantile returns the t that tUpper maps to p, for p in (0, 0.5]: Newton's
// method on the logarithm of the tail, from the normal quantile upwards.
func tQuantile(p, df float64) float64 {
	t := normalQuantile(p)
	if df > normalDF || t <= 0 {
		return t
	}
	lo, hi := 0., math.Inf(1)
	for range 100 {
		tail := tUpper(t, df)
		if tail > p {
			lo = t
		} else {
			hi = t
		}
		next := t + tail*math.Log(tail/p)/stats.TDist{V: df}.PDF(t)
		if !(next > lo && next < hi) {
			next = min(2*t+1, (lo+hi)/2)
		}
		if math.Abs(next-t) <= 1e-13*t {
			break
		}
		t = next
	}
	return t
}

// normalQuantile is tQuantile for the normal distribution.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfcinv(2*p) }

// holm returns p adjusted for all of them together: those at most alpha are
// rejected with a family-wise error rate of at most alpha, however they depend on
// each other.
func holm(p []float64) []float64 {
	adjusted := make([]float64, len(p))
	least := 0.
	for rank, i := range order(p) {
		least = max(least, min(1, float64(len(p)-rank)*p[i]))
		adjusted[i] = least
	}
	return adjusted
}

// times is Bonferroni's adjustment for n tests.
func times(n int, p []float64) []float64 {
	adjusted := make([]float64, len(p))
	for i := range p {
		adjusted[i] = min(1, float64(n)*p[i])
	}
	return adjusted
}

// digamma is the derivative of log Gamma, for x > 0 (Abramowitz and Stegun 6.3.5
// and 6.3.18).
func digamma(x float64) float64 {
	sum := 0.
	for ; x < 8; x++ {
		sum -= 1 / x
	}
	x2 := 1 / (x * x)
	return sum + math.Log(x) - 1/(2*x) - x2*(1./12-x2*(1./120-x2*(1./252-x2/240)))
}

// trigamma is the derivative of digamma, for x > 0 (6.4.6 and 6.4.12).
func trigamma(x float64) float64 {
	sum := 0.
	for ; x < 8; x++ {
		sum += 1 / (x * x)
	}
	x2 := 1 / (x * x)
	return sum + 1/x + x2/2 + x2/x*(1./6-x2*(1./30-x2*(1./42-x2/30)))
}

// trigammaInverse returns the x > 0 that trigamma maps to y > 0, by Newton's
// method on 1/trigamma, which is convex and nearly linear (Smyth 2004, appendix).
func trigammaInverse(y float64) float64 {
	if y > 1e7 {
		return 1 / math.Sqrt(y)
	}
	if y < 1e-6 {
		return 1 / y
	}
	x := .5 + 1/y
	for range 50 {
		tri := trigamma(x)
		step := tri * (1 - tri/y) / tetragamma(x)
		x += step
		if -step/x < 1e-10 {
			break
		}
	}
	return x
}

// tetragamma is the derivative of trigamma, for x > 0.
func tetragamma(x float64) float64 {
	sum := 0.
	for ; x < 8; x++ {
		sum -= 2 / (x * x * x)
	}
	x2 := 1 / (x * x)
	return sum - x2*(1+1/x+x2*(1./2-x2*(1./6-x2*(1./6-x2*3./10))))
}
