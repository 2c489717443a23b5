package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// trainbench runs a command line and returns what it said.
func trainbench(stdin string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = execute(context.Background(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// must runs a command that has to succeed.
func must(t *testing.T, args ...string) string {
	t.Helper()
	code, stdout, stderr := trainbench("", args...)
	if code != 0 {
		t.Fatalf("trainbench %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout, stderr)
	}
	return stdout
}

// runs is a CSV file as a training script writes it: accuracies as fractions.
func runs(t *testing.T, dir string, accuracies ...float64) string {
	t.Helper()
	text := "seed,model,lr,val_acc,train_time\n"
	for i, a := range accuracies {
		text += fmt.Sprintf("%d,ResNet 20,0.1,%v,12.5\n", i, a)
	}
	path := filepath.Join(dir, fmt.Sprintf("runs%d.csv", len(accuracies)))
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

var tenRuns = []float64{.6455, .6473, .648, .649, .6497, .6503, .651, .652, .6527, .6545}

// imported makes the folder of results that an import of these runs makes; files
// are not synced, which takes most of the time of an import.
func imported(t *testing.T, accuracies ...float64) string {
	t.Helper()
	results := t.TempDir()
	for i, a := range accuracies {
		r := &record.Record{Profile: "imported", Suite: "cifar", Experiment: "resnet-20", Config: json.RawMessage(`{"lr":"0.1"}`)}
		r.Samples = []record.Sample{{
			Seed: uint64(i), Status: record.OK, Metrics: map[string]float64{record.Top1: 100 * a},
			Data: record.Data{Dataset: "CIFAR-100"}, Env: record.Env{Backend: "imported"},
		}}
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		path := record.SamplePath(results, r.Suite, r.Experiment, r.Samples[0].Seed)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return results
}

func accepted(t *testing.T, accuracies ...float64) string {
	t.Helper()
	baselines := filepath.Join(t.TempDir(), "baselines")
	must(t, "accept", "-reason", "first", baselines, imported(t, accuracies...))
	return baselines
}

// TestFromCSV is what a user of another framework does.
func TestFromCSV(t *testing.T) {
	dir := t.TempDir()
	read := func(name string, accuracies ...float64) string {
		results := filepath.Join(dir, name)
		must(t, "import", "-o", results, "-suite", "cifar", "-experiment", "model", "-config", "lr", "-dataset", "CIFAR-100",
			"-metric", "top1-pct=val_acc*100", runs(t, dir, accuracies...))
		return results
	}
	baselines := filepath.Join(dir, "baselines")
	must(t, "accept", "-reason", "first", baselines, read("old", tenRuns...))
	code, stdout, stderr := trainbench("", "gate", baselines, read("new", .637, .639, .64, .641, .643))
	if code != 1 || !strings.HasPrefix(stdout, "FAIL          cifar/resnet-20  top-1 -1.00 pp [") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
	must(t, "gate", baselines, imported(t, tenRuns...)) // the same as imported makes
}

func TestGate(t *testing.T) {
	baselines := accepted(t, tenRuns...)
	tests := []struct {
		why    string
		runs   []float64
		args   []string
		code   int
		stdout string
	}{
		{"the same again", tenRuns, nil, 0, "PASS          cifar/resnet-20  top-1 +0.00 pp ["},
		{"five runs a point lower", []float64{.637, .639, .64, .641, .643}, nil, 1, "FAIL          cifar/resnet-20  top-1 -1.00 pp ["},
		{"a margin that allows for it", []float64{.637, .639, .64, .641, .643}, []string{"-margin", "2"}, 0, "a loss of 2 pp is ruled out, a smaller one is shown"},
		{"one run cannot tell", []float64{.648}, nil, 3, "INCONCLUSIVE"},
		{"unless not knowing is failing", []float64{.648}, []string{"-strict"}, 1, "INCONCLUSIVE"},
		{"another metric can be gated", []float64{.65}, []string{"-margin", "loss=0.01"}, 3, ""},
		{"JSON", tenRuns, []string{"-format", "json"}, 0, `"status": "pass"`},
		{"markdown", tenRuns, []string{"-format", "markdown"}, 0, "| PASS | cifar/resnet-20 | top-1 |"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			code, stdout, stderr := trainbench("", append(append([]string{"gate"}, test.args...), baselines, imported(t, test.runs...))...)
			if code != test.code || !strings.Contains(stdout, test.stdout) || stderr != "" {
				t.Errorf("exit code %d, want %d; want %q in\n%s\n%s", code, test.code, test.stdout, stdout, stderr)
			}
		})
	}
}

// TestGateJudgesAsTheRun: the margin of a profile is not asked for again.
func TestGateJudgesAsTheRun(t *testing.T) {
	baselines, results := accepted(t, tenRuns...), imported(t, .637, .639, .64, .641, .643)
	var judged bytes.Buffer
	options := gate.DefaultOptions()
	options.Margins[record.Top1] = 2
	if err := gate.WriteJSON(&judged, gate.Report{Options: options}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(results, "gate.json"), judged.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "a loss of 2 pp is ruled out"},
		{[]string{"-max-seeds", "10"}, "a loss of 2 pp is ruled out"},
		{[]string{"-margin", "1.8"}, "a loss of 1.8 pp is ruled out"},
	} {
		if out := must(t, append(append([]string{"gate"}, test.args...), baselines, results)...); !strings.Contains(out, test.want) {
			t.Errorf("gate %v does not say %q:\n%s", test.args, test.want, out)
		}
	}
}

// TestHandEdit edits a baseline and a result so that they flatter.
func TestHandEdit(t *testing.T) {
	worse := []float64{.637, .639, .64, .641, .643}
	edit := func(path, from, to string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(data), from) {
			t.Fatalf("%s has no %s: %v", path, from, err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(data), from, to)), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	baselines, results := accepted(t, tenRuns...), imported(t, worse...)
	path := record.BaselinePath(baselines, "cifar", "resnet-20")
	edit(path, `"top1-pct":65`, `"top1-pct":63`)
	for _, command := range [][]string{{"gate"}, {"accept", "-reason", "r"}} {
		code, stdout, stderr := trainbench("", append(command, baselines, results)...)
		if code != 2 || !strings.Contains(stderr, "was edited by hand") || !strings.Contains(stderr, path) {
			t.Errorf("%s: an edited baseline: exit code %d:\n%s%s", command[0], code, stdout, stderr)
		}
	}
	if err := os.Remove(path); err != nil { // the way out
		t.Fatal(err)
	}
	must(t, "accept", "-reason", "the old one was edited", baselines, results)
	must(t, "gate", baselines, results)

	edit(record.SamplePath(results, "cifar", "resnet-20", 0), `"top1-pct":63.7`, `"top1-pct":64.7`)
	if code, stdout, stderr := trainbench("", "gate", baselines, results); code != 2 || !strings.Contains(stderr, "was edited by hand") {
		t.Errorf("an edited result: exit code %d:\n%s%s", code, stdout, stderr)
	}
}

func TestGateWritesFiles(t *testing.T) {
	baselines, results := accepted(t, tenRuns...), imported(t, .637, .639, .64, .641, .643)
	dir := t.TempDir()
	summary := filepath.Join(dir, "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	code, stdout, stderr := trainbench("", "gate", "-format", "github",
		"-o", "junit="+filepath.Join(dir, "gate.xml"), "-o", "json="+filepath.Join(dir, "gate.json"), baselines, results)
	if code != 1 || !strings.HasPrefix(stdout, "::error title=FAIL cifar/resnet-20 top-1::") {
		t.Errorf("exit code %d:\n%s%s", code, stdout, stderr)
	}
	for name, check := range map[string]func([]byte) error{
		"gate.xml":   func(b []byte) error { return xml.Unmarshal(b, new(struct{})) },
		"gate.json":  func(b []byte) error { return json.Unmarshal(b, new(map[string]any)) },
		"summary.md": func([]byte) error { return nil },
	} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || check(data) != nil || !bytes.Contains(data, []byte("FAIL")) {
			t.Errorf("%s: error %v:\n%s", name, err, data)
		}
	}
}

// TestGateClaims: claims are those of the results, or else of the baselines.
func TestGateClaims(t *testing.T) {
	baselines, results := accepted(t, tenRuns...), imported(t, tenRuns...)
	suite := record.Suite{Profile: "imported", Name: "cifar", Experiments: []string{"resnet-20"}, Claims: []record.Claim{
		{Text: "resnet20 reaches 60 %", Kind: record.AtLeast, A: "resnet-20", Metric: record.Top1, Gap: 60},
	}}
	if err := record.WriteSuite(baselines, suite); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "gate", baselines, results); !strings.Contains(out, "SUPPORTED     cifar: resnet20 reaches 60 % (resnet-20: top-1 65.00 % [64.81, 65.19], claimed at least 60 %)") {
		t.Errorf("the baseline's claim is not judged:\n%s", out)
	}
	suite.Claims[0].Gap = 70
	if err := record.WriteSuite(results, suite); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "gate", baselines, results); !strings.Contains(out, "as in the baseline") {
		t.Errorf("a claim that was false before:\n%s", out)
	}
}

func TestAcceptShowsFirst(t *testing.T) {
	baselines, results := filepath.Join(t.TempDir(), "b"), imported(t, tenRuns...)
	out := must(t, "accept", baselines, results)
	if !strings.Contains(out, "cifar/resnet-20: new baseline, 10 seeds\n\ttop-1 65.00 ± 0.27\n") || !strings.Contains(out, "nothing was stored") {
		t.Errorf("shown:\n%s", out)
	}
	if _, err := os.Stat(baselines); err == nil {
		t.Error("stored without a reason")
	}
	if out := must(t, "accept", "-reason", "r", "-run", "^cifar/", baselines, results); strings.Contains(out, "nothing was stored") {
		t.Errorf("not stored:\n%s", out)
	}
	got, err := record.LoadBaselines(baselines)
	if err != nil || len(got) != 1 || got[0].Accepted.Reason != "r" {
		t.Errorf("stored %v, error %v", got, err)
	}
}

func TestPlan(t *testing.T) {
	baselines := accepted(t, tenRuns...)
	out := must(t, "plan", "-seeds", "1,4", "-margin", "0.5", baselines)
	for _, want := range []string{"cifar/resnet-20  top-1   65.00 ± 0.27 (10)  0.27    0.5     3        2", "sees, 1  sees, 4\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	var rows []struct {
		ToPass int `json:"seeds_to_pass"`
	}
	if err := json.Unmarshal([]byte(must(t, "plan", "-format", "json", baselines)), &rows); err != nil || len(rows) != 1 || rows[0].ToPass != 3 {
		t.Errorf("JSON: %+v, error %v", rows, err)
	}
}

func TestUsage(t *testing.T) {
	empty := t.TempDir()
	file := runs(t, empty, .5)
	tests := []struct {
		why    string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"nothing asked", nil, 2, "", "usage: trainbench COMMAND"},
		{"help asked", []string{"help"}, 0, "usage: trainbench COMMAND", ""},
		{"help of a command", []string{"help", "gate"}, 0, "", "usage: trainbench gate"},
		{"an unknown command", []string{"train"}, 2, "", `no command "train"`},
		{"an unknown flag", []string{"gate", "-x"}, 2, "", "not defined: -x"},
		{"a missing argument", []string{"gate", empty}, 2, "", "usage: trainbench gate"},
		{"a flag behind an argument is not read as a folder", []string{"gate", empty, empty, "-strict"}, 2, "", "flags come first: -strict"},
		{"a folder that is not there", []string{"gate", filepath.Join(empty, "x"), empty}, 2, "", "no such file"},
		{"a file in place of a folder", []string{"gate", file, empty}, 2, "", "not a folder"},
		{"results without records", []string{"gate", empty, empty}, 2, "", "no results there"},
		{"an unknown format", []string{"gate", "-format", "pdf", empty, empty}, 2, "", "none of github, json"},
		{"an output without a name", []string{"gate", "-o", "junit", empty, empty}, 2, "", "want FORMAT=FILE"},
		{"a margin of nothing", []string{"gate", "-margin", "0", empty, empty}, 2, "", "want a number above 0"},
		{"a plan without baselines", []string{"plan", empty}, 2, "", "no baselines there"},
		{"a plan with no seeds", []string{"plan", "-seeds", "0", empty}, 2, "", "want numbers above 0"},
		{"nothing to accept", []string{"accept", empty, empty}, 2, "", "nothing to accept"},
		{"a bad regexp", []string{"accept", "-run", "(", empty, empty}, 2, "", "-run"},
		{"an import that goes nowhere", []string{"import", file}, 2, "", "-o"},
		{"a suite that is no folder", []string{"import", "-o", empty, "-suite", "a/b", file}, 2, "", "cannot be the name"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			code, stdout, stderr := trainbench("", test.args...)
			if code != test.code || !strings.Contains(stdout, test.stdout) || !strings.Contains(stderr, test.stderr) {
				t.Errorf("exit code %d, want %d\nstdout %s\nstderr %s\nwant %q and %q", code, test.code, stdout, stderr, test.stdout, test.stderr)
			}
		})
	}
}
