package report_test

import (
	"fmt"
	"os"

	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
)

// Records of trainings in any framework have a table, beside a paper's number.
func ExampleMarkdown() {
	sample := func(seed uint64, top1 float64) record.Sample {
		return record.Sample{Seed: seed, Status: record.OK, Metrics: map[string]float64{record.Top1: top1}}
	}
	suites := report.New(report.Input{
		Records: []*record.Record{{
			Profile: "full", Suite: "skip", Experiment: "resnet20",
			Samples: []record.Sample{sample(42, 64.9), sample(43, 65.3), sample(44, 65.1)},
		}},
		Published: []record.Published{{
			Suite: "skip", Source: "a paper",
			Rows: []record.PublishedRow{{Experiment: "resnet20", Metrics: map[string]float64{record.Top1: 64.98}}},
		}},
	})
	if err := report.Markdown(os.Stdout, suites[0]); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ## skip
	//
	// | experiment | seeds |      top-1 % | published |
	// |:-----------|------:|-------------:|----------:|
	// | resnet20   |     3 | 65.10 ± 0.50 |     64.98 |
	//
	// Profile full. Numbers are of the last epoch on the test set, as the mean over seeds ± half the 95 % interval of the mean (Student's t). Published: a paper.
}

// The tables of a folder of results, judged by its baselines.
func ExampleLoad() {
	in, err := report.Load("results/smoke", "baselines/smoke", "baselines/published", gate.DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := report.Write(os.Stdout, "csv", report.New(in)); err != nil {
		fmt.Println(err)
	}
}
