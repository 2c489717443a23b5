package main

import (
	"fmt"
	"strings"

	"trainbench/bench/gate"
)

// maxLooks is the greatest number of seeds of sequential mode.
const maxLooks = 10

// happening is a case of the sequential tables.
type happening struct {
	what  string
	loss  func(int) float64
	right func(rates) float64 // per cent of right verdicts
	seeds func(rates) float64
	// hopeless tells that ten seeds cannot give a verdict at a spread of 1 pp.
	hopeless bool
}

func happenings() []happening {
	passes := func(r rates) float64 { return passed(r.each) }
	failsFirst := func(r rates) float64 { return r.first[gate.Fail] }
	all := func(r rates) float64 { return r.seeds }
	first := func(r rates) float64 { return r.firstSeeds }
	return []happening{
		{"nothing changed", always(0), passes, all, false},
		{"all lost 0.125 pp", always(margin / 4), passes, all, true},
		{"one lost 1 pp", one(1), failsFirst, first, true},
		{"one lost 5 pp", one(5), failsFirst, first, false},
	}
}

// economy compares what both designs need at one spread.
type economy struct {
	title      string
	sequential float64 // seeds, the mean over what may happen
	fixed      int     // seeds that do for all of it
}

// sequential prints the rates of sequential mode, and the number of seeds at which
// the fixed design reaches the same rate of right verdicts: case by case, and for
// all cases together, since a fixed number is chosen before it is known which one
// it is.
func (s *simulation) sequential(b *strings.Builder) {
	head(b, "Sequential mode, at most 10 new seeds", "values", "spread, pp; what happened",
		"runs with any FAIL", "right verdicts", "seeds, mean", "seeds of the fixed design with as many right verdicts")
	var economies []economy
	for _, d := range distributions()[:2] {
		for _, sp := range spreads()[:3] {
			e := economy{title: fmt.Sprintf("| %s | %s |", d.name, sp.name)}
			for _, h := range happenings() {
				if sp.name == "1" && h.hopeless {
					continue // ten seeds decide nothing
				}
				sc := scenario{distribution: d, spread: sp.spread, loss: h.loss, baseline: baselineSeeds, seeds: maxLooks}
				r := s.rates(sc, func() rule { return newSequential(maxLooks) })
				needed := s.sameRate(sc, h.right, h.right(r))
				fmt.Fprintf(b, "| %s | %s; %s | %.1f | %.1f | %.2f | %s |\n",
					d.name, sp.name, h.what, r.anyFail, h.right(r), h.seeds(r), atMost(needed))
				e.sequential += h.seeds(r) / float64(len(happenings()))
				e.fixed = max(e.fixed, needed)
			}
			if sp.name != "1" {
				economies = append(economies, e)
			}
		}
	}
	head(b, "The same, if a fixed number of seeds must do for whatever happens", "values", "spread, pp",
		"sequential, mean of the four", "fixed", "ratio, %")
	for _, e := range economies {
		fmt.Fprintf(b, "%s %.2f | %s | %.0f |\n", e.title, e.sequential, atMost(e.fixed), 100*e.sequential/float64(e.fixed))
	}
}

// sameRate returns the least number of seeds with which the fixed design is right
// as often, within the error of the simulation; maxLooks+1 if that many are not
// enough.
func (s *simulation) sameRate(sc scenario, right func(rates) float64, rate float64) int {
	few := &simulation{max(1, s.families/4), s.seed}
	for n := 1; n <= maxLooks; n++ {
		sc.seeds = n
		if right(few.rates(sc, func() rule { return fixed{} })) >= rate-.3 {
			return n
		}
	}
	return maxLooks + 1
}

func atMost(seeds int) string {
	if seeds > maxLooks {
		return fmt.Sprintf("more than %d", maxLooks)
	}
	return fmt.Sprint(seeds)
}
