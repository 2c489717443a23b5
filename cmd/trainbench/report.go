package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"trainbench/bench/gate"
	"trainbench/bench/report"
	"trainbench/bench/report/chart"
	"trainbench/bench/report/page"
)

const reportUsage = `usage: trainbench report [flags] RESULTS

Report prints the tables of a folder of results (results/smoke) and, with -write,
puts tables, plots and one page to look at into that folder. It judges as the run
that made the results did, unless told otherwise by flags.

`

// reportOptions are the flags of trainbench report.
type reportOptions struct {
	results              string
	format               string
	baselines, published string
	judging              gate.Options
	write                bool
}

// runReport is the command "trainbench report".
func runReport(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	opt, err := parseReport(args, stderr)
	if err != nil {
		return err
	}
	in, err := report.Load(opt.results, opt.baselines, opt.published, opt.judging)
	if err != nil {
		return err
	}
	if len(in.Records) == 0 {
		return fmt.Errorf("%s: no results there: want a folder with SUITE/EXPERIMENT/seed-N.json in it", opt.results)
	}
	suites := report.New(in)
	if !opt.write {
		return report.Write(stdout, opt.format, suites)
	}
	paths, err := report.WriteTables(opt.results, suites)
	if err != nil {
		return err
	}
	plots, err := chart.Write(filepath.Join(opt.results, "plots"), suites)
	if err != nil {
		return err
	}
	index, err := page.WriteFile(opt.results, suites)
	if err != nil {
		return err
	}
	for _, path := range append(append(paths, plots...), index) {
		fmt.Fprintln(stdout, path)
	}
	return nil
}

// parseReport returns the errors of parse.
func parseReport(args []string, stderr io.Writer) (reportOptions, error) {
	opt := reportOptions{judging: gate.DefaultOptions()}
	fs := newFlags("report", reportUsage, stderr)
	fs.StringVar(&opt.format, "format", "markdown", "`format` of what is printed: "+strings.Join(report.Formats(), ", "))
	fs.StringVar(&opt.baselines, "baselines", "", "`folder` of accepted records (default baselines/NAME, if it is there and RESULTS ends in NAME)")
	fs.StringVar(&opt.published, "published", "", "`folder` of published numbers (default baselines/published, if it is there)")
	fs.BoolVar(&opt.write, "write", false, "write tables, gate.json, plots/ and index.html into RESULTS, and print their names")
	given := judgeFlags(fs, &opt.judging)
	if err := parse(fs, args, 1); err != nil {
		return opt, err
	}
	opt.results = filepath.Clean(fs.Arg(0))
	var err error
	if !given() {
		if opt.judging, err = report.Options(opt.results); err != nil {
			return opt, err
		}
	}
	if opt.baselines, err = folderOr(opt.baselines, filepath.Join("baselines", filepath.Base(opt.results))); err != nil {
		return opt, err
	}
	opt.published, err = folderOr(opt.published, filepath.Join("baselines", "published"))
	return opt, err
}

// folderOr returns the named folder, which must be there, or without a name the
// usual one if that is there, else "".
func folderOr(named, usual string) (string, error) {
	path := named
	if named == "" {
		path = usual
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.IsDir():
		err = errors.New("not a folder")
	case err == nil:
		return path, nil
	}
	if named == "" {
		return "", nil
	}
	return "", fmt.Errorf("report: %s: %w", path, err)
}
