package gate

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/record"
)

// stored writes the samples of r as results.
func stored(t *testing.T, folder string, r *record.Record) {
	t.Helper()
	for _, s := range r.Samples {
		one := *r
		one.Samples = []record.Sample{s}
		if err := one.Write(record.SamplePath(folder, r.Suite, r.Experiment, s.Seed)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAccept(t *testing.T) {
	results, baselines := t.TempDir(), t.TempDir()
	stored(t, results, made("a", 80, 81))
	stored(t, results, made("b", 70))
	suite := record.Suite{Version: record.Version, Name: "s", Question: "?", Experiments: []string{"a", "b"}}
	if err := record.WriteSuite(results, suite); err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a := Acceptance{
		Results: results, Baselines: baselines, Reason: "first", Commit: "abc", Time: when,
		Select: func(id string) bool { return id == "s/a" },
	}
	changes, err := a.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if want := "s/a: new baseline, 2 seeds\n\tmacro-F1 80.50 ± 0.71\n"; len(changes) != 1 || changes[0].String() != want {
		t.Errorf("changes: got %v, want %q", changes, want)
	}
	stays, err := record.LoadBaselines(baselines)
	if err != nil || len(stays) != 1 {
		t.Fatalf("%d baselines, error %v", len(stays), err)
	}
	if diff := cmp.Diff(&record.Accepted{Reason: "first", Commit: "abc", Time: when}, stays[0].Accepted); diff != "" {
		t.Errorf("the books (-want +got):\n%s", diff)
	}
	suites, err := record.LoadSuites(baselines)
	if diff := cmp.Diff([]record.Suite{suite}, suites); diff != "" || err != nil {
		t.Errorf("suites: error %v (-want +got):\n%s", err, diff)
	}

	// The same again changes nothing, not even the reason.
	a.Reason = "again"
	if changes, err = a.Accept(); err != nil || !changes[0].Unchanged {
		t.Errorf("again: %v, error %v", changes, err)
	}

	// Another recipe replaces it, and the plan says so.
	other := made("a", 75)
	other.Config = json.RawMessage(`{"rate":0.2}`)
	if err := os.RemoveAll(filepath.Join(results, "s", "a")); err != nil {
		t.Fatal(err)
	}
	stored(t, results, other)
	if changes, err = a.Accept(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"replaced, 1 seed instead of 2", "macro-F1 80.50 ± 0.71 -> 75.00\n", `"rate":`} {
		if !strings.Contains(changes[0].String(), want) {
			t.Errorf("the change lacks %q:\n%s", want, changes[0])
		}
	}
}

func TestAcceptRefuses(t *testing.T) {
	failed := with(made("e", 80, 81), func(r *record.Record) {
		r.Samples[1].Status, r.Samples[1].Metrics, r.Samples[1].Detail = record.Failed, nil, "out of memory"
	})
	tests := []struct {
		why    string
		result *record.Record
		change func(*Acceptance)
		want   string
	}{
		{"nobody would know why it changed", made("e", 80), func(a *Acceptance) { a.Reason = " " }, "needs a reason"},
		{"a diverged sample is a bug or a bad recipe", diverge(made("e", 80, 81), 1), nil, "seed 42 diverged"},
		{"unless the recipe is known to be unstable", diverge(made("e", 80, 81), 1), func(a *Acceptance) { a.Force = true }, ""},
		{"a recipe that never works is no baseline", diverge(made("e", 80, 81), 2), func(a *Acceptance) { a.Force = true }, "no sample"},
		{"a failed sample says nothing of the recipe", failed, func(a *Acceptance) { a.Force = true }, "seed 43 failed: out of memory"},
		{"a misspelt selection", made("e", 80), func(a *Acceptance) { a.Select = func(string) bool { return false } }, "nothing to accept"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			a := Acceptance{Results: t.TempDir(), Baselines: filepath.Join(t.TempDir(), "b"), Reason: "r"}
			stored(t, a.Results, test.result)
			stored(t, a.Results, made("good", 80))
			if test.change != nil {
				test.change(&a)
			}
			_, err := a.Accept()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
			if _, err := os.Stat(a.Baselines); err == nil {
				t.Error("something was written")
			}
		})
	}
}
