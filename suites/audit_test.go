package suites

import (
	"os"
	"testing"
)

// TestAudit tests the gate: who changes a recipe without saying so must be
// caught, and who does not must not be. It takes long, and runs if asked for:
//
//	go test -run Audit -timeout 0 -v ./suites -audit [-backend xla:cpu]
func TestAudit(t *testing.T) {
	if !runner.WantsAudit() {
		t.Skip("trains for many minutes: run with -audit")
	}
	if err := runner.Audit(all(), os.Stdout); err != nil {
		t.Fatal(err)
	}
}
