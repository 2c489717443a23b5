package doctor_test

import (
	"context"
	"fmt"
	"os"

	"trainbench/bench/doctor"
)

// What this machine can train on.
func ExampleExamine() {
	report := doctor.Examine(context.Background(), doctor.ThisSystem("data"))
	for _, missing := range report.Missing {
		fmt.Printf("%s: %s\n", missing.What, missing.Command)
	}
	if err := report.WriteText(os.Stdout); err != nil {
		fmt.Println(err)
	}
}
