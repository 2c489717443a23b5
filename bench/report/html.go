package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"trainbench/bench/gate"
)

// notedCell is a cell whose footnotes are those of a suite.
type notedCell struct {
	Suite string
	Cell
}

//go:embed suite.html.tmpl
var suiteTemplate string

// HTML writes s as a section element: the table, whose cells carry the number to
// sort by in data-value, and under it what [Markdown] writes. The verdict is the
// second column, so that a phone shows it.
func HTML(w io.Writer, s Suite) error {
	t, err := template.New("suite").Funcs(template.FuncMap{
		"add1":     func(i int) int { return i + 1 },
		"estimate": estimate,
		"target":   Target,
		"noted":    func(suite string, c Cell) notedCell { return notedCell{suite, c} },
		"unbroken": unbroken,
		"lower":    func(v any) string { return strings.ReplaceAll(strings.ToLower(fmt.Sprint(v)), " ", "-") },
		"value": func(x float64) string {
			if math.IsNaN(x) {
				return ""
			}
			return exact(x)
		},
	}).Parse(suiteTemplate)
	if err != nil {
		return err
	}
	table := s.Table().verdictFirst()
	return t.Execute(w, struct {
		Name, Title     string
		Table           Table
		Legend, Reasons []string
		Claims          []gate.ClaimResult
		Notes           []string
	}{s.Name, s.title(), table, s.legend(table), s.reasons(), s.Claims, s.Notes})
}

// verdictFirst returns t with the verdict as its second column, if it has one.
func (t Table) verdictFirst() Table {
	at := slices.Index(t.Columns, verdictColumn)
	if at < 0 {
		return t
	}
	t.Columns = moved(t.Columns, at)
	for i, row := range t.Rows {
		t.Rows[i] = moved(row, at)
	}
	return t
}

// moved returns xs with the element at an index as its second.
func moved[T any](xs []T, at int) []T {
	x := xs[at]
	return slices.Insert(slices.Delete(slices.Clone(xs), at, at+1), 1, x)
}

// unbroken keeps a number together with its spread, and the ends of an interval
// with each other, where a line is broken.
func unbroken(s string) string {
	return strings.NewReplacer(" ± ", "\u00a0±\u00a0", ", ", ",\u00a0").Replace(s)
}
