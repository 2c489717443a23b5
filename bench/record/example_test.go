package record_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"trainbench/bench/record"
)

// A training in any framework becomes a record: one file for each seed.
func ExampleRecord() {
	dir, err := os.MkdirTemp("", "results")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for seed, top1 := range []float64{91.7, 91.9, 91.6} {
		r := record.Record{
			Profile: "full", Suite: "skip", Experiment: "resnet20",
			Config: json.RawMessage(`{"lr": 0.1}`),
			Samples: []record.Sample{{
				Seed: uint64(seed), Status: record.OK, Metrics: map[string]float64{record.Top1: top1},
			}},
		}
		if err := r.Write(record.SamplePath(dir, r.Suite, r.Experiment, uint64(seed))); err != nil {
			fmt.Println(err)
			return
		}
	}
	records, err := record.LoadResults(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, r := range records {
		fmt.Println(r.ID(), len(r.Samples), "seeds")
	}
	// A file says where it is damaged, and is never half of one.
	path := filepath.Join(dir, "skip", "resnet20", "seed-0.json")
	if err := os.Truncate(path, 100); err != nil {
		fmt.Println(err)
		return
	}
	_, err = record.LoadResults(dir)
	fmt.Println("damaged:", err != nil)
	// Output:
	// skip/resnet20 3 seeds
	// damaged: true
}

// Predictions are kept packed. Equal hashes are equal predictions, whatever made them.
func ExampleNewPredictions() {
	labels := []int32{0, 0, 1}
	first, err := record.NewPredictions(2, labels, []int32{0, 1, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	second, err := record.NewPredictions(2, labels, []int32{0, 0, 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the same:", first.SHA256 == second.SHA256)
	_, predicted, err := second.Unpack()
	fmt.Println(predicted, err)
	// Output:
	// the same: false
	// [0 0 1] <nil>
}
