package main

import (
	"fmt"
	"strings"

	"trainbench/bench/gate"
)

// sizes are the numbers of new seeds of the fixed design, and baselineSeeds those
// of every baseline.
var sizes = [...]int{1, 3, 5, 10}

const baselineSeeds = 10

// spreads are the standard deviations of the tables, in percentage points.
type namedSpread struct {
	name   string
	spread func(int) float64
}

func spreads() []namedSpread {
	return []namedSpread{{"0.1", always(.1)}, {"0.3", always(.3)}, {"1", always(1)}, {"0.1 to 1", mixed}}
}

// column is one rule with one number of new seeds.
type column struct {
	title string
	seeds int
	rule  func() rule
}

func columns() []column {
	var out []column
	for _, n := range sizes {
		out = append(out, column{fmt.Sprintf("gate %d", n), n, func() rule { return fixed{} }})
	}
	for _, n := range sizes {
		out = append(out, column{fmt.Sprintf("benchstat %d", n), n, func() rule { return &benchstat{map[[3]int]float64{}} }})
	}
	out = append(out, column{"±0.5, one against one", 1, func() rule { return tolerance{single: true} }})
	for _, n := range sizes {
		out = append(out, column{fmt.Sprintf("±0.5, %d", n), n, func() rule { return tolerance{} }})
	}
	return out
}

// tables returns all of them in markdown.
func (s *simulation) tables() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d families of %d experiments a cell; seed %d. Numbers are in per cent.\n", s.families, comparisons, s.seed)
	anyFail := func(r rates) float64 { return r.anyFail }
	firstFails := func(r rates) float64 { return r.first[gate.Fail] }
	all := spreads()
	s.compare(&b, "Nothing changed: runs with any FAIL", all, always(0), anyFail)
	s.compare(&b, "All lost a quarter of the margin: runs with any FAIL", all, always(margin/4), anyFail)
	s.compare(&b, "One of the twelve lost 1 pp: runs that FAIL it", all[:3], one(1), firstFails)
	s.passes(&b)
	s.wider(&b)
	s.sequential(&b)
	return b.String()
}

func head(b *strings.Builder, title string, columns ...string) {
	fmt.Fprintf(b, "\n**%s**\n\n| %s |\n|---|---|%s\n", title, strings.Join(columns, " | "), strings.Repeat("---:|", len(columns)-2))
}

// compare prints a table of all rules.
func (s *simulation) compare(b *strings.Builder, title string, rows []namedSpread, loss func(int) float64, cell func(rates) float64) {
	titles := []string{"values", "spread, pp"}
	for _, c := range columns() {
		titles = append(titles, c.title)
	}
	head(b, title, titles...)
	for _, d := range distributions() {
		for _, sp := range rows {
			fmt.Fprintf(b, "| %s | %s |", d.name, sp.name)
			for _, c := range columns() {
				r := s.rates(scenario{distribution: d, spread: sp.spread, loss: loss, baseline: baselineSeeds, seeds: c.seeds}, c.rule)
				fmt.Fprintf(b, " %.1f |", cell(r))
			}
			b.WriteByte('\n')
		}
	}
}

// passes prints how often the gate passes what it should, and what it should not.
func (s *simulation) passes(b *strings.Builder) {
	titles := []string{"values", "spread, pp"}
	for _, what := range []string{"no change", "loss of 0.5 pp"} {
		for _, n := range sizes {
			titles = append(titles, fmt.Sprintf("%s, %d", what, n))
		}
	}
	head(b, "Comparisons with PASS, by new seeds", titles...)
	for _, d := range distributions()[:2] {
		for _, sp := range spreads()[1:3] {
			fmt.Fprintf(b, "| %s | %s |", d.name, sp.name)
			for _, loss := range []float64{0, margin} {
				for _, n := range sizes {
					r := s.rates(scenario{distribution: d, spread: sp.spread, loss: always(loss), baseline: baselineSeeds, seeds: n},
						func() rule { return fixed{} })
					fmt.Fprintf(b, " %.1f |", passed(r.each))
				}
			}
			b.WriteByte('\n')
		}
	}
}

func passed(each map[gate.Outcome]float64) float64 { return each[gate.Pass] + each[gate.Improved] }

// wider prints what happens if a change doubles the spread and leaves the mean.
func (s *simulation) wider(b *strings.Builder) {
	titles := []string{"values", "spread, pp"}
	for _, n := range sizes {
		titles = append(titles, fmt.Sprintf("gate %d", n))
	}
	head(b, "The mean is the same and the spread doubled in all twelve: runs with any FAIL", titles...)
	for _, d := range distributions()[:2] {
		for _, sp := range spreads()[1:3] {
			fmt.Fprintf(b, "| %s | %s |", d.name, sp.name)
			for _, n := range sizes {
				r := s.rates(scenario{distribution: d, spread: sp.spread, wider: 2, loss: always(0), baseline: baselineSeeds, seeds: n},
					func() rule { return fixed{} })
				fmt.Fprintf(b, " %.1f |", r.anyFail)
			}
			b.WriteByte('\n')
		}
	}
}
