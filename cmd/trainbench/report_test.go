package main

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trainbench/bench/record"
)

// resultsFolder has one experiment of two seeds.
func resultsFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "tiny")
	for seed := range uint64(2) {
		p, err := record.NewPredictions(2, []int32{0, 1, 1, 0}, []int32{0, 1, int32(seed), 0})
		if err != nil {
			t.Fatal(err)
		}
		s := record.Sample{Seed: seed, Status: record.OK, Predictions: p}
		c, err := s.Confusion()
		if err != nil {
			t.Fatal(err)
		}
		s.Metrics = map[string]float64{record.Top1: 100 * c.Top1(), record.F1: 100 * c.MacroF1()}
		r := &record.Record{Profile: "tiny", Suite: "s", Experiment: "e", Config: []byte(`{"rate":0.1}`), Samples: []record.Sample{s}}
		if err := r.Write(record.SamplePath(dir, "s", "e", seed)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReport(t *testing.T) {
	dir := resultsFolder(t)
	tests := []struct {
		why     string
		args    []string
		want    string // in the output
		wantErr string
	}{
		{"markdown unless told otherwise", []string{dir}, "| e ", ""},
		{"CSV", []string{"-format", "csv", dir}, "tiny,s,e,", ""},
		{"LaTeX", []string{"-format=latex", dir}, `\toprule`, ""},
		{"HTML", []string{"-format", "html", dir}, "<table", ""},
		{"a format that does not exist lists those that do", []string{"-format", "pdf", dir}, "", "latex"},
		{"no folder", nil, "", "exit code 2"},
		{"flags come first", []string{dir, "-write"}, "", "exit code 2"},
		{"an empty folder is no result", []string{t.TempDir()}, "", "no results there"},
		{"baselines that are named must be there", []string{"-baselines", filepath.Join(dir, "none"), dir}, "", "none"},
		{"a file is no folder of baselines", []string{"-baselines", record.SamplePath(dir, "s", "e", 0), dir}, "", "not a folder"},
		{"an empty folder of baselines: all is new", []string{"-baselines", t.TempDir(), dir}, "NEW", ""},
		{"a margin of nothing", []string{"-margin", "0", dir}, "", "exit code 2"},
		{"plots and a page", []string{"-write", dir}, "index.html", ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := runReport(t.Context(), test.args, nil, &stdout, &stderr)
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("got error %v, want one with %q", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(stdout.String(), test.want) {
				t.Errorf("no %q in\n%s", test.want, stdout.String())
			}
			if stderr.Len() > 0 {
				t.Errorf("unasked on stderr: %s", stderr.String())
			}
		})
	}
	for _, name := range []string{"README.md", "gate.json", "s.md", "index.html", "plots/s-seeds.svg", "plots/s-seeds.png"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() == 0 {
			t.Errorf("-write: %s: %v", name, err)
		}
	}
}

func TestReportHelp(t *testing.T) {
	var stderr bytes.Buffer
	err := runReport(t.Context(), []string{"-h"}, nil, &bytes.Buffer{}, &stderr)
	if !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "usage: trainbench report") {
		t.Errorf("-h: error %v, output %q", err, stderr.String())
	}
}

// TestReportJudgesAsTheRun checks which margin is used: that of the run, unless a
// flag says otherwise.
func TestReportJudgesAsTheRun(t *testing.T) {
	dir := resultsFolder(t)
	if err := runReport(t.Context(), []string{"-margin", "7", "-write", dir}, nil, &bytes.Buffer{}, &bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		want float64
	}{
		{[]string{dir}, 7},
		{[]string{"-format", "csv", dir}, 7},
		{[]string{"-margin", "2", dir}, 2},
	}
	for _, test := range tests {
		opt, err := parseReport(test.args, &bytes.Buffer{})
		if err != nil {
			t.Fatal(err)
		}
		if got := opt.judging.Margins[record.F1]; got != test.want {
			t.Errorf("%q: margin %v, want %v", test.args, got, test.want)
		}
	}
}
