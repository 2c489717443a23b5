// Package report turns records and verdicts into tables.
//
// [New] joins what a run left (suites and records), what the gate said about it
// and the numbers of papers into one [Suite] a table: plain data, in the order
// of the rows. A Suite is then written as [Markdown], [CSV], [LaTeX] or [HTML],
// and [WriteTables] keeps a folder of results up to date. Package chart draws the
// same Suites, and package page puts everything on one page.
//
// Every number is that of the last epoch, as a mean over seeds with its interval.
// The epoch that was best on the test set has a column of its own, which says so.
//
// The package decides nothing: verdicts and the intervals of differences are
// those of package gate. It trains nothing and knows no framework.
package report

import (
	"cmp"
	"slices"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// Input is everything that a report shows. Only Records is needed.
type Input struct {
	Suites    []record.Suite     // what was asked; a suite that only records name gets rows in the order of records
	Records   []*record.Record   // what was trained
	Published []record.Published // numbers of papers
	Judged    gate.Report        // what the gate said; the zero value if it was not asked
}

// Suite is one table: a question, and what the records answer.
type Suite struct {
	Profile  string
	Name     string
	Question string
	// Metrics are the names of all metrics that a row has, record.Top1 and record.F1
	// first.
	Metrics []string
	Rows    []Row
	Claims  []gate.ClaimResult
	Options gate.Options // of the gate that judged; the zero value if none did
	// Notes are the footnotes; Row.Notes and Row.PublishedNote count them from 1.
	Notes []string
	// Source is where the published numbers are from, empty if there are none.
	Source string
}

// Row is one experiment.
type Row struct {
	Experiment string
	// Record holds the samples; nil if the experiment was not trained.
	Record *record.Record
	Params record.Params
	Seeds  int // samples
	OK     int // samples that have metrics
	// Means are over the samples that have metrics: the last epoch, on the test set.
	Means map[string]Mean
	// Best is of the epochs that were best on the test set: optimistic numbers.
	Best map[string]Mean
	// Published is a paper's, empty if it has no such row.
	Published map[string]float64
	// Foreign tells that Published is of another dataset, length of training or initial weights, and
	// PublishedNote, if not 0, is the footnote that says of which.
	Foreign       bool
	PublishedNote int
	// Verdicts are the comparisons with the baseline, one a metric, or one of the
	// whole experiment without a metric; empty if there was no gate.
	Verdicts []gate.Verdict
	// PerEpoch is the mean of the seconds of an epoch, 0 if unknown.
	PerEpoch float64
	Notes    []int
}

// New joins the parts into one Suite for each of in.Suites and for each other
// suite that in.Records names, in that order. Suites without a row are left out.
func New(in Input) []Suite {
	asked := slices.Clone(in.Suites)
	for _, r := range in.Records {
		if !slices.ContainsFunc(asked, func(s record.Suite) bool { return s.Name == r.Suite }) {
			asked = append(asked, record.Suite{Profile: r.Profile, Name: r.Suite})
		}
	}
	var out []Suite
	for _, a := range asked {
		if s := in.suite(a); len(s.Rows) > 0 { // a profile may skip all of a suite
			out = append(out, s)
		}
	}
	return out
}

func (in Input) suite(asked record.Suite) Suite {
	s := Suite{Profile: asked.Profile, Name: asked.Name, Question: asked.Question, Options: in.Judged.Options}
	for _, c := range in.Judged.Claims {
		if c.Suite == s.Name {
			s.Claims = append(s.Claims, c)
		}
	}
	var published record.Published
	if i := slices.IndexFunc(in.Published, func(p record.Published) bool { return p.Suite == s.Name }); i >= 0 {
		published = in.Published[i]
	}
	names := slices.Clone(asked.Experiments)
	for _, r := range in.Records {
		if r.Suite == s.Name && !slices.Contains(names, r.Experiment) {
			names = append(names, r.Experiment)
		}
	}
	for _, name := range names {
		s.Rows = append(s.Rows, in.row(s.Name, name, published))
	}
	s.Metrics = metricNames(s.Rows)
	s.annotate(published)
	return s
}

func (in Input) row(suite, name string, published record.Published) Row {
	row := Row{Experiment: name}
	for _, v := range in.Judged.Verdicts {
		if v.Experiment == suite+"/"+name {
			row.Verdicts = append(row.Verdicts, v)
		}
	}
	for _, p := range published.Rows {
		if p.Experiment == name {
			row.Published = p.Metrics
		}
	}
	i := slices.IndexFunc(in.Records, func(r *record.Record) bool { return r.Suite == suite && r.Experiment == name })
	if i < 0 {
		return row
	}
	row.Record = in.Records[i]
	row.fill()
	return row
}

// fill derives the numbers from the samples.
func (row *Row) fill() {
	metrics, best := map[string][]float64{}, map[string][]float64{}
	var perEpoch []float64
	row.Seeds = len(row.Record.Samples)
	for _, s := range row.Record.Samples {
		if s.Params.Total > 0 {
			row.Params = s.Params
		}
		if s.Status != record.OK {
			continue
		}
		row.OK++
		for name, x := range s.Metrics {
			metrics[name] = append(metrics[name], x)
		}
		if s.Best != nil {
			for name, x := range s.Best.Metrics {
				best[name] = append(best[name], x)
			}
		}
		if s.Timing.PerEpoch > 0 {
			perEpoch = append(perEpoch, s.Timing.PerEpoch)
		}
	}
	row.Means, row.Best = means(metrics), means(best)
	if len(perEpoch) > 0 {
		row.PerEpoch = MeanOf(perEpoch).Mean
	}
}

// metricNames returns the metrics of all rows: top-1, macro-F1, the others by
// name.
func metricNames(rows []Row) []string {
	seen := map[string]bool{}
	for _, row := range rows {
		for name := range row.Means {
			seen[name] = true
		}
		for name := range row.Published {
			seen[name] = true
		}
	}
	var names []string
	for name := range seen {
		names = append(names, name)
	}
	rank := func(name string) int { return slices.Index([]string{record.F1, record.Top1}, name) }
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(rank(b), rank(a)), cmp.Compare(a, b))
	})
	return names
}
