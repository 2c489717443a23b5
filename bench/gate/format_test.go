package gate

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/record"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// every is a report with every outcome, and text that every format must escape.
func every() Report {
	verdict := func(name string, o Outcome, reason string) Verdict {
		return Verdict{
			Experiment: "s/" + name, Metric: record.F1, Outcome: o, Reason: reason,
			Baseline: Summary{N: 10, Mean: 80.126, SD: .3}, Candidate: Summary{N: 1, Mean: 79.5},
			Interval: &Interval{-1, -.25, .9}, P: &PValues{.001, .012, 1, 1, .9},
		}
	}
	r := Report{
		Options: DefaultOptions(),
		Verdicts: []Verdict{
			verdict("a", Fail, "macro-F1 -0.62 pp [-1.00, -0.25]: a loss is shown; 11 % of predictions changed"),
			verdict("b", Pass, "a loss of 0.5 pp is ruled out"),
			verdict("c", Improved, "a gain is shown"),
			verdict("d", Inconclusive, "about 3 more seeds would settle it"),
			verdict("e", Reproduced, "equal"),
			{Experiment: "s/f", Outcome: Error, Reason: "another <config> | \"x\"", Detail: "-\t1\n+\t2 & more\n"},
			{Experiment: "t/g", Outcome: New, Reason: "no baseline yet"},
		},
		NotRun: []string{"t/h"},
	}
	for _, c := range []struct {
		text       string
		outcome    ClaimOutcome
		regression bool
	}{{"a beats b", Supported, false}, {"b, of all: 100%", Refuted, true}, {"c > d", Refuted, false}, {"e", Undecided, false}, {"f", ClaimNotRun, false}} {
		r.Claims = append(r.Claims, ClaimResult{
			Suite: "s", Claim: record.Claim{Text: c.text}, Outcome: c.outcome, Regression: c.regression, Reason: "because",
		})
	}
	return r
}

func TestFormats(t *testing.T) {
	for name, write := range map[string]func(io.Writer, Report) error{
		"report.txt": WriteText, "report.md": WriteMarkdown, "report.json": WriteJSON,
		"report.xml": WriteJUnit, "report.github": WriteGitHub,
	} {
		var got bytes.Buffer
		if err := write(&got, every()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s (-want +got; -update rewrites it):\n%s", name, diff)
		}
	}
}

func TestFormatsAreRead(t *testing.T) {
	var buf bytes.Buffer
	if err := WriteJUnit(&buf, every()); err != nil {
		t.Fatal(err)
	}
	var suites junitSuites
	if err := xml.Unmarshal(buf.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	if suites.Tests != 12 || suites.Failures != 2 || suites.Errors != 1 || len(suites.Suites) != 2 || suites.Suites[0].Skipped != 4 {
		t.Errorf("JUnit: %d tests, %d failures, %d errors, suites %+v", suites.Tests, suites.Failures, suites.Errors, suites.Suites)
	}
	if got := suites.Suites[0].Cases[5].Error; got == nil || got.Message != `another <config> | "x"` || got.Text != "-\t1\n+\t2 & more\n" {
		t.Errorf("JUnit: the error reads %+v", got)
	}
	strict := every()
	strict.Options.Strict = true
	buf.Reset()
	if err := WriteJUnit(&buf, strict); err != nil {
		t.Fatal(err)
	}
	suites = junitSuites{}
	if err := xml.Unmarshal(buf.Bytes(), &suites); err != nil || suites.Failures != 3 {
		t.Errorf("strict: %d failures, error %v", suites.Failures, err)
	}
	buf.Reset()
	if err := WriteJSON(&buf, every()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Status   string `json:"status"`
		ExitCode int    `json:"exit_code"`
		Report
	}
	if err := json.Unmarshal(buf.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(every(), got.Report); diff != "" || got.Status != "regression" || got.ExitCode != 1 {
		t.Errorf("JSON: %s, %d (-want +got):\n%s", got.Status, got.ExitCode, diff)
	}
}

// TestSchema: the schema that consumers validate reports with has the fields of the
// structs, no more and no less, and asks for those that are always there.
func TestSchema(t *testing.T) {
	data, err := os.ReadFile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	type object struct {
		Required   []string
		Properties map[string]any
	}
	var schema struct {
		object
		Defs map[string]object `json:"$defs"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	schema.Defs["report"] = schema.object
	for name, value := range map[string]any{
		"report": Report{}, "options": Options{}, "verdict": Verdict{}, "summary": Summary{}, "interval": Interval{},
		"p": PValues{}, "where": Where{}, "class": ClassChange{}, "claim": ClaimResult{},
	} {
		fields, required := map[string]bool{}, map[string]bool{}
		if name == "report" { // WriteJSON adds them
			fields = map[string]bool{"status": true, "exit_code": true, "options_sha256": true}
			required = map[string]bool{"status": true, "exit_code": true, "options_sha256": true}
		}
		for _, field := range reflect.VisibleFields(reflect.TypeOf(value)) {
			tag, option, _ := strings.Cut(field.Tag.Get("json"), ",")
			fields[tag] = true
			if option != "omitempty" {
				required[tag] = true
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(fields)), slices.Sorted(maps.Keys(schema.Defs[name].Properties))); diff != "" {
			t.Errorf("%s: properties (-struct +schema):\n%s", name, diff)
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(required)), slices.Sorted(slices.Values(schema.Defs[name].Required))); diff != "" {
			t.Errorf("%s: required (-struct +schema):\n%s", name, diff)
		}
	}
}

func TestStrict(t *testing.T) {
	r := Report{Verdicts: []Verdict{{Outcome: Inconclusive}}}
	if r.ExitCode() != 3 {
		t.Errorf("inconclusive exits with %d, want 3", r.ExitCode())
	}
	r.Options.Strict = true
	if r.ExitCode() != 1 || r.Status() != StatusInconclusive {
		t.Errorf("strict: exits with %d, status %s; want 1, inconclusive", r.ExitCode(), r.Status())
	}
}

// FuzzReadOptions reads gate.json: what is accepted can be judged with.
func FuzzReadOptions(f *testing.F) {
	var written bytes.Buffer
	if err := WriteJSON(&written, Report{Options: DefaultOptions(), Verdicts: []Verdict{{Experiment: "s/e"}}}); err != nil {
		f.Fatal(err)
	}
	f.Add(written.Bytes())
	f.Add([]byte(`{"options": {"alpha": 0.05, "margins": {"top1-pct": 0.5}, "trifling": 0.3, "max_seeds": 9}}`))
	f.Add([]byte(`{"options": {"alpha": 2}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		opt, err := ReadOptions(data)
		if err != nil {
			return
		}
		if err := opt.Validate(); err != nil {
			t.Error(err)
		}
	})
}

// TestOptionsKeepTheirValue changes each byte of the options in gate.json.
func TestOptionsKeepTheirValue(t *testing.T) {
	want := DefaultOptions()
	var written bytes.Buffer
	if err := WriteJSON(&written, Report{Options: want}); err != nil {
		t.Fatal(err)
	}
	data := written.Bytes()
	for i := range data {
		for bit := range 8 {
			damaged := bytes.Clone(data)
			damaged[i] ^= 1 << bit
			if got, err := ReadOptions(damaged); err == nil && !cmp.Equal(want, got) {
				t.Errorf("bit %d of byte %d, %q: other options unnoticed", bit, i, data[i])
			}
		}
	}
}
