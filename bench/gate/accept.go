package gate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"trainbench/bench/record"
)

// Acceptance makes results the new baselines.
type Acceptance struct {
	Results   string // folder to read from
	Baselines string // folder to write to
	// Select says which experiments ("suite/experiment") to accept. Nil accepts all.
	Select func(experiment string) bool
	// Reason goes into the books, and must not be empty: why is the old baseline no
	// longer right?
	Reason string
	Commit string // of the code that was trained, if known
	Time   time.Time
	// Force accepts samples that diverged, too. Those that failed never are.
	Force bool
}

// Change is what Accept does to one baseline.
type Change struct {
	Experiment string
	// Old is nil if there was no baseline, New is what was or will be stored.
	Old, New *record.Record
	// Unchanged tells that the result reproduces the baseline, which is kept.
	Unchanged bool
	// Refused, if not empty, says why the result cannot be a baseline.
	Refused string
}

// Plan returns what Accept would do, by experiment. It writes nothing.
func (a Acceptance) Plan() ([]Change, error) {
	results, err := record.LoadResults(a.Results)
	if err != nil {
		return nil, err
	}
	var changes []Change
	for _, r := range results {
		if a.Select != nil && !a.Select(r.ID()) {
			continue
		}
		old, err := record.ReadIfThere(record.BaselinePath(a.Baselines, r.Suite, r.Experiment))
		if err != nil {
			return nil, err
		}
		fresh := *r
		fresh.Accepted = &record.Accepted{Reason: a.Reason, Commit: a.Commit, Time: a.Time.UTC()}
		changes = append(changes, Change{
			Experiment: r.ID(), Old: old, New: &fresh,
			Unchanged: old != nil && unchanged(old, r),
			Refused:   a.refuse(r),
		})
	}
	if len(changes) == 0 {
		return nil, fmt.Errorf("nothing to accept: no result in %s is selected", a.Results)
	}
	slices.SortFunc(changes, func(x, y Change) int { return strings.Compare(x.Experiment, y.Experiment) })
	return changes, nil
}

// Accept stores the selected results as baselines, in place of those that are
// there, and what their suites ask beside them. If one of them is refused,
// nothing is written, and the error says which and why.
func (a Acceptance) Accept() ([]Change, error) {
	if strings.TrimSpace(a.Reason) == "" {
		return nil, errors.New("a baseline needs a reason: say why the old one is no longer right")
	}
	changes, err := a.Plan()
	if err != nil {
		return nil, err
	}
	for _, c := range changes {
		if c.Refused != "" {
			err = errors.Join(err, fmt.Errorf("%s: not accepted: %s", c.Experiment, c.Refused))
		}
	}
	if err != nil {
		return changes, fmt.Errorf("nothing was stored:\n%w", err)
	}
	suites := map[string]bool{}
	for _, c := range changes {
		suites[c.New.Suite] = true
		if c.Unchanged {
			continue
		}
		if err := c.New.Write(record.BaselinePath(a.Baselines, c.New.Suite, c.New.Experiment)); err != nil {
			return changes, err
		}
	}
	asked, err := record.LoadSuites(a.Results)
	if err != nil {
		return changes, err
	}
	for _, s := range asked {
		if suites[s.Name] {
			if err := record.WriteSuite(a.Baselines, s); err != nil {
				return changes, err
			}
		}
	}
	return changes, nil
}

func (a Acceptance) refuse(r *record.Record) string {
	good := 0
	for _, s := range r.Samples {
		switch {
		case s.Status == record.OK:
			good++
		case s.Status == record.Failed:
			return fmt.Sprintf("seed %d failed: %s", s.Seed, s.Detail)
		case !a.Force:
			return fmt.Sprintf("seed %d diverged: %s", s.Seed, s.Detail)
		}
	}
	if good == 0 {
		return "no sample has metrics"
	}
	return ""
}

// unchanged reports whether r would give the same verdicts as a baseline as old.
func unchanged(old, r *record.Record) bool {
	same := compareSeeds(old, r)
	if old.ConfigSHA256 != r.ConfigSHA256 || old.Profile != r.Profile || same.environment != "" ||
		same.shared != len(r.Samples) || same.shared != len(old.Samples) {
		return false
	}
	for i := range r.Samples {
		if a, b := &old.Samples[i], &r.Samples[i]; a.Status != b.Status || a.Data.SHA256 != b.Data.SHA256 ||
			a.Data.SubsetSHA256 != b.Data.SubsetSHA256 || !sameResult(a, b) || !maps.Equal(a.Metrics, b.Metrics) {
			return false
		}
	}
	return true
}

// String is a few lines for people: what the baseline was and what it becomes.
func (c Change) String() string {
	var b strings.Builder
	switch {
	case c.Refused != "":
		fmt.Fprintf(&b, "%s: refused: %s\n", c.Experiment, c.Refused)
		return b.String()
	case c.Unchanged:
		fmt.Fprintf(&b, "%s: unchanged, %s\n", c.Experiment, count(len(c.New.Samples), "seed"))
		return b.String()
	case c.Old == nil:
		fmt.Fprintf(&b, "%s: new baseline, %s\n", c.Experiment, count(len(c.New.Samples), "seed"))
	default:
		fmt.Fprintf(&b, "%s: replaced, %s instead of %d\n", c.Experiment, count(len(c.New.Samples), "seed"), len(c.Old.Samples))
	}
	for _, metric := range metricsOf(c.New, c.Old) {
		fmt.Fprintf(&b, "\t%s ", Label(metric))
		if c.Old != nil {
			fmt.Fprintf(&b, "%s -> ", describe(c.Old, metric))
		}
		fmt.Fprintf(&b, "%s\n", describe(c.New, metric))
	}
	if c.Old != nil && c.Old.ConfigSHA256 != c.New.ConfigSHA256 {
		b.WriteString("\tconfig (-old +new):\n" + indent(diffJSON(c.Old.Config, c.New.Config)))
	}
	return b.String()
}

// metricsOf returns the names of all metrics of the records, in order.
func metricsOf(records ...*record.Record) []string {
	set := map[string]bool{}
	for _, r := range records {
		if r == nil {
			continue
		}
		for _, s := range r.Samples {
			for name := range s.Metrics {
				set[name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// describe says "80.12 ± 0.30".
func describe(r *record.Record, metric string) string {
	v, err := valuesOf(r, metric)
	switch {
	case err != nil:
		return "(" + err.Error() + ")"
	case v.n() == 0:
		return "(none)"
	case v.n() == 1:
		return fmt.Sprintf("%.2f", v.mean())
	}
	return fmt.Sprintf("%.2f ± %.2f", v.mean(), v.sd())
}

func indent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString("\t" + line)
	}
	return b.String()
}
