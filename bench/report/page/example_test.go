package page_test

import (
	"fmt"

	"trainbench/bench/gate"
	"trainbench/bench/report"
	"trainbench/bench/report/page"
)

// The page of a folder of results, judged by its baselines.
func ExampleWriteFile() {
	in, err := report.Load("results/smoke", "baselines/smoke", "baselines/published", gate.DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	path, err := page.WriteFile("results/smoke", report.New(in))
	fmt.Println(path, err)
}
