// Package trainbench_test runs the commands and compiles the code of README.md.
package trainbench_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// fenced returns the content of README.md's blocks of a language.
func fenced(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, m[1])
	}
	if len(blocks) == 0 {
		t.Fatalf("README.md has no block of %s", language)
	}
	return blocks
}

// TestReadmeCommands runs every command as far as it goes without a network, a
// dataset and hours of time. The two that a newcomer types first run whole, in
// .ci/run.
func TestReadmeCommands(t *testing.T) {
	ci, err := os.ReadFile(filepath.Join(".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range fenced(t, "sh") {
		for line := range strings.Lines(block) {
			line = strings.TrimSpace(line)
			t.Run(line, func(t *testing.T) {
				switch {
				case line == "./benchstat.sh" || line == "go test ./...":
					if !strings.Contains(string(ci), "\n"+line+"\n") {
						t.Errorf(".ci/run does not run it")
					}
				case strings.Contains(line, "./benchstat.sh"):
					command(t, line+" -n")
				case strings.HasPrefix(line, "go test"):
					command(t, line+" -list .")
				case os.Getenv("TRAINBENCH_NETWORK") == "":
					t.Skip("needs a network: set TRAINBENCH_NETWORK=1")
				default:
					command(t, "cd "+t.TempDir()+" && "+line)
				}
			})
		}
	}
}

func command(t *testing.T, line string) {
	t.Helper()
	if out, err := exec.Command("bash", "-c", line).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", line, err, out)
	}
}

// TestReadmeCode compiles the examples as a test package of this module.
func TestReadmeCode(t *testing.T) {
	for _, code := range fenced(t, "go") {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		dir, err := os.MkdirTemp("testdata", "readme")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		header := "package readme\n\nimport (\n\"os\"\n\"testing\"\n\n\"trainbench/bench\"\n\"trainbench/bench/experiment\"\n\"trainbench/bench/record\"\n)\n\n"
		if err := os.WriteFile(filepath.Join(dir, "readme_test.go"), []byte(header+code), 0o666); err != nil {
			t.Fatal(err)
		}
		command(t, "go vet ./"+dir)
		if lines := strings.Count(code, "\n"); lines > 25 {
			t.Errorf("an example of %d lines is no short one", lines)
		}
	}
}
