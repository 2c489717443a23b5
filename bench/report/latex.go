package report

import (
	"fmt"
	"io"
	"strings"
)

// LaTeX writes s as a table environment for \usepackage{booktabs,graphicx}, with
// claims and footnotes under the table. It has the columns that a paper needs, and
// shrinks to the width of the line. What is about this run only, verdicts and
// time, is left out.
func LaTeX(w io.Writer, s Suite) error {
	var b strings.Builder
	t := s.Table().without(verdictColumn, timeColumn, bestColumn)
	fmt.Fprintf(&b, "%% needs \\usepackage{booktabs,graphicx}\n\\begin{table}\n\\centering\n\\caption{%s}\n\\label{tab:%s}\n", escapeLaTeX(s.title()), s.Name)
	fmt.Fprintf(&b, "\\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%%\n\\begin{tabular}{l%s}\n\\toprule\n", strings.Repeat("r", len(t.Columns)-1))
	var cells []string
	for _, c := range t.Columns {
		cells = append(cells, escapeLaTeX(c))
	}
	fmt.Fprintf(&b, "%s \\\\\n\\midrule\n", strings.Join(cells, " & "))
	for _, row := range t.Rows {
		cells = cells[:0]
		for _, c := range row {
			text := escapeLaTeX(c.Text)
			if len(c.Notes) > 0 {
				text += "\\textsuperscript{" + strings.Trim(fmt.Sprint(c.Notes), "[]") + "}"
			}
			cells = append(cells, text)
		}
		fmt.Fprintf(&b, "%s \\\\\n", strings.Join(cells, " & "))
	}
	b.WriteString("\\bottomrule\n\\end{tabular}}\n\n\\medskip\\raggedright\\footnotesize\n")
	b.WriteString(escapeLaTeX(strings.Join(s.legend(t), " ")) + "\n")
	for _, c := range s.Claims {
		fmt.Fprintf(&b, "\\par Claim: %s (%s): %s, %s.\n", escapeLaTeX(c.Claim.Text), escapeLaTeX(Target(c.Claim)),
			escapeLaTeX(estimate(c)), strings.ToLower(string(c.Outcome)))
	}
	for i, note := range s.Notes {
		fmt.Fprintf(&b, "\\par \\textsuperscript{%d} %s\n", i+1, escapeLaTeX(note))
	}
	b.WriteString("\\end{table}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// escapeLaTeX writes plain text so that TeX prints it, whatever its input encoding.
func escapeLaTeX(s string) string {
	return strings.NewReplacer(
		`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`,
		"~", `\textasciitilde{}`, "^", `\textasciicircum{}`, "<", `\textless{}`, ">", `\textgreater{}`,
		"±", `$\pm$`, "Δ", `$\Delta$`, "−", `$-$`, "–", "--", "∞", `$\infty$`, "≥", `$\geq$`, "“", "``", "”", "''", "\n", " ",
	).Replace(s)
}
