package gate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func close(got, want, rel float64) bool { return math.Abs(got-want) <= rel*math.Abs(want) }

func TestStudent(t *testing.T) {
	tests := []struct {
		why      string
		t, df, p float64
	}{
		{"the table's 97.5 % point", 2.570582, 5, .025},
		{"one degree is Cauchy", 1, 1, .25},
		{"two degrees have a closed form, also far out", 100, 2, (1 - 100/math.Sqrt(10002)) / 2},
		{"many degrees are normal", 1.959964, math.Inf(1), .025},
		{"just below where they are taken as normal", 1.961151, 1999, .025},
	}
	for _, test := range tests {
		if got := tUpper(test.t, test.df); !close(got, test.p, 1e-4) {
			t.Errorf("%s: P(T > %v) with %v df is %v, want %v", test.why, test.t, test.df, got, test.p)
		}
		if got := tUpper(-test.t, test.df); !close(got, 1-test.p, 1e-4) {
			t.Errorf("%s: P(T > %v) is %v, want %v", test.why, -test.t, got, 1-test.p)
		}
		if got := tQuantile(test.p, test.df); !close(got, test.t, 1e-4) {
			t.Errorf("%s: quantile of %v is %v, want %v", test.why, test.p, got, test.t)
		}
	}
}

func TestHolm(t *testing.T) {
	tests := []struct {
		why     string
		p, want []float64
	}{
		{"nothing", []float64{}, []float64{}},
		{"one is left alone", []float64{.04}, []float64{.04}},
		{"as R's p.adjust", []float64{.01, .04, .03, .005}, []float64{.03, .06, .06, .02}},
		{"never above 1", []float64{.5, .9}, []float64{1, 1}},
		{"ties", []float64{.02, .02}, []float64{.04, .04}},
	}
	for _, test := range tests {
		if diff := cmp.Diff(test.want, holm(test.p), cmpopts.EquateApprox(1e-12, 0)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.why, diff)
		}
	}
}

func TestPolygamma(t *testing.T) {
	if got := digamma(1); !close(got, -.5772156649015329, 1e-9) {
		t.Errorf("digamma(1) = %v", got)
	}
	if got := trigamma(.5); !close(got, math.Pi*math.Pi/2, 1e-9) {
		t.Errorf("trigamma(1/2) = %v", got)
	}
	for _, x := range []float64{.01, .5, 1, 4.5, 30, 1000} {
		const h = 1e-4
		slope := (trigamma(x*(1+h)) - trigamma(x*(1-h))) / (2 * h * x)
		if got := tetragamma(x); !close(got, slope, 1e-5) {
			t.Errorf("tetragamma(%v) = %v, the slope of trigamma is %v", x, got, slope)
		}
		if got := trigammaInverse(trigamma(x)); !close(got, x, 1e-6) {
			t.Errorf("trigammaInverse(trigamma(%v)) = %v", x, got)
		}
	}
}

// TestSkewed compares with the exponential distribution, whose skewness is 2 and
// whose tail is known: P(X - 1 > z) = exp(-z-1).
func TestSkewed(t *testing.T) {
	for _, z := range []float64{1.5, 2, 3, 4, 5} {
		normal := math.Erfc(z/math.Sqrt2) / 2
		if got, want := skewed(normal, 2), math.Exp(-z-1); !close(got, want, .12) {
			t.Errorf("at %v: p = %v, want %v", z, got, want)
		}
		if got := skewed(normal, -2); got != normal {
			t.Errorf("at %v: the short tail makes p = %v out of %v: it must not shrink", z, got, normal)
		}
		for _, skew := range []float64{.005, .3, 2} {
			if got := unskewed(skewed(normal, skew), skew); !close(got, normal, 1e-6) {
				t.Errorf("at %v, skewness %v: the inverse gives %v, want %v", z, skew, got, normal)
			}
		}
	}
}

// TestPool draws variances from a known distribution and finds it again.
func TestPool(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(df, variance float64) []values {
		var out []values
		for range 2000 {
			v := variance
			if !math.IsInf(df, 1) {
				chi2 := 0.
				for range int(df) {
					x := rng.NormFloat64()
					chi2 += x * x
				}
				v *= df / chi2
			}
			var xs []float64
			for range 5 {
				xs = append(xs, 80+math.Sqrt(v)*rng.NormFloat64())
			}
			out = append(out, values{xs: xs})
		}
		return out
	}
	for _, df := range []float64{4, 10} {
		p := newPool(draw(df, .09))
		if !close(p.df, df, .15) || !close(p.variance, .09, .1) || math.Abs(p.skew) > .1 {
			t.Errorf("drawn with %v df, variance 0.09, skew 0; estimated %v, %v, %v", df, p.df, p.variance, p.skew)
		}
	}
	if p := newPool(draw(math.Inf(1), .09)); p.df < 200 || !close(p.variance, .09, .1) {
		t.Errorf("equal variances: estimated %v df, variance %v", p.df, p.variance)
	}
}

func TestPoolOfFew(t *testing.T) {
	two := values{xs: []float64{80, 81}}
	same := values{xs: []float64{80, 81, 80.5}}
	tests := []struct {
		why       string
		baselines []values
		df        float64
		n         int
	}{
		{"one experiment tells nothing about others", []values{same}, 0, 0},
		{"no more is lent than both know", []values{two, two}, 2, 2},
		{"a deterministic experiment is of another kind", []values{same, same, {xs: []float64{1, 1, 1}, exact: true}}, 4, 2},
		{"ties by chance tell nothing", []values{same, same, {xs: []float64{1, 1}}}, 4, 2},
		{"one seed has no spread", []values{same, same, {xs: []float64{1}}}, 4, 2},
	}
	for _, test := range tests {
		if p := newPool(test.baselines); p.df != test.df || p.n != test.n {
			t.Errorf("%s: %v df of %d experiments, want %v of %d", test.why, p.df, p.n, test.df, test.n)
		}
	}
}

// TestIntervalAgreesWithTests: the interval's ends are where the p-values are half
// of what it leaves out.
func TestIntervalAgreesWithTests(t *testing.T) {
	p := pool{spread: spread{variance: .1, df: 5}, skew: -1.5, n: 3}
	for _, c := range []values{{xs: []float64{79}}, {xs: []float64{79, 80.5}}, {xs: ten}} {
		d := subtract(values{xs: ten}, c, p)
		iv := d.interval(.05, .9)
		if lo, hi := d.pAbove(iv.Lo), d.pBelow(iv.Hi); !close(lo, .05, 1e-6) || !close(hi, .05, 1e-6) {
			t.Errorf("%d seeds: p at the ends of %v is %v and %v, want 0.05", c.n(), *iv, lo, hi)
		}
	}
}
