package gate_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestNoFramework holds the direction of imports: nothing that judges, and nothing
// that stands on the ground floor, may depend on GoMLX, so that it builds in
// seconds and serves results from any framework.
func TestNoFramework(t *testing.T) {
	for _, pkg := range []string{
		"bench/atomicfile", "bench/lockfile", "bench/experiment", "bench/metrics", "bench/dataset", "bench/batch", "bench/weights",
		"bench/record", "bench/gate", "bench/report", "cmd/trainbench",
	} {
		sources, err := filepath.Glob(filepath.Join("..", "..", pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		if len(sources) == 0 {
			continue // not written yet
		}
		out, err := exec.Command("go", "list", "-deps", "trainbench/"+pkg).Output()
		if err != nil {
			t.Fatalf("go list -deps %s: %v", pkg, err)
		}
		for dep := range strings.Lines(string(out)) {
			for _, framework := range []string{"gomlx", "go-xla", "gopjrt"} {
				if strings.Contains(dep, framework) {
					t.Errorf("%s depends on %s", pkg, strings.TrimSpace(dep))
				}
			}
		}
	}
}
