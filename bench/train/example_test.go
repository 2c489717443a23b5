package train_test

import (
	"context"
	"fmt"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/train"
)

// One training of a small net on the embedded digits, in pure Go.
func ExampleTask_Run() {
	device, err := backend.Open("go", backend.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	digits, err := dataset.Open("digits", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	e := experiment.Default()
	e.Suite, e.Name = "example", "digits"
	e.Data = experiment.Data{Dataset: "digits", Mean: []float64{.305}, Std: []float64{.376}}
	e.Model.Depth, e.Model.Stages, e.Model.Width = 6, 2, 4
	e.Sampling.Batch, e.Train.Epochs = 32, 1
	task := train.Task{
		Experiment: e, Seed: 42, Device: device, Classes: len(digits.Classes),
		Train: digits.Train, Test: digits.Test,
	}
	result, err := task.Run(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(result.Curve), "epoch,", len(result.Predictions), "predictions")
	// Output: 1 epoch, 597 predictions
}
