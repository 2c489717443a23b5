package bench_test

import (
	"fmt"
	"os"
	"testing"

	"trainbench/bench"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// A suite in a test package of one's own, with a dataset of one's own; nets are
// registered in the same way (docs/experiments.md has both). TestMain and
// BenchmarkWidth stand at the top level of a file that ends in _test.go.
func ExampleRunner() {
	opt := bench.DefaultOptions()
	opt.Datasets = map[string]func() (*dataset.Dataset, error){
		"corners": func() (*dataset.Dataset, error) {
			black := dataset.Split{Height: 32, Width: 32, Channels: 3, Pixels: make([]byte, 2*32*32*3), Labels: []int32{0, 1}}
			return dataset.New("corners", []string{"left", "right"}, black, black)
		},
	}
	runner := bench.NewRunner(opt)

	TestMain := func(m *testing.M) { os.Exit(runner.Main(m)) }
	BenchmarkWidth := func(b *testing.B) {
		narrow := experiment.Default()
		narrow.Name, narrow.Data.Dataset = "narrow", "corners"
		wide := narrow
		wide.Name, wide.Model.Width = "wide", 32
		runner.Run(b, bench.Suite{
			Name: "width", Question: "Do more channels help?",
			Experiments: []experiment.Experiment{narrow, wide},
			Claims:      []record.Claim{bench.Greater("wide beats narrow", wide, narrow, record.Top1, 0)},
		})
	}
	_, _ = TestMain, BenchmarkWidth
}

// Claims are data: they go to the records, and are judged with them.
func ExampleGreater() {
	narrow, wide := experiment.Default(), experiment.Default()
	narrow.Name, wide.Name = "narrow", "wide"
	c := bench.Greater("wide beats narrow", wide, narrow, record.Top1, 0.5)
	fmt.Printf("%s: %s of %s, %s, by more than %v\n", c.Text, c.Metric, c.A, c.B, c.Gap)
	// Output: wide beats narrow: top1-pct of wide, narrow, by more than 0.5
}
