// Package trainbench_test runs what the documents say: every command, and the code.
package trainbench_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// block is a fenced block of a document: "```sh" or, with a file's name, "```go
// suites/mine_test.go".
type block struct{ language, file, text string }

// blocks returns those of a document.
func blocks(t *testing.T, document string) []block {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, m := range regexp.MustCompile("(?ms)^```([a-z]+) ?(\\S*)\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		out = append(out, block{m[1], m[2], m[3]})
	}
	return out
}

// documents returns README.md and all of docs.
func documents(t *testing.T) []string {
	t.Helper()
	docs, err := filepath.Glob(filepath.Join("docs", "*.md"))
	if err != nil || len(docs) == 0 {
		t.Fatalf("docs: %v, %v", docs, err)
	}
	return append(docs, "README.md")
}

// elsewhere are commands that are not run as they stand, by what they begin with,
// with the reason, and what is run in their place; with nothing, they are skipped.
var elsewhere = []struct {
	command *regexp.Regexp
	why     string
	instead func(line string) string
}{
	{regexp.MustCompile(`^(\./benchstat\.sh|go test \./\.\.\.)$`), ".ci/run runs it whole", func(line string) string {
		return "grep -qxF '" + line + "' .ci/run"
	}},
	{regexp.MustCompile(`^(\S+=\S+ )?\./benchstat\.sh `), "it takes hours, data or a device", func(line string) string { return line + " -n" }},
	{regexp.MustCompile(`^go test .*( \./suites|-audit|-tags)`), "it trains for minutes, or for days", flagsKnown},
	{regexp.MustCompile(`^go test -v .*bench/parity/table`), "it writes this document", nil},
	{regexp.MustCompile(`^(go run \./cmd/trainbench|trainbench) fetch`), "it downloads; bench/fetch is tested with a server of its own", namesKnown},
	{regexp.MustCompile(`^(pip|python3 -m zipfile|PJRT_PLUGIN)`), "it downloads from PyPI, or uses that", nil},
	{regexp.MustCompile(`^go run ./cmd/trainbench report .*results/smoke`), ".ci/run makes these results, others may not have them", func(line string) string {
		return "[ ! -d results/smoke ] || " + line
	}},
	{regexp.MustCompile(`^xdg-open `), "it opens a window", nil},
}

// flagsKnown is a command that checks the flags of a run of the suites, those of go
// test and those of the suites, without linking their program once more.
func flagsKnown(line string) string {
	_, flags, _ := strings.Cut(line, " ./suites")
	return "go test -n" + strings.TrimPrefix(line, "go test") + " >/dev/null 2>&1 && (cd suites && suites.test -test.list . " + flags + ")"
}

// namesKnown is a command that checks the names that a trainbench fetch asks for.
func namesKnown(line string) string {
	line = regexp.MustCompile(`-(to|mirror) \S+`).ReplaceAllString(line[strings.Index(line, " fetch")+len(" fetch"):], "")
	return "for name in " + line + "; do trainbench help fetch 2>&1 | grep -wF -e \"$name\"; done"
}

// TestCommands runs the commands of every document in order, in one shell a block.
// Documents that write files begin in an empty folder, with the files that their
// blocks name; the others are about this repository, and begin there. A block of
// text after commands is what they print, among other things.
func TestCommands(t *testing.T) {
	bin := binary(t)
	for _, document := range documents(t) {
		t.Run(document, func(t *testing.T) {
			if document == filepath.Join("docs", "ci.md") {
				t.Skip("TestAction, TestGitLab and TestActionlint run it")
			}
			dir, own := ".", false
			all := blocks(t, document)
			for _, b := range all {
				own = own || b.file != ""
			}
			if own {
				dir = ownModule(t, all)
			}
			printed := ""
			for _, b := range all {
				switch b.language {
				case "console": // what was typed and seen; only the first is checked
					typed := ""
					for _, m := range regexp.MustCompile(`(?m)^\$ (.*\n)`).FindAllStringSubmatch(b.text, -1) {
						typed += m[1]
					}
					shell(t, dir, bin, typed, own)
					printed = ""
				case "sh":
					printed = shell(t, dir, bin, b.text, own)
				case "text":
					for line := range strings.Lines(b.text) {
						if printed != "" && !strings.Contains(printed, strings.TrimSpace(line)) {
							t.Errorf("the document shows\n%sand the commands printed\n%s", line, printed)
						}
					}
					printed = ""
				default:
					printed = ""
				}
			}
		})
	}
}

// shell runs the commands of a block and returns what they print.
func shell(t *testing.T, dir, bin, commands string, own bool) string {
	t.Helper()
	script := "set -eo pipefail\n"
	for _, line := range strings.Split(strings.ReplaceAll(commands, "\\\n", " "), "\n") {
		script += strings.TrimSpace(replaced(t, line, own)) + "\n"
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), quick, "TRAINBENCH_DATA=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s\n%v\n%s", script, err, out)
	}
	return string(out)
}

// replaced returns what is run for a command.
func replaced(t *testing.T, line string, own bool) string {
	if own && (strings.HasPrefix(line, "go mod ") || strings.HasPrefix(line, "go test ")) {
		if strings.HasPrefix(line, "go mod ") {
			return "" // ownModule did that, and asked no proxy
		}
		return line + " -backend go"
	}
	for _, e := range elsewhere {
		if e.command.MatchString(line) {
			if e.instead == nil {
				t.Logf("not run, because %s: %s", e.why, line)
				return ""
			}
			t.Logf("%s: %s becomes %s", e.why, line, e.instead(line))
			return e.instead(line)
		}
	}
	return line
}

// ownModule makes the files of a document in an empty folder, as a module that uses
// this one.
func ownModule(t *testing.T, all []block) string {
	t.Helper()
	dir := t.TempDir()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, content []byte) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range all {
		if b.file != "" {
			write(b.file, []byte(b.text))
		}
	}
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	// As go mod tidy would, from the modules that are here already.
	write("go.mod", []byte(strings.Replace(string(mod), "module trainbench\n",
		fmt.Sprintf("module mine\n\nrequire trainbench v0.0.0\n\nreplace trainbench => %s\n", root), 1)))
	write("go.sum", sum)
	return dir
}

// quick is how modules of their own are built: with what is here, and without what
// only debuggers read, which takes a linker half of its time.
const quick = "GOFLAGS=-mod=mod -buildvcs=false -ldflags=-w"

// binary returns a folder with the command and the program of the suites.
var binary = func() func(t *testing.T) string {
	var once sync.Once
	var dir string
	var failed error
	return func(t *testing.T) string {
		t.Helper()
		once.Do(func() {
			if dir, failed = os.MkdirTemp("", "trainbench"); failed != nil {
				return
			}
			build := "go build -ldflags=-w -o " + dir + "/ ./cmd/trainbench && go test -ldflags=-w -c -o " + dir + "/suites.test ./suites"
			out, err := exec.Command("bash", "-c", build).CombinedOutput()
			if err != nil {
				failed = fmt.Errorf("%w\n%s", err, out)
			}
		})
		if failed != nil {
			t.Fatal(failed)
		}
		return dir
	}
}()
