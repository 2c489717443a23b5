package bench

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
	"trainbench/bench/report/page"
)

// judge compares the records of this run with their baselines.
func (r *Runner) judge(candidates []*record.Record) (gate.Report, error) {
	baselines, err := record.LoadBaselines(r.baselines())
	if err != nil {
		return gate.Report{}, err
	}
	return gate.Judge(gate.Input{Baselines: baselines, Candidates: candidates, Suites: r.suites}, r.gateOptions())
}

// gateOptions are the gate's defaults with the profile's margins.
func (r *Runner) gateOptions() gate.Options {
	options := gate.DefaultOptions()
	for metric := range options.Margins {
		options.Margins[metric] = r.profile.Margin
	}
	if r.profile.MarginLoss > 0 {
		options.Margins[record.Loss] = r.profile.MarginLoss
	}
	if r.opt.Auto {
		options.MaxSeeds = r.seeds()
	}
	return options
}

// tables prints the tables of the suites that were run, and writes them, also as a
// page to look at.
func (r *Runner) tables(records []*record.Record, judged gate.Report) error {
	in := report.Input{Suites: r.suites, Records: records, Judged: judged}
	if r.opt.Published != "" {
		var err error
		if in.Published, err = record.LoadPublished(r.opt.Published); err != nil {
			return err
		}
	}
	suites := report.New(in)
	paths, err := report.WriteTables(r.folder(), suites)
	if err != nil {
		return err
	}
	index, err := page.WriteFile(r.folder(), suites)
	if err != nil || r.opt.Quiet {
		return err
	}
	for _, s := range suites {
		fmt.Fprintln(r.opt.Stderr)
		if err := report.Markdown(r.opt.Stderr, s); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(r.opt.Stderr, "\n# tables: %s\n", strings.Join(append(paths, index), ", "))
	return err
}

// update stores the samples of this run as baselines. Samples of other seeds in
// the results, from other runs, would be accepted with them, and are an error.
func (r *Runner) update(candidates []*record.Record) error {
	stored, err := record.LoadResults(r.folder())
	if err != nil {
		return err
	}
	for _, c := range candidates {
		i := slices.IndexFunc(stored, func(s *record.Record) bool { return s.ID() == c.ID() })
		if i < 0 || len(stored[i].Samples) != len(c.Samples) {
			return fmt.Errorf("%s holds other seeds of %s than this run trained: move them away, or run with as many seeds",
				filepath.Join(r.folder(), c.Suite, c.Experiment), c.ID())
		}
	}
	if r.opt.Reason == "" {
		return errors.New("-update needs -reason: why is the old baseline no longer right?")
	}
	acceptance := gate.Acceptance{
		Results: r.folder(), Baselines: r.baselines(),
		Select: func(id string) bool { return r.records[id] != nil },
		Reason: r.opt.Reason, Commit: commit(), Time: r.opt.Clock(),
	}
	changes, err := acceptance.Accept()
	if err != nil {
		return err
	}
	for _, c := range changes {
		what := "stored"
		if c.Unchanged {
			what = "unchanged"
		}
		fmt.Fprintf(r.opt.Stderr, "# baseline %s: %s\n", c.Experiment, what)
	}
	return nil
}

func (r *Runner) baselines() string { return filepath.Join(r.opt.Baselines, r.profile.Name) }

// commit returns the revision of the work tree, empty if there is none.
func commit() string {
	out, err := exec.Command("git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
