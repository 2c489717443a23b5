package main

import (
	"golang.org/x/perf/benchmath"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// rule judges the experiments of a family, in order. For the gate these are its
// outcomes; other rules know Fail and Pass only.
type rule interface {
	judge(f *family) []gate.Outcome
}

const margin = .5

func options() gate.Options {
	opt := gate.DefaultOptions()
	opt.Margins = map[string]float64{record.F1: margin}
	return opt
}

// fixed is the gate after a fixed number of seeds.
type fixed struct{}

func (fixed) judge(f *family) []gate.Outcome {
	verdicts, err := gate.Decide(gate.Input{Baselines: f.baselines, Candidates: f.candidates}, options())
	if err != nil {
		panic(err) // the options are ours
	}
	out := make([]gate.Outcome, len(f.candidates))
	for i, v := range verdicts { // one metric, and so one an experiment
		out[i] = v.Outcome
	}
	return out
}

// sequential is the gate after each seed, until it has a verdict.
type sequential struct {
	gate  *gate.Sequential
	taken []int // seeds of each experiment of the last family
}

func newSequential(maxSeeds int) *sequential {
	opt := options()
	opt.MaxSeeds = maxSeeds
	g, err := gate.NewSequential(nil, opt)
	if err != nil {
		panic(err) // the options are ours
	}
	return &sequential{gate: g}
}

func (r *sequential) judge(f *family) []gate.Outcome {
	out := make([]gate.Outcome, len(f.candidates))
	r.taken = make([]int, len(f.candidates))
	g := r.gate.Against(f.baselines)
	for i, c := range f.candidates {
		seen := *c
		for more := true; more; {
			r.taken[i]++
			seen.Samples = c.Samples[:r.taken[i]]
			var verdicts []gate.Verdict
			verdicts, more = g.Next(&seen)
			out[i] = verdicts[0].Outcome
		}
	}
	return out
}

// tolerance fails an experiment if its mean is lower by more than the margin. With
// single set, one seed is compared with one.
type tolerance struct{ single bool }

func (r tolerance) judge(f *family) []gate.Outcome {
	out := make([]gate.Outcome, len(f.candidates))
	for i := range out {
		b, c := values(f.baselines[i]), values(f.candidates[i])
		if r.single {
			b, c = b[:1], c[:1]
		}
		out[i] = gate.Pass
		if mean(b)-mean(c) > margin {
			out[i] = gate.Fail
		}
	}
	return out
}

func mean(xs []float64) float64 {
	sum := 0.
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

// benchstat fails an experiment that benchstat marks as lower: the Mann-Whitney U
// test of package benchmath at its default level, 0.05.
type benchstat struct {
	// known are the p-values seen, by U and the numbers of seeds: without ties they
	// depend on nothing else.
	known map[[3]int]float64
}

func (r *benchstat) judge(f *family) []gate.Outcome {
	out := make([]gate.Outcome, len(f.candidates))
	for i := range out {
		out[i] = gate.Pass
		b, c := values(f.baselines[i]), values(f.candidates[i])
		if p, lower := r.compare(b, c); lower && p < benchmath.DefaultThresholds.CompareAlpha {
			out[i] = gate.Fail
		}
	}
	return out
}

func (r *benchstat) compare(b, c []float64) (p float64, lower bool) {
	u := 0
	for _, x := range b {
		for _, y := range c {
			if y < x {
				u++
			}
		}
	}
	key := [3]int{u, len(b), len(c)}
	p, ok := r.known[key]
	if !ok {
		thresholds := benchmath.DefaultThresholds
		p = benchmath.AssumeNothing.Compare(
			benchmath.NewSample(b, &thresholds), benchmath.NewSample(c, &thresholds)).P
		r.known[key] = p
	}
	return p, 2*u > len(b)*len(c)
}
