package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// Names of columns that some formats leave out or move.
const (
	verdictColumn = "verdict"
	paramsColumn  = "parameters"
	timeColumn    = "s/epoch"
	bestColumn    = "best on test"
)

// none stands where there is no number.
const none = "–"

// Table is a Suite as text, for the formats that people read.
type Table struct {
	Columns []string
	Rows    [][]Cell
}

// Cell is the text of one cell.
type Cell struct {
	Text  string
	Notes []int   // footnotes
	Value float64 // to sort by; NaN if there is no number
	// Outcome is set in a cell that shows a verdict.
	Outcome gate.Outcome
}

func text(s string) Cell              { return Cell{Text: s, Value: math.NaN()} }
func number(s string, v float64) Cell { return Cell{Text: s, Value: v} }

func (c Cell) noted(notes ...int) Cell {
	c.Notes = append(slices.Clone(c.Notes), notes...)
	return c
}

// Table lays s out in columns. The loss on the test set is left to CSV and to the
// page, so that a table fits a screen.
func (s Suite) Table() Table {
	metrics := slices.DeleteFunc(slices.Clone(s.Metrics), func(m string) bool { return m == record.Loss })
	hasPublished := slices.ContainsFunc(s.Rows, func(r Row) bool { return len(r.Published) > 0 })
	hasBest := slices.ContainsFunc(s.Rows, func(r Row) bool { return len(r.Best) > 0 })
	judged := slices.ContainsFunc(s.Rows, func(r Row) bool { return len(r.Verdicts) > 0 })
	compared := slices.DeleteFunc(slices.Clone(metrics), func(m string) bool {
		return !slices.ContainsFunc(s.Rows, func(r Row) bool { return r.verdictOf(m) != nil })
	})

	t := Table{Columns: []string{"experiment", paramsColumn, "seeds"}}
	for _, m := range metrics {
		t.Columns = append(t.Columns, heading(m))
	}
	if hasPublished {
		t.Columns = append(t.Columns, "published")
	}
	for _, m := range compared {
		t.Columns = append(t.Columns, "Δ "+gate.Label(m))
	}
	if judged {
		t.Columns = append(t.Columns, verdictColumn)
	}
	t.Columns = append(t.Columns, timeColumn)
	if hasBest {
		t.Columns = append(t.Columns, bestColumn)
	}
	for _, row := range s.Rows {
		cells := []Cell{text(row.Experiment).noted(row.Notes...), row.params(), row.seeds()}
		for _, m := range metrics {
			cells = append(cells, row.Means[m].cell())
		}
		if hasPublished {
			cells = append(cells, row.published(metrics))
		}
		for _, m := range compared {
			cells = append(cells, row.difference(m))
		}
		if judged {
			cells = append(cells, row.verdict())
		}
		cells = append(cells, row.perEpoch())
		if hasBest {
			cells = append(cells, row.best(metrics))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t.without(s.unknown()...)
}

// unknown returns the columns that no row has a number for: what was imported has
// no nets and no times.
func (s Suite) unknown() []string {
	var columns []string
	if !slices.ContainsFunc(s.Rows, func(r Row) bool { return r.Params.Total > 0 }) {
		columns = append(columns, paramsColumn)
	}
	if !slices.ContainsFunc(s.Rows, func(r Row) bool { return r.PerEpoch > 0 }) {
		columns = append(columns, timeColumn)
	}
	return columns
}

// without returns t without some columns.
func (t Table) without(columns ...string) Table {
	out := Table{Rows: make([][]Cell, len(t.Rows))}
	for i, name := range t.Columns {
		if slices.Contains(columns, name) {
			continue
		}
		out.Columns = append(out.Columns, name)
		for j, row := range t.Rows {
			out.Rows[j] = append(out.Rows[j], row[i])
		}
	}
	return out
}

func heading(metric string) string {
	if name, ok := strings.CutSuffix(gate.Label(metric), "-pct"); ok || gate.Label(metric) != metric {
		return name + " %"
	}
	return metric
}

func (m Mean) cell() Cell {
	switch {
	case m.N == 0:
		return text(none)
	case m.N == 1:
		return number(fixed(m.Mean), m.Mean)
	}
	return number(fixed(m.Mean)+" ± "+fixed(m.Half()), m.Mean)
}

func (row Row) params() Cell {
	p := row.Params
	switch {
	case p.Total == 0:
		return text(none)
	case p.Trainable != p.Total:
		return number(thousands(p.Trainable)+" of "+thousands(p.Total), float64(p.Trainable))
	}
	return number(thousands(p.Total), float64(p.Total))
}

func (row Row) seeds() Cell {
	if row.OK != row.Seeds {
		return number(fmt.Sprintf("%d of %d", row.OK, row.Seeds), float64(row.OK))
	}
	return number(strconv.Itoa(row.Seeds), float64(row.OK))
}

// published joins the numbers of all metrics: "61.42 / 61.26".
func (row Row) published(metrics []string) Cell {
	if len(row.Published) == 0 {
		return text(none)
	}
	first := math.NaN()
	joined := join(metrics, func(m string) string {
		x, ok := row.Published[m]
		if !ok {
			return none
		}
		if math.IsNaN(first) {
			first = x
		}
		return fixed(x)
	})
	if !row.Foreign {
		return number(joined, first)
	}
	return number("("+joined+")", first).noted(row.PublishedNote)
}

func (row Row) best(metrics []string) Cell {
	if len(row.Best) == 0 {
		return text(none)
	}
	return text(join(metrics, func(m string) string {
		if row.Best[m].N == 0 {
			return none
		}
		return fixed(row.Best[m].Mean)
	}))
}

func (row Row) verdictOf(metric string) *gate.Verdict {
	i := slices.IndexFunc(row.Verdicts, func(v gate.Verdict) bool { return v.Metric == metric })
	if i < 0 {
		return nil
	}
	return &row.Verdicts[i]
}

func (row Row) difference(metric string) Cell {
	v := row.verdictOf(metric)
	if v == nil || v.Baseline.N == 0 || v.Candidate.N == 0 {
		return text(none)
	}
	return number(signed(v.Difference)+brackets(v.Interval), v.Difference)
}

// verdict shows the outcome that weighs most, and of which metric it is if there
// are others.
func (row Row) verdict() Cell {
	worst := row.Worst()
	if worst == nil {
		return text(none)
	}
	word := string(worst.Outcome)
	differ := slices.ContainsFunc(row.Verdicts, func(v gate.Verdict) bool { return v.Outcome != worst.Outcome })
	if differ {
		word += " (" + gate.Label(worst.Metric) + ")"
	}
	c := text(word)
	c.Outcome = worst.Outcome
	return c
}

// Worst returns the verdict that a reader must know of first, nil if there is none.
func (row Row) Worst() *gate.Verdict {
	weight := func(o gate.Outcome) int {
		return slices.Index([]gate.Outcome{gate.Reproduced, gate.Pass, gate.Improved, gate.New, gate.Inconclusive, gate.Fail, gate.Error}, o)
	}
	var worst *gate.Verdict
	for i, v := range row.Verdicts {
		if worst == nil || weight(v.Outcome) > weight(worst.Outcome) {
			worst = &row.Verdicts[i]
		}
	}
	return worst
}

func (row Row) perEpoch() Cell {
	if row.PerEpoch == 0 {
		return text(none)
	}
	return number(strconv.FormatFloat(row.PerEpoch, 'g', 3, 64), row.PerEpoch)
}

func join(metrics []string, format func(string) string) string {
	var parts []string
	for _, m := range metrics {
		parts = append(parts, format(m))
	}
	return strings.Join(parts, " / ")
}

// brackets writes an interval after its estimate: " [−0.10, +0.52]".
func brackets(i *gate.Interval) string {
	if i == nil {
		return ""
	}
	return fmt.Sprintf(" [%s, %s]", signed(i.Lo), signed(i.Hi))
}

// signed writes a difference; one that rounds to nothing has no sign.
func signed(x float64) string {
	if math.IsInf(x, 0) {
		return map[bool]string{true: "+∞", false: "−∞"}[x > 0]
	}
	s := strings.Replace(fmt.Sprintf("%+.2f", x), "-", "−", 1)
	if s == "+0.00" || s == "−0.00" {
		return "0.00"
	}
	return s
}

func fixed(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }

// thousands writes 278324 as "278,324".
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
