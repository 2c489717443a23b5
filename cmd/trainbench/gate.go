package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"trainbench/bench/atomicfile"
	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
)

const gateUsage = `usage: trainbench gate [flags] BASELINES RESULTS

Gate compares the records in the folder RESULTS with those in BASELINES and prints
a verdict for every experiment and metric, and what became of the suites' claims.
It exits with 0 if nothing got worse, 1 on a regression, 2 if something cannot be
compared (also on wrong usage and failed input or output), and 3 if more seeds are
needed to tell. It judges as the run that made the results did, unless told
otherwise by flags.

`

// formats are what reports can be written as.
func formats() map[string]func(io.Writer, gate.Report) error {
	return map[string]func(io.Writer, gate.Report) error{
		"text": gate.WriteText, "markdown": gate.WriteMarkdown, "json": gate.WriteJSON,
		"junit": gate.WriteJUnit, "github": gate.WriteGitHub,
	}
}

func formatNames() string {
	return strings.Join(slices.Sorted(maps.Keys(formats())), ", ")
}

// runGate is the command "trainbench gate".
func runGate(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := newFlags("gate", gateUsage, stderr)
	opt := gate.DefaultOptions()
	given := judgeFlags(fs, &opt)
	requireAll := fs.Bool("require-all", false, "a baseline without a result is an error")
	strict := fs.Bool("strict", false, "exit with 1 instead of 3 if more seeds are needed")
	maxSeeds := fs.Int("max-seeds", 0, "the results are of -seeds auto with at most this `number` of seeds (0: not)")
	format := fs.String("format", "text", "`format` of what is printed: "+formatNames())
	files := map[string]string{}
	fs.Func("o", "also write `FORMAT=FILE`; can be repeated", func(s string) error {
		name, file, ok := strings.Cut(s, "=")
		if !ok || file == "" || formats()[name] == nil {
			return fmt.Errorf("want FORMAT=FILE, with one of %s", formatNames())
		}
		files[file] = name
		return nil
	})
	if err := parse(fs, args, 2); err != nil {
		return err
	}
	if formats()[*format] == nil {
		return fmt.Errorf("gate: format %q is none of %s", *format, formatNames())
	}
	if !given() {
		var err error
		if opt, err = report.Options(fs.Arg(1)); err != nil {
			return fmt.Errorf("gate: %w", err)
		}
	}
	if *maxSeeds > 0 {
		opt.MaxSeeds = *maxSeeds
	}
	opt.RequireAll, opt.Strict = *requireAll, *strict
	in, err := load(fs.Arg(0), fs.Arg(1))
	if err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	judged, err := gate.Judge(in, opt)
	if err != nil {
		return err
	}
	if err := formats()[*format](stdout, judged); err != nil {
		return fmt.Errorf("gate: %w", err)
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		var buf bytes.Buffer
		if err := formats()[files[file]](&buf, judged); err != nil {
			return fmt.Errorf("gate: %s: %w", file, err)
		}
		if err := atomicfile.Write(file, buf.Bytes()); err != nil {
			return fmt.Errorf("gate: %w", err)
		}
	}
	if *format == "github" {
		if err := stepSummary(judged); err != nil {
			return fmt.Errorf("gate: %w", err)
		}
	}
	if code := judged.ExitCode(); code != 0 {
		return exitCode(code)
	}
	return nil
}

// judgeFlags are those of commands that judge or plan for it. The function that it
// returns reports, after parsing, whether any was given.
func judgeFlags(all *flag.FlagSet, opt *gate.Options) (given func() bool) {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.Float64Var(&opt.Alpha, "alpha", opt.Alpha, "`probability` of any FAIL in a run in which nothing changed")
	fs.Float64Var(&opt.Trifling, "trifling", opt.Trifling, "`fraction` of the margin that a FAIL must be shown to exceed")
	fs.Func("margin", "the `loss` that nobody cares about: a number for all gated metrics, or METRIC=NUMBER, which also\n"+
		"gates that metric; can be repeated (default 0.5 for top1-pct and f1-pct)", func(s string) error {
		return setMargin(opt.Margins, s)
	})
	fs.Func("lower-is-better", "`metric` of which less is better; can be repeated (default loss)", func(s string) error {
		opt.LowerIsBetter = append(opt.LowerIsBetter, s)
		return nil
	})
	fs.VisitAll(func(f *flag.Flag) { all.Var(f.Value, f.Name, f.Usage) })
	return func() (any bool) {
		all.Visit(func(f *flag.Flag) { any = any || fs.Lookup(f.Name) != nil })
		return any
	}
}

func setMargin(margins map[string]float64, s string) error {
	metric, number, named := strings.Cut(s, "=")
	if !named {
		number = s
	}
	x, err := strconv.ParseFloat(number, 64)
	if err != nil || !(x > 0) {
		return fmt.Errorf("want a number above 0, or METRIC=NUMBER")
	}
	if named {
		margins[metric] = x
		return nil
	}
	for m := range margins {
		margins[m] = x
	}
	return nil
}

// load reads both folders. Results that are not there are an error, and so is a
// folder of baselines; an empty one makes every result new.
func load(baselines, results string) (gate.Input, error) {
	var in gate.Input
	for _, folder := range []string{baselines, results} {
		if info, err := os.Stat(folder); err != nil {
			return in, err
		} else if !info.IsDir() {
			return in, fmt.Errorf("%s is not a folder", folder)
		}
	}
	var err error
	if in.Baselines, err = record.LoadBaselines(baselines); err != nil {
		return in, err
	}
	if in.Candidates, err = record.LoadResults(results); err != nil {
		return in, err
	}
	if len(in.Candidates) == 0 {
		return in, fmt.Errorf("%s: no results there: want a folder with SUITE/EXPERIMENT/seed-N.json in it", results)
	}
	if in.Suites, err = record.LoadSuites(results); err != nil {
		return in, err
	}
	known := map[string]bool{}
	for _, s := range in.Suites {
		known[s.Name] = true
	}
	accepted, err := record.LoadSuites(baselines)
	for _, s := range accepted {
		if !known[s.Name] {
			in.Suites = append(in.Suites, s)
		}
	}
	return in, err
}

// stepSummary appends the report to the page that GitHub shows for a step of a
// workflow, if there is one.
func stepSummary(judged gate.Report) error {
	path := os.Getenv("GITHUB_STEP_SUMMARY")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if err := gate.WriteMarkdown(f, judged); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
