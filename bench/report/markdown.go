package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// Markdown writes s as a section: the table, what its numbers are, verdicts that
// need a reason, claims, footnotes.
func Markdown(w io.Writer, s Suite) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n", escapeMarkdown(s.title()))
	t := s.Table()
	rows := make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		for _, c := range row {
			rows[i] = append(rows[i], escapeMarkdown(c.Text)+superscript(c.Notes))
		}
	}
	if err := markdownTable(&b, t.Columns, rows, 1); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s\n", escapeMarkdown(strings.Join(s.legend(t), " ")))
	if len(s.Claims) > 0 {
		rows = nil
		for _, c := range s.Claims {
			rows = append(rows, []string{escapeMarkdown(c.Claim.Text), Target(c.Claim), estimate(c), string(c.Outcome)})
		}
		b.WriteString("\n")
		if err := markdownTable(&b, []string{"claim", "claimed", "estimate", "outcome"}, rows, 1); err != nil {
			return err
		}
	}
	if reasons := s.reasons(); len(reasons) > 0 {
		b.WriteString("\nWhy:\n\n")
		for _, r := range reasons {
			fmt.Fprintf(&b, "- %s\n", escapeMarkdown(r))
		}
	}
	if len(s.Notes) > 0 {
		b.WriteString("\n")
		for i, note := range s.Notes {
			fmt.Fprintf(&b, "%d. %s\n", i+1, escapeMarkdown(note))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// markdownTable aligns the first columns to the left, and those after them, which
// hold numbers, to the right.
func markdownTable(w io.Writer, columns []string, rows [][]string, left int) error {
	align := make(tw.Alignment, len(columns))
	for i := range align {
		align[i] = tw.AlignRight
		if i < left {
			align[i] = tw.AlignLeft
		}
	}
	t := tablewriter.NewTable(w,
		tablewriter.WithRenderer(renderer.NewMarkdown()),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithAlignment(align),
	)
	t.Header(columns)
	if err := t.Bulk(rows); err != nil {
		return fmt.Errorf("report: table: %w", err)
	}
	if err := t.Render(); err != nil {
		return fmt.Errorf("report: table: %w", err)
	}
	return nil
}

// title is "skip: Does the skip connection help?".
func (s Suite) title() string {
	if s.Question == "" {
		return s.Name
	}
	return s.Name + ": " + s.Question
}

// legend says what the numbers of t are.
func (s Suite) legend(t Table) []string {
	what := "of the last epoch on the test set, as the mean"
	if s.Imported() {
		what = "as they were imported, the mean" // nobody knows of which epoch
	}
	lines := []string{fmt.Sprintf("Profile %s. Numbers are %s over seeds ± half the %g %% interval of the mean (Student's t).",
		s.Profile, what, 100*Confidence)}
	for _, row := range s.Rows {
		if i := row.interval(); i != nil {
			lines = append(lines, fmt.Sprintf("Δ is the difference to the baseline in percentage points, with its %g %% interval.", 100*i.Level))
			break
		}
	}
	if slices.Contains(t.Columns, bestColumn) {
		lines = append(lines, "“Best on test” is the epoch that was chosen on the test set afterwards, for each seed: too good by design, for comparison with papers only.")
	}
	if s.Source != "" {
		lines = append(lines, "Published: "+strings.TrimSuffix(s.Source, ".")+".")
	}
	for _, c := range s.conditions() {
		lines = append(lines, "Made with "+c+".")
	}
	return lines
}

// Imported reports whether the records are of trainings elsewhere.
func (s Suite) Imported() bool {
	return slices.ContainsFunc(s.Rows, func(r Row) bool {
		return r.Record != nil && slices.ContainsFunc(r.Record.Samples, func(s record.Sample) bool { return s.Env.Backend == record.Imported })
	})
}

// interval returns the first interval of a difference, nil if there is none.
func (row Row) interval() *gate.Interval {
	for _, v := range row.Verdicts {
		if v.Interval != nil {
			return v.Interval
		}
	}
	return nil
}

// reasons says why for every verdict and claim that a reader should not pass over.
func (s Suite) reasons() []string {
	var lines []string
	for _, row := range s.Rows {
		for _, v := range row.Verdicts {
			if v.Outcome != gate.Pass && v.Outcome != gate.Reproduced && v.Outcome != gate.New {
				lines = append(lines, fmt.Sprintf("%s: %s: %s", row.Experiment, v.Outcome, v.Reason))
			}
		}
	}
	for _, c := range s.Claims {
		if c.Outcome != gate.Supported {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", c.Claim.Text, c.Outcome, c.Reason))
		}
	}
	return lines
}

// Target is what a claim says of its metric: "top-1 ≥ 60".
func Target(c record.Claim) string {
	name := gate.Label(c.Metric)
	switch c.Kind {
	case record.AtLeast:
		return fmt.Sprintf("%s ≥ %g", name, c.Gap)
	case record.Greater:
		return fmt.Sprintf("Δ %s > %g", name, c.Gap)
	case record.Equivalent:
		return fmt.Sprintf("Δ %s within ±%g", name, c.Gap)
	}
	return string(c.Kind)
}

// estimate is what the samples say of a claim, and its interval.
func estimate(c gate.ClaimResult) string {
	if c.Outcome == gate.ClaimNotRun {
		return none
	}
	if c.Claim.B != "" {
		return signed(c.Estimate) + brackets(c.Interval)
	}
	if c.Interval == nil {
		return fixed(c.Estimate)
	}
	return fmt.Sprintf("%s [%s, %s]", fixed(c.Estimate), fixed(c.Interval.Lo), fixed(c.Interval.Hi))
}

// escapeMarkdown keeps text from being read as a table's border, as HTML, or as
// more than one line.
func escapeMarkdown(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ", "\r", "").Replace(s)
}

// superscript writes the numbers of footnotes: "¹ ²".
func superscript(notes []int) string {
	var b strings.Builder
	for i, n := range notes {
		if i > 0 {
			b.WriteString(" ")
		}
		for _, digit := range strconv.Itoa(n) {
			b.WriteRune([]rune("⁰¹²³⁴⁵⁶⁷⁸⁹")[digit-'0'])
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return " " + b.String()
}
