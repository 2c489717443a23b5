package optim_test

import (
	"fmt"

	"trainbench/bench/experiment"
	"trainbench/bench/optim"
)

// The rate drops to a tenth at epochs 50 and 75.
func ExampleRate() {
	o := experiment.Default().Optim
	for _, epoch := range []int{0, 49, 50, 75} {
		fmt.Printf("%.3f\n", optim.Rate(o, epoch))
	}
	// Output:
	// 0.100
	// 0.100
	// 0.010
	// 0.001
}
