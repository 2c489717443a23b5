package gate

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"trainbench/bench/record"
)

// BenchmarkJudge judges 100 experiments of 20 seeds in two metrics.
func BenchmarkJudge(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	in := Input{}
	for i := range 100 {
		for _, side := range []*[]*record.Record{&in.Baselines, &in.Candidates} {
			r := made(fmt.Sprint("e", i), make([]float64, 20)...)
			for k := range r.Samples {
				x := 80 + .3*rng.NormFloat64()
				r.Samples[k].Metrics = map[string]float64{record.F1: x, record.Top1: x + .1*rng.NormFloat64()}
			}
			*side = append(*side, r)
		}
	}
	for b.Loop() {
		if _, err := Judge(in, DefaultOptions()); err != nil {
			b.Fatal(err)
		}
	}
}
