package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPyTorch is what someone does who trains with PyTorch: ten trainings become
// the baseline, and ten of a later day are gated. The files are from the script
// beside them; readers that are not ours read what comes out.
func TestPyTorch(t *testing.T) {
	dir := t.TempDir()
	read := func(name string) string {
		results := filepath.Join(dir, name)
		must(t, "import", "-o", results, "-suite", "digits", "-experiment", "model", "-config", "lr,epochs", "-dataset", "digits",
			"-metric", "top1-pct=val_acc*100", "-metric", "f1-pct=val_f1*100", "-metric", "loss=val_loss",
			filepath.Join("testdata", "pytorch", name+".csv"))
		return results
	}
	baselines := filepath.Join(dir, "baselines")
	must(t, "accept", "-reason", "first", baselines, read("accepted"))
	tests := []struct {
		runs    string
		code    int
		status  string
		outcome string
		says    string
	}{
		{"unchanged", 0, "pass", "PASS", "top-1 -0.10 pp [-0.64, +0.44]: a loss of 1 pp is ruled out"},
		{"regressed", 1, "regression", "FAIL", "top-1 -1.47 pp [-2.05, -0.90]: a loss is shown"},
	}
	for _, test := range tests {
		out := filepath.Join(dir, "report-"+test.runs)
		if err := os.Mkdir(out, 0o777); err != nil {
			t.Fatal(err)
		}
		files := map[string]string{}
		args := []string{"gate", "-margin", "1", "-margin", "loss=0.02"}
		for name := range formats() {
			files[name] = filepath.Join(out, name)
			args = append(args, "-o", name+"="+files[name])
		}
		code, stdout, stderr := trainbench("", append(args, baselines, read(test.runs))...)
		if code != test.code || !strings.Contains(stdout, test.says) || stderr != "" {
			t.Errorf("%s: exit code %d, want %d; want %q in\n%s%s", test.runs, code, test.code, test.says, stdout, stderr)
		}
		for _, r := range readers(test.status, test.outcome) {
			t.Run(test.runs+"/"+r.name, func(t *testing.T) { r.read(t, files[r.format]) })
		}
		t.Run(test.runs+"/annotations", func(t *testing.T) { checkAnnotations(t, files["github"]) })
	}
}

// reader is a program that reads one of our formats, and exits with 0 if it can
// and finds there what it must. %s is the file.
type reader struct {
	name, format string
	probe, args  []string // to see whether it is there, and to read
}

func readers(status, outcome string) []reader {
	python := func(name, format, module, program string) reader {
		return reader{name, format, []string{"python3", "-c", "import " + module}, []string{"python3", "-c", program, "%s", outcome}}
	}
	all := []reader{
		{"jq", "json", []string{"jq", "--version"}, []string{"jq", "-e",
			`.status == "` + status + `" and (.verdicts | length == 3 and all(.outcome == "` + outcome + `" and (.p.loss | type == "number")))`, "%s"}},
		{"xmllint", "junit", []string{"xmllint", "--version"}, []string{"xmllint", "--noout", "%s"}},
		python("jsonschema", "json", "jsonschema", `
import json, jsonschema, sys
schema = json.load(open("../../bench/gate/report.schema.json"))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.validate(json.load(open(sys.argv[1])), schema)`),
		python("junitparser", "junit", "junitparser", `
import junitparser, sys
suites = junitparser.JUnitXml.fromfile(sys.argv[1])
failures = 3 if sys.argv[2] == "FAIL" else 0
assert (suites.tests, suites.failures, suites.errors) == (3, failures, 0), suites
cases = [case for suite in suites for case in suite]
assert [case.name for case in cases] == ["mlp-64 top-1", "mlp-64 macro-F1", "mlp-64 loss"], cases
assert all(case.is_failure == (failures > 0) for case in cases)`),
		python("markdown-it", "markdown", "markdown_it", `
import markdown_it, sys
tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(open(sys.argv[1]).read())
kinds = [token.type for token in tokens]
assert kinds.count("table_open") == 1 and kinds.count("tr_open") == 4, kinds
assert kinds.count("th_open") == 6 and kinds.count("td_open") == 18, kinds
cells = [tokens[i + 1].content.strip("*") for i, token in enumerate(tokens) if token.type == "td_open"]
assert cells[::6] == [sys.argv[2]] * 3, cells`),
	}
	// A schema of JUnit's XML, for example that of Jenkins's xUnit plugin.
	if schema := os.Getenv("JUNIT_XSD"); schema != "" {
		all = append(all, reader{"schema", "junit", []string{"xmllint", "--version"}, []string{"xmllint", "--noout", "--schema", schema, "%s"}})
	}
	return all
}

func (r reader) read(t *testing.T, file string) {
	if err := exec.Command(r.probe[0], r.probe[1:]...).Run(); err != nil {
		t.Skipf("%s is not here: %v", r.name, err)
	}
	args := append([]string(nil), r.args[1:]...)
	for i := range args {
		args[i] = strings.Replace(args[i], "%s", file, 1)
	}
	if out, err := exec.Command(r.args[0], args...).CombinedOutput(); err != nil {
		text, _ := os.ReadFile(file)
		t.Errorf("%s: %v\n%s\nreading\n%s", r.name, err, out, text)
	}
}

// checkAnnotations holds a file to the grammar of GitHub's workflow commands:
// "::error title={title}::{message}", where %, line ends and, in the title, ':' and
// ',' are escaped.
func checkAnnotations(t *testing.T, file string) {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	command := regexp.MustCompile(`^::(error|warning|notice) title=([^%:,]|%25|%0D|%0A|%3A|%2C)+::([^%]|%25|%0D|%0A)+$`)
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	if len(lines) == 0 {
		t.Error("no annotation")
	}
	for _, line := range lines {
		if !command.Match(line) {
			t.Errorf("not a workflow command: %s", line)
		}
	}
}
