package progress_test

import (
	"fmt"
	"os"
	"time"

	"trainbench/bench/progress"
)

// A run of one training of 100 steps, told by lines.
func ExampleReporter() {
	now := time.Unix(0, 0)
	r := progress.New(os.Stdout)
	r.Mode, r.Clock = progress.Lines, func() time.Time { return now }
	r.Plan("skip/resnet20 seed 42", 100)
	job := r.Begin("skip/resnet20 seed 42", 100, 2)
	job.Step(50, 6400)
	job.Epoch(1, 1.25, 640)
	fmt.Fprintln(r, "# messages go through the reporter")
	job.End()
	r.Close()
	// Output: # messages go through the reporter
}
