// Package page puts a run on one page: tables, plots, verdicts with their reasons,
// and everything that was recorded of each sample, one click away.
//
// The page is one HTML file that needs nothing else: no network, no other file. It
// reads without JavaScript, which only sorts tables. It follows the reader's
// choice of dark or light, and fits a phone.
package page

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"trainbench/bench/atomicfile"
	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
	"trainbench/bench/report/chart"
)

//go:embed page.html.tmpl
var pageTemplate string

//go:embed page.css
var styleSheet string

//go:embed page.js
var script string

// WriteFile writes <folder>/index.html, whole or not at all, and returns its path.
func WriteFile(folder string, suites []report.Suite) (string, error) {
	var b bytes.Buffer
	if err := Write(&b, suites); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "index.html")
	return path, atomicfile.Write(path, b.Bytes())
}

// Write writes the page of the given suites, which are of one profile.
func Write(w io.Writer, suites []report.Suite) error {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return err
	}
	judged := report.Judged(suites)
	p := page{CSS: template.CSS(styleSheet), JS: template.JS(script), Counts: judged.Counts(), Status: judged.Status()}
	for _, s := range suites {
		p.Profile = s.Profile
		one, err := newSuite(s)
		if err != nil {
			return fmt.Errorf("page: suite %s: %w", s.Name, err)
		}
		p.Suites = append(p.Suites, one)
	}
	return t.Execute(w, p)
}

// page and what follows are the data of the template.
type page struct {
	Profile, Counts string
	Status          gate.Status
	CSS             template.CSS
	JS              template.JS
	Suites          []suite
}

type suite struct {
	Name, Question string
	Outcome        string // the worst of its verdicts
	Table          template.HTML
	Figures        []figure
	Experiments    []experiment
}

type figure struct {
	Title string
	SVG   template.HTML
}

type experiment struct {
	ID, Name  string
	Verdicts  []gate.Verdict
	Config    []fact
	Notes     []string
	Confusion *figure
	Samples   []sample
}

type sample struct {
	Seed    uint64
	Status  record.Status
	Summary string // what is seen without opening it
	Facts   []group
	Curve   *figure
}

func newSuite(s report.Suite) (suite, error) {
	out := suite{Name: s.Name, Question: s.Question}
	var table bytes.Buffer
	if err := report.HTML(&table, s); err != nil {
		return suite{}, err
	}
	out.Table = template.HTML(table.String())
	for _, f := range []*chart.Figure{chart.Seeds(s), chart.Differences(s), chart.Claims(s), chart.Curves(s), chart.PerClass(s)} {
		inline, err := newFigure(f)
		if err != nil {
			return suite{}, err
		}
		if inline != nil {
			out.Figures = append(out.Figures, *inline)
		}
	}
	for _, row := range s.Rows {
		if row.Record == nil {
			continue
		}
		e, err := newExperiment(s, row)
		if err != nil {
			return suite{}, fmt.Errorf("%s: %w", row.Experiment, err)
		}
		out.Experiments = append(out.Experiments, e)
	}
	return out, nil
}

func newExperiment(s report.Suite, row report.Row) (experiment, error) {
	e := experiment{ID: s.Name + "-" + row.Experiment, Name: row.Experiment, Config: flatten(row.Record.Config)}
	for _, v := range row.Verdicts {
		same := func(w gate.Verdict) bool { return w.Outcome == v.Outcome && w.Reason == v.Reason }
		if !slices.ContainsFunc(e.Verdicts, same) { // two metrics may have one reason
			e.Verdicts = append(e.Verdicts, v)
		}
	}
	for _, n := range row.Notes {
		e.Notes = append(e.Notes, s.Notes[n-1])
	}
	var err error
	if e.Confusion, err = newFigure(chart.Confusion(s.Name, row)); err != nil {
		return experiment{}, err
	}
	for _, r := range row.Record.Samples {
		one := sample{Seed: r.Seed, Status: r.Status, Summary: summary(r), Facts: facts(r)}
		if one.Curve, err = newFigure(sampleCurve(e.ID, r)); err != nil {
			return experiment{}, err
		}
		e.Samples = append(e.Samples, one)
	}
	return e, nil
}

// sampleCurve draws the curve of one sample, also of one that diverged.
func sampleCurve(id string, s record.Sample) *chart.Figure {
	s.Status = record.OK
	f := chart.Curves(report.Suite{Name: id, Rows: []report.Row{{Record: &record.Record{Samples: []record.Sample{s}}}}})
	if f != nil {
		f.Title, f.Caption = fmt.Sprintf("Curve of seed %d", s.Seed), ""
	}
	return f
}

// newFigure returns the SVG of f to stand in a page, in the colours of the page's
// style sheet; nil for nil.
func newFigure(f *chart.Figure) (*figure, error) {
	if f == nil {
		return nil, nil
	}
	var b bytes.Buffer
	if err := f.WriteSVG(&b); err != nil {
		return nil, err
	}
	svg := b.String()
	start := strings.Index(svg, "<svg ")
	if start < 0 {
		return nil, fmt.Errorf("chart %s: no svg element", f.Name)
	}
	// What is drawn in ink has no fill of its own, and gets the style sheet's. Colours
	// that let others shine through are written rounded down.
	svg = strings.NewReplacer("#FFFFFF", "var(--paper)", "stroke:#000000", "stroke:currentColor", "#767676", "var(--faint)",
		"#0072B2", "var(--blue)", "#D55E00", "var(--vermilion)", "#009E73", "var(--green)",
		"#0071B1", "var(--blue)", "#D45D00", "var(--vermilion)", "#009D72", "var(--green)").Replace(svg[start:])
	label := fmt.Sprintf("<svg role=\"img\" aria-label=\"%s\" style=\"min-width:%.0fpx\" ", template.HTMLEscapeString(f.Title), .85*float64(f.Width))
	return &figure{Title: f.Title, SVG: template.HTML(label + svg[len("<svg "):])}, nil
}
