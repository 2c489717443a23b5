package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"trainbench/bench/record"
)

const importUsage = `usage: trainbench import [flags] -o RESULTS FILE...

Import makes records of trainings in any framework, so that they can be accepted
as baselines and gated. A FILE ("-" is the standard input) has one training a row:
CSV with a line of names first, JSON lines, or the output of go test -bench. Its
columns are named by flags; without -metric every column with numbers is a metric.

	trainbench import -o results -suite cifar -metric top1-pct=val_acc*100 runs.csv

A row whose metric is NaN or infinite is a training that diverged.

`

// importer is the flags of trainbench import.
type importer struct {
	results, profile, suite, format string
	experimentColumn, name          string
	seedColumn, dataset             string
	configColumns                   []string
	config                          json.RawMessage // nil: from the columns
	metrics                         []metricColumn  // empty: every column with numbers
	replace                         bool
	experiments                     map[string]*record.Record
	where                           map[string]string // of a sample
}

// runImport is the command "trainbench import".
func runImport(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	im := &importer{experiments: map[string]*record.Record{}, where: map[string]string{}}
	fs := im.flags(stderr)
	if err := parse(fs, args, -1); err != nil {
		return err
	}
	if im.results == "" {
		return errors.New("import: say with -o where the records go")
	}
	for _, name := range []string{im.suite, im.profile} {
		if name == "" || name != fileName(name) {
			return fmt.Errorf("import: %q cannot be the name of a suite or profile: want lower-case letters, digits, '-', '+' and '.'", name)
		}
	}
	for _, file := range fs.Args() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := im.read(file, stdin); err != nil {
			return fmt.Errorf("import: %w", err)
		}
	}
	n, err := im.write()
	if err != nil {
		return fmt.Errorf("import: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "%d trainings of %d experiments of suite %s are in %s\n", n, len(im.experiments), im.suite, im.results)
	return err
}

func (im *importer) flags(stderr io.Writer) *flag.FlagSet {
	fs := newFlags("import", importUsage, stderr)
	fs.StringVar(&im.results, "o", "", "`folder` to put records into")
	fs.StringVar(&im.profile, "profile", "imported", "`name` of the profile that the trainings belong to")
	fs.StringVar(&im.suite, "suite", "imported", "`name` of the suite that the experiments belong to")
	fs.StringVar(&im.format, "format", "", "`format` of the files: csv, jsonl or bench (default: from their names)")
	fs.StringVar(&im.experimentColumn, "experiment", "experiment", "`column` with the name of the experiment")
	fs.StringVar(&im.name, "name", "", "`name` of the experiment, if no column has it (default: that of the file)")
	fs.StringVar(&im.seedColumn, "seed", "seed", "`column` with the seed; without it trainings are numbered")
	fs.StringVar(&im.dataset, "dataset", "", "`name` and version of the dataset: others are not comparable")
	fs.BoolVar(&im.replace, "replace", false, "replace samples that are in RESULTS already")
	fs.Func("metric", "a metric: `NAME=COLUMN` or NAME=COLUMN*FACTOR, in per cent if NAME ends in -pct; can be repeated", func(s string) error {
		m, err := parseMetric(s)
		im.metrics = append(im.metrics, m)
		return err
	})
	fs.Func("config", "`columns`, with commas between them, that tell one recipe from another: lr,epochs", func(s string) error {
		im.configColumns = append(im.configColumns, strings.Split(s, ",")...)
		return nil
	})
	fs.Func("config-file", "JSON `file` with the recipe of all trainings", func(s string) (err error) {
		im.config, err = readConfig(s)
		return err
	})
	return fs
}

func readConfig(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, record.MaxConfig+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > record.MaxConfig:
		return nil, fmt.Errorf("%s: more than %d MiB for a recipe", path, record.MaxConfig>>20)
	case !json.Valid(data):
		return nil, fmt.Errorf("%s is not JSON", path)
	}
	return data, nil
}

// read adds the trainings of a file.
func (im *importer) read(file string, stdin io.Reader) error {
	in, format := stdin, im.format
	if format == "" {
		var err error
		if format, err = formatOf(file); err != nil {
			return err
		}
	}
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	rows, err := readRows(in, file, format)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		return fmt.Errorf("%s: no trainings in it", file)
	}
	for _, r := range rows {
		if err := im.add(r, file); err != nil {
			return fmt.Errorf("%s: %w", r.where, err)
		}
	}
	return nil
}

// add makes a sample of a row.
func (im *importer) add(r row, file string) error {
	name := fileName(im.experimentOf(r, file))
	if name == "" {
		return fmt.Errorf("no name of an experiment in column %q: -experiment names another, -name the experiment itself", im.experimentColumn)
	}
	config, err := im.configOf(r)
	if err != nil {
		return err
	}
	rec := im.experiments[name]
	if rec == nil {
		rec = &record.Record{Profile: im.profile, Suite: im.suite, Experiment: name, Config: config}
		im.experiments[name] = rec
	}
	if string(rec.Config) != string(config) {
		return fmt.Errorf("%s has another config than in %s: %s and %s; give them different names",
			name, im.where[sampleKey(name, rec.Samples[0].Seed)], config, rec.Config)
	}
	s := record.Sample{Seed: uint64(len(rec.Samples) + 1), Status: record.OK}
	if text, ok := r.fields[im.seedColumn]; ok {
		if s.Seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			return fmt.Errorf("the seed is %q: want a whole number, at least 0", text)
		}
	}
	s.Data.Dataset, s.Env.Backend = im.dataset, record.Imported
	if err := im.measure(&s, r); err != nil {
		return err
	}
	key := sampleKey(name, s.Seed)
	if first, twice := im.where[key]; twice {
		return fmt.Errorf("seed %d of %s is there already, in %s", s.Seed, name, first)
	}
	im.where[key] = r.where
	rec.Samples = append(rec.Samples, s)
	return nil
}

func sampleKey(name string, seed uint64) string { return fmt.Sprintf("%s/%d", name, seed) }

func (im *importer) experimentOf(r row, file string) string {
	if name, ok := r.fields[im.experimentColumn]; ok {
		return name
	}
	if im.name != "" {
		return im.name
	}
	if file == "-" {
		return "stdin"
	}
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

// fileName makes a name that files and benchmarks can have.
func fileName(name string) string {
	name = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '.' || c == '-' {
			return c
		}
		return '-'
	}, strings.ToLower(name))
	return strings.Trim(name, "-.")
}

func (im *importer) configOf(r row) (json.RawMessage, error) {
	if im.config != nil {
		return im.config, nil
	}
	config := map[string]string{}
	for _, column := range im.configColumns {
		value, ok := r.fields[column]
		if !ok {
			return nil, fmt.Errorf("no column %q; there are %s", column, columnNames(r))
		}
		config[column] = value
	}
	return json.Marshal(config)
}

// write stores all samples, or none if one is there already.
func (im *importer) write() (samples int, err error) {
	var names []string
	for name, rec := range im.experiments {
		names = append(names, name)
		for _, s := range rec.Samples {
			path := record.SamplePath(im.results, im.suite, name, s.Seed)
			if _, err := os.Stat(path); err == nil && !im.replace {
				return 0, fmt.Errorf("%s is there already: -replace replaces it", path)
			} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return 0, err
			}
		}
	}
	slices.Sort(names)
	for _, name := range names {
		rec := im.experiments[name]
		for _, s := range rec.Samples {
			one := *rec
			one.Samples = []record.Sample{s}
			if err := one.Write(record.SamplePath(im.results, im.suite, name, s.Seed)); err != nil {
				return samples, err
			}
			samples++
		}
	}
	return samples, im.writeSuite(names)
}

// writeSuite adds the experiments to what the suite asks. Claims that were written
// by hand stay.
func (im *importer) writeSuite(names []string) error {
	suites, err := record.LoadSuites(im.results)
	if err != nil {
		return err
	}
	suite := record.Suite{Profile: im.profile, Name: im.suite, Question: im.suite}
	for _, s := range suites {
		if s.Name == im.suite {
			suite = s
		}
	}
	for _, name := range names {
		if !slices.Contains(suite.Experiments, name) {
			suite.Experiments = append(suite.Experiments, name)
		}
	}
	return record.WriteSuite(im.results, suite)
}
