package main

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"trainbench/bench/gate"
)

// TestRates holds the gate to what docs/gate.md says of it, with fewer draws.
func TestRates(t *testing.T) {
	s := &simulation{families: 500, seed: 3}
	gateRule := func() rule { return fixed{} }
	for _, d := range distributions() {
		base := scenario{distribution: d, spread: always(.3), baseline: baselineSeeds}
		for _, n := range []int{1, 5} {
			same, trifle := base, base
			same.seeds, same.loss = n, always(0)
			same.spread = always(1) // the widest: the margin does not help
			trifle.seeds, trifle.loss = n, always(margin/4)
			// 500 draws of 5 % are within 7.5 % but for one time in a hundred.
			if r := s.rates(same, gateRule); r.anyFail > 7.5 {
				t.Errorf("%s, %d seeds: %.1f %% of runs without a change FAIL", d.name, n, r.anyFail)
			}
			if r := s.rates(trifle, gateRule); r.anyFail > 7.5 {
				t.Errorf("%s, %d seeds: %.1f %% of runs with a trifling loss FAIL", d.name, n, r.anyFail)
			}
		}
		lost := base
		lost.seeds, lost.loss = 5, one(1)
		if r := s.rates(lost, gateRule); r.first[gate.Fail] < 92.5 {
			t.Errorf("%s: %.1f %% of losses of 1 pp FAIL, want 95", d.name, r.first[gate.Fail])
		}
	}
}

func TestSequentialRates(t *testing.T) {
	s := &simulation{families: 250, seed: 5}
	sc := scenario{distribution: distributions()[0], spread: always(.3), loss: one(1), baseline: baselineSeeds, seeds: 10}
	r := s.rates(sc, func() rule { return newSequential(10) })
	if r.first[gate.Fail] < 95 || r.firstSeeds > 4.2 || r.seeds > 4.3 {
		t.Errorf("%.1f %% of losses FAIL, after %.2f seeds, %.2f in all: want 95, at most 4.2 and 4.3",
			r.first[gate.Fail], r.firstSeeds, r.seeds)
	}
}

func TestSameDraws(t *testing.T) {
	s := &simulation{families: 600, seed: 1}
	sc := scenario{distribution: distributions()[1], spread: mixed, loss: always(.2), baseline: 5, seeds: 3}
	a := s.rates(sc, func() rule { return tolerance{} })
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b := s.rates(sc, func() rule { return tolerance{} })
	if a.anyFail != b.anyFail || a.anyFail == 0 {
		t.Errorf("on several cores and on one: %v and %v", a.anyFail, b.anyFail)
	}
}

func TestDistributions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i, wantSkew := range []float64{0, -1.75, -2} {
		d := distributions()[i]
		const n = 200_000
		var m1, m2, m3 float64
		for range n {
			x := d.draw(rng)
			m1 += x / n
			m2 += x * x / n
			m3 += x * x * x / n
		}
		if m1*m1 > .0001 || m2 < .97 || m2 > 1.03 || m3 < wantSkew-.2 || m3 > wantSkew+.2 {
			t.Errorf("%s: mean %.3f, variance %.3f, skewness %.2f; want 0, 1, %v", d.name, m1, m2, m3, wantSkew)
		}
	}
}

func TestReplace(t *testing.T) {
	got, err := replace([]byte("a\n"+begin+"old\n"+end+"b\n"), "new\n")
	if want := "a\n" + begin + "new\n" + end + "b\n"; err != nil || string(got) != want {
		t.Errorf("got %q, error %v, want %q", got, err, want)
	}
	if _, err := replace([]byte("no marks"), "x"); err == nil {
		t.Error("no error without marks")
	}
}
