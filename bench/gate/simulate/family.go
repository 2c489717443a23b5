package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"trainbench/bench/record"
)

// distribution draws values of mean 0 and variance 1.
type distribution struct {
	name string
	draw func(*rand.Rand) float64
}

// distributions of a metric over seeds. Accuracies are skewed to the left: bad
// seeds lie farther out than good ones.
func distributions() []distribution {
	return []distribution{
		{"normal", (*rand.Rand).NormFloat64},
		{"skewed", reflectedLognormal},
		{"exponential", func(r *rand.Rand) float64 { return 1 - r.ExpFloat64() }},
	}
}

// reflectedLognormal has skewness -1.75.
func reflectedLognormal(r *rand.Rand) float64 {
	const sigma = .5
	mean := math.Exp(sigma * sigma / 2)
	sd := mean * math.Sqrt(math.Exp(sigma*sigma)-1)
	return (mean - math.Exp(sigma*r.NormFloat64())) / sd
}

// comparisons is the number of experiments in a family.
const comparisons = 12

// scenario is how the samples of a family are drawn.
type scenario struct {
	distribution distribution
	// spread returns the standard deviation over seeds of an experiment.
	spread func(experiment int) float64
	// wider multiplies the spread of candidates; 0 is 1.
	wider float64
	// loss returns by how much the mean of a candidate is lower, in percentage points.
	loss func(experiment int) float64
	// baseline and seeds are the numbers of seeds on either side. In sequential mode
	// seeds is the greatest one.
	baseline, seeds int
}

func always(x float64) func(int) float64 { return func(int) float64 { return x } }

// one returns x for the first experiment of a family, and 0 for the others.
func one(x float64) func(int) float64 {
	return func(i int) float64 {
		if i == 0 {
			return x
		}
		return 0
	}
}

// mixed are spreads from 0.1 to 1 pp in one family.
func mixed(i int) float64 { return .1 + .9*float64(i)/(comparisons-1) }

// family is the records of one run, drawn again and again.
type family struct {
	baselines, candidates []*record.Record
}

func newFamily(s scenario) *family {
	f := &family{}
	for i := range comparisons {
		f.baselines = append(f.baselines, blank(i, s.baseline))
		f.candidates = append(f.candidates, blank(i, s.seeds))
	}
	return f
}

func blank(experiment, seeds int) *record.Record {
	r := &record.Record{Suite: "s", Experiment: fmt.Sprintf("e%d", experiment)}
	for i := range seeds {
		r.Samples = append(r.Samples, record.Sample{
			Seed: uint64(i), Status: record.OK, Metrics: map[string]float64{record.F1: 0},
		})
	}
	return r
}

// draw fills in new values.
func (f *family) draw(s scenario, rng *rand.Rand) {
	const mean = 80
	wider := s.wider
	if wider == 0 {
		wider = 1
	}
	for i := range comparisons {
		sd := s.spread(i)
		for k := range f.baselines[i].Samples {
			f.baselines[i].Samples[k].Metrics[record.F1] = mean + sd*s.distribution.draw(rng)
		}
		for k := range f.candidates[i].Samples {
			f.candidates[i].Samples[k].Metrics[record.F1] = mean - s.loss(i) + wider*sd*s.distribution.draw(rng)
		}
	}
}

func values(r *record.Record) []float64 {
	xs := make([]float64, len(r.Samples))
	for i, s := range r.Samples {
		xs[i] = s.Metrics[record.F1]
	}
	return xs
}
