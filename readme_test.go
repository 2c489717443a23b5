package trainbench_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"trainbench/bench/record"
	"trainbench/bench/report"
	"trainbench/bench/report/chart"
)

var update = flag.Bool("update", false, "draw the picture of README.md anew")

// TestReadmeCode compiles the examples as a test package of this module.
func TestReadmeCode(t *testing.T) {
	header := "package readme\n\nimport (\n\"os\"\n\"testing\"\n\n\"trainbench/bench\"\n\"trainbench/bench/experiment\"\n\"trainbench/bench/record\"\n)\n\n"
	found := false
	for _, b := range blocks(t, "README.md") {
		if b.language != "go" {
			continue
		}
		found = true
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		dir, err := os.MkdirTemp("testdata", "readme")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		if err := os.WriteFile(filepath.Join(dir, "readme_test.go"), []byte(header+b.text), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "vet", "./"+dir).CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		if lines := strings.Count(b.text, "\n"); lines > 25 {
			t.Errorf("an example of %d lines is no short one", lines)
		}
	}
	if !found {
		t.Error("README.md has no Go code")
	}
}

// TestOwnSuiteIsShort: a data set, a net and a suite of one's own, in one screen.
func TestOwnSuiteIsShort(t *testing.T) {
	for _, b := range blocks(t, filepath.Join("docs", "experiments.md")) {
		if lines := strings.Count(b.text, "\n"); b.language == "go" && lines >= 60 {
			t.Errorf("%s has %d lines, want fewer than 60", b.file, lines)
		}
	}
}

// TestLinks: what a document links to is there, and so is the heading.
func TestLinks(t *testing.T) {
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^)#:]*)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			target := document
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(document), m[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", document, m[1], err)
				continue
			}
			if m[2] == "" {
				continue
			}
			linked, err := os.ReadFile(target)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(anchors(string(linked)), m[2]) {
				t.Errorf("%s links to %s, which has no heading of that name", document, m[1]+m[2])
			}
		}
	}
}

// anchors returns the links to the headings of a document, as GitHub makes them.
func anchors(text string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		kept := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, "#"+strings.ReplaceAll(kept, " ", "-"))
	}
	return out
}

// TestReadmePlot: the picture is of the accepted runs, like the table.
func TestReadmePlot(t *testing.T) {
	records, err := record.LoadBaselines(filepath.Join("baselines", "smoke"))
	if err != nil {
		t.Fatal(err)
	}
	suites, err := record.LoadSuites(filepath.Join("baselines", "smoke"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range report.New(report.Input{Suites: suites, Records: records}) {
		if s.Name != "imbalance" {
			continue
		}
		var drawn bytes.Buffer
		if err := chart.Curves(s).WriteSVG(&drawn); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("docs", "images", "imbalance-curves.svg")
		if *update {
			if err := os.WriteFile(path, drawn.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(stored, drawn.Bytes()) && runtime.GOARCH == "amd64" { // others round elsewhere
			t.Errorf("%s is not of these baselines: go test -run ReadmePlot . -update", path)
		}
	}
}
