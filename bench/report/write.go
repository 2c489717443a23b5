package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"trainbench/bench/atomicfile"
	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// judgedFile keeps in a folder of results what the gate said of them.
const judgedFile = "gate.json"

// WriteTables writes <folder>/<suite>.md for every suite, <folder>/README.md with
// the tables of all suites in the folder, also of those that other runs wrote, and
// <folder>/gate.json with the verdicts. It returns the paths of the tables. Each
// file is whole or as it was.
func WriteTables(folder string, suites []Suite) ([]string, error) {
	if len(suites) == 0 {
		return nil, nil
	}
	var paths []string
	write := func(name string, data []byte) error {
		paths = append(paths, filepath.Join(folder, name))
		return atomicfile.Write(paths[len(paths)-1], data)
	}
	judged := Judged(suites)
	var all bytes.Buffer
	fmt.Fprintf(&all, "# Results of profile %s\n\nGate, in the last run: %s.\n", suites[0].Profile, judged.Counts())
	for _, s := range suites {
		var one bytes.Buffer
		if err := Markdown(&one, s); err != nil {
			return nil, err
		}
		if err := write(s.Name+".md", one.Bytes()); err != nil {
			return nil, err
		}
		fmt.Fprintf(&all, "\n%s", one.Bytes())
	}
	others, err := otherTables(folder, suites)
	if err != nil {
		return nil, err
	}
	all.Write(others)
	if err := write("README.md", all.Bytes()); err != nil {
		return nil, err
	}
	var verdicts bytes.Buffer
	if err := gate.WriteJSON(&verdicts, judged); err != nil {
		return nil, err
	}
	return paths, atomicfile.Write(filepath.Join(folder, judgedFile), verdicts.Bytes())
}

// otherTables returns the tables that are in a folder of results already, of
// suites that are not among the given ones.
func otherTables(folder string, suites []Suite) ([]byte, error) {
	stored, err := record.LoadSuites(folder)
	if err != nil {
		return nil, err
	}
	var all []byte
	for _, other := range stored {
		if slices.ContainsFunc(suites, func(s Suite) bool { return s.Name == other.Name }) {
			continue
		}
		table, err := os.ReadFile(filepath.Join(folder, other.Name+".md"))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if len(table) > 0 {
			all = append(append(all, '\n'), table...)
		}
	}
	return all, nil
}

// Options returns the gate's options that the results in a folder were judged
// with when they were written, or its defaults if they were not.
func Options(folder string) (gate.Options, error) {
	path := filepath.Join(folder, judgedFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return gate.DefaultOptions(), nil
	}
	if err != nil {
		return gate.Options{}, err
	}
	opt, err := gate.ReadOptions(data)
	if err != nil {
		return opt, fmt.Errorf("%s: %w; remove it to judge with the defaults", path, err)
	}
	return opt, nil
}

// Judged returns the verdicts and claims of all suites as one report of the gate.
func Judged(suites []Suite) gate.Report {
	var all gate.Report
	for _, s := range suites {
		all.Options = s.Options
		all.Claims = append(all.Claims, s.Claims...)
		for _, row := range s.Rows {
			all.Verdicts = append(all.Verdicts, row.Verdicts...)
		}
	}
	return all
}

// Formats are the names that [Write] takes.
func Formats() []string { return []string{"markdown", "csv", "latex", "html"} }

// Write writes all suites to w in one of [Formats].
func Write(w io.Writer, format string, suites []Suite) error {
	writers := map[string]func(io.Writer, Suite) error{"markdown": Markdown, "latex": LaTeX, "html": HTML}
	if format == "csv" {
		return CSV(w, suites)
	}
	write := writers[format]
	if write == nil {
		return fmt.Errorf("report: format %q is none of %q", format, Formats())
	}
	for i, s := range suites {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := write(w, s); err != nil {
			return err
		}
	}
	return nil
}

// Load reads folders of results, of baselines and of published numbers, and has
// the gate judge results and claims. A folder that is empty or missing, or whose
// name is empty, gives nothing.
func Load(results, baselines, published string, opt gate.Options) (Input, error) {
	var in Input
	var base []*record.Record
	var err error
	if in.Suites, err = record.LoadSuites(results); err != nil {
		return Input{}, err
	}
	if in.Records, err = record.LoadResults(results); err != nil {
		return Input{}, err
	}
	if published != "" {
		if in.Published, err = record.LoadPublished(published); err != nil {
			return Input{}, err
		}
	}
	if baselines != "" {
		if base, err = record.LoadBaselines(baselines); err != nil {
			return Input{}, err
		}
	}
	in.Judged, err = gate.Judge(gate.Input{Baselines: base, Candidates: in.Records, Suites: in.Suites}, opt)
	return in, err
}
