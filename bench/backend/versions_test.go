package backend

import (
	"os/exec"
	"strings"
	"testing"
)

func TestVersionsAreThoseOfGoMod(t *testing.T) {
	for module, version := range Versions() {
		if module == "go" {
			continue
		}
		out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", module).Output()
		if err != nil {
			t.Fatalf("go list -m %s: %v", module, err)
		}
		if got := strings.TrimSpace(string(out)); got != version {
			t.Errorf("%s: go.mod has %s, Versions says %s", module, got, version)
		}
	}
}
