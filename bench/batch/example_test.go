package batch_test

import (
	"fmt"
	"slices"

	"trainbench/bench/batch"
	"trainbench/bench/experiment"
)

// Three images of class 0 and one of class 1: a balanced sampler draws with
// replacement, and as many images as there are.
func ExamplePlanner() {
	p := batch.Planner{
		Seed:     42,
		Sampling: experiment.Sampling{Order: experiment.Balanced, Batch: 2, MixupAlpha: 1},
		Labels:   []int32{0, 0, 0, 1}, Classes: 2,
	}
	if err := p.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	plan := p.Epoch(0)
	fmt.Println("images", plan.Index, "in", plan.Steps(), "steps")
	fmt.Printf("mixed with %d, weighing %.2f\n", plan.Partner, plan.Lambda)
	fmt.Println("the same when drawn again:", slices.Equal(plan.Index, p.Epoch(0).Index))
	// Output:
	// images [3 2 3 2] in 2 steps
	// mixed with [1 0 0 1], weighing [0.71 0.07]
	// the same when drawn again: true
}
