package experiment_test

import (
	"fmt"

	"trainbench/bench/experiment"
)

// An experiment names what differs from the default, and is known by its recipe.
func ExampleDefault() {
	e := experiment.Default() // ResNet-20 on CIFAR-10
	e.Suite, e.Name = "width", "wide"
	e.Model.Width = 32

	other := e
	other.Name = "twice-as-wide"
	fmt.Println(e.ID(), e.Validate())
	fmt.Println("the same recipe:", e.SHA256() == other.SHA256())
	// Output:
	// width/wide <nil>
	// the same recipe: true
}

// Every field that is out of range is named, with what would be right.
func ExampleExperiment_Validate() {
	e := experiment.Default()
	e.Suite, e.Name = "width", "wide"
	e.Model.Depth = 21
	e.Optim.Rate = 0
	fmt.Println(e.Validate())
	// Output:
	// model.depth is 21: want 2 + stages x n x 2 with basic blocks (6n+2 for three stages), 2 + stages x n x 3 with bottlenecks
	// optim.rate is 0: want above 0
}

// Profiles override parts of experiments. A field that there is not is an error.
func ExampleExperiment_Decode() {
	e := experiment.Default()
	fmt.Println(e.Decode([]byte(`{"train": {"epochs": 10}, "optim": {"drops": [5, 8]}}`)))
	fmt.Println(e.Train.Epochs, e.Optim.Drops, e.Optim.Rate)
	fmt.Println(e.Decode([]byte(`{"optim": {"lr": 0.1}}`)))
	// Output:
	// <nil>
	// 10 [5 8] 0.1
	// json: unknown field "lr"
}
