// Package bench runs suites of experiments as Go benchmarks: it trains what is
// not trained yet, keeps every sample, and afterwards compares with baselines and
// writes tables.
//
// A suite is a benchmark function that states experiments and claims and hands
// them to a [Runner]; TestMain makes the Runner and ends the run:
//
//	var runner *bench.Runner
//
//	func TestMain(m *testing.M) {
//		runner = bench.NewRunner(bench.DefaultOptions())
//		os.Exit(runner.Main(m))
//	}
//
//	func BenchmarkWidth(b *testing.B) {
//		narrow := experiment.Default()
//		narrow.Name = "narrow"
//		wide := narrow
//		wide.Name, wide.Model.Width = "wide", 32
//		runner.Run(b, bench.Suite{
//			Name: "width", Question: "Do more channels help?",
//			Experiments: []experiment.Experiment{narrow, wide},
//			Claims:      []record.Claim{bench.Greater("wide beats narrow", wide, narrow, record.Top1, 0)},
//		})
//	}
//
// This is the one package that joins training with judging: what passes from one
// to the other is a record.Record.
package bench

import (
	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// Suite is experiments that answer one question.
type Suite struct {
	// Name is that of a folder: lower-case letters, digits and '-'.
	Name string
	// Question is the title of the table.
	Question string
	// Experiments are the rows, as at full scale. Run sets their Suite to Name.
	Experiments []experiment.Experiment
	Claims      []record.Claim
}

// AtLeast claims that a metric of an experiment reaches a target, in units of the
// metric. The text must stand alone without numbers: profiles may change them.
func AtLeast(text string, a experiment.Experiment, metric string, target float64) record.Claim {
	return record.Claim{Text: text, Kind: record.AtLeast, A: a.Name, Metric: metric, Gap: target}
}

// Greater claims that a metric of a exceeds that of b by more than gap.
func Greater(text string, a, b experiment.Experiment, metric string, gap float64) record.Claim {
	return record.Claim{Text: text, Kind: record.Greater, A: a.Name, B: b.Name, Metric: metric, Gap: gap}
}

// Equivalent claims that a metric of a and b differs by at most gap.
func Equivalent(text string, a, b experiment.Experiment, metric string, gap float64) record.Claim {
	return record.Claim{Text: text, Kind: record.Equivalent, A: a.Name, B: b.Name, Metric: metric, Gap: gap}
}
