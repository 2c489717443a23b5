package loss_test

import (
	"fmt"

	"trainbench/bench/loss"
)

// Balanced softmax adds the log of a class's frequency to its logit: the rare class
// must win by as much as it is rarer.
func ExampleLogPrior() {
	prior := loss.LogPrior([]int{5000, 500}, 1)
	fmt.Printf("%.2f\n", prior[0]-prior[1]) // log 10
	// Output: 2.30
}
