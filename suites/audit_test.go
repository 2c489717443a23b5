package suites

import (
	"os"
	"testing"

	"trainbench/bench"
)

// TestAudit tests the gate: who changes a recipe without saying so must be
// caught, and who does not must not be. It takes long, and runs if asked for:
//
//	go test -run Audit -timeout 0 -v ./suites -audit [-profile audit] [-backend xla:cpu]
//
// An interrupted one goes on where it was.
func TestAudit(t *testing.T) {
	if !runner.WantsAudit() {
		t.Skip("trains for many minutes: run with -audit")
	}
	// The suites of small nets come first: there is something to see soon.
	if err := runner.Audit([]bench.Suite{imbalance(), transfer(), skip()}, os.Stdout); err != nil {
		t.Fatal(err)
	}
}
