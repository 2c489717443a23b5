package report

import (
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat"
)

// Confidence of every interval of a mean.
const Confidence = 0.95

// Mean is the mean of a metric over seeds.
type Mean struct {
	N    int     // seeds
	Mean float64 // NaN if N is 0
	SD   float64 // the unbiased standard deviation between seeds; NaN if N < 2
	// Lo and Hi are Student's interval of the mean at Confidence; NaN if N < 2.
	Lo, Hi float64
}

// MeanOf returns the mean of xs.
func MeanOf(xs []float64) Mean {
	nan := math.NaN()
	m := Mean{N: len(xs), Mean: nan, SD: nan, Lo: nan, Hi: nan}
	switch len(xs) {
	case 0:
		return m
	case 1:
		m.Mean = xs[0]
		return m
	}
	// NewSample sorts what it is given.
	sum := benchmath.AssumeNormal.Summary(benchmath.NewSample(slices.Clone(xs), &benchmath.DefaultThresholds), Confidence)
	m.Mean, m.Lo, m.Hi = sum.Center, sum.Lo, sum.Hi
	m.SD = stat.StdDev(xs, nil)
	return m
}

// Half returns half the width of the interval, NaN if there is none.
func (m Mean) Half() float64 { return (m.Hi - m.Lo) / 2 }

func means(values map[string][]float64) map[string]Mean {
	out := make(map[string]Mean, len(values))
	for name, xs := range values {
		out[name] = MeanOf(xs)
	}
	return out
}
