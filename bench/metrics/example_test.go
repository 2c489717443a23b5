package metrics_test

import (
	"fmt"

	"trainbench/bench/metrics"
)

// A class that is never predicted costs little accuracy if it is rare, and as much
// macro-F1 as any other.
func ExampleConfusion() {
	c := metrics.NewConfusion(2)
	labels := []int32{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}
	predictions := make([]int32, len(labels)) // always class 0
	if err := c.Add(labels, predictions); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("top-1 %.3f, macro-F1 %.3f\n", c.Top1(), c.MacroF1())
	for class, s := range c.PerClass() {
		fmt.Printf("class %d: recall %.1f of %d\n", class, s.Recall, s.Support)
	}
	// Output:
	// top-1 0.900, macro-F1 0.474
	// class 0: recall 1.0 of 9
	// class 1: recall 0.0 of 1
}
