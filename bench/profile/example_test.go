package profile_test

import (
	"fmt"
	"testing/fstest"

	"trainbench/bench/experiment"
	"trainbench/bench/profile"
)

// A profile builds upon another one, and overrides what it names.
func ExampleLoad() {
	builtin := fstest.MapFS{
		"full.json": {Data: []byte(`{"version": 1, "name": "full", "seeds": 5}`)},
		"half.json": {Data: []byte(`{
			"version": 1, "name": "half", "base": "full", "seeds": 3,
			"suites": {"width": {"train": {"epochs": 50}, "optim": {"drops": [25, 38]}}}
		}`)},
	}
	p, err := profile.Load("half", builtin)
	if err != nil {
		fmt.Println(err)
		return
	}
	e := experiment.Default()
	e.Suite, e.Name = "width", "wide"
	e, err = p.Experiment(e)
	fmt.Println(p.Name, p.Seeds, "seeds;", e.Train.Epochs, "epochs,", e.Optim.Drops, err)
	_, err = profile.Load("third", builtin)
	fmt.Println(err)
	// Output:
	// half 3 seeds; 50 epochs, [25 38] <nil>
	// profile "third": there is none of that name: want one of full, half, or the path of a .json file
}
