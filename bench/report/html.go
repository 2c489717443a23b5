package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"trainbench/bench/gate"
)

//go:embed suite.html.tmpl
var suiteTemplate string

// HTML writes s as a section element: the table, whose cells carry the number to
// sort by in data-value, and under it what [Markdown] writes.
func HTML(w io.Writer, s Suite) error {
	t, err := template.New("suite").Funcs(template.FuncMap{
		"add1":     func(i int) int { return i + 1 },
		"estimate": estimate,
		"target":   target,
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
	return t.Execute(w, struct {
		Name, Title     string
		Table           Table
		Legend, Reasons []string
		Claims          []gate.ClaimResult
		Notes           []string
	}{s.Name, s.title(), s.Table(), s.legend(), s.reasons(), s.Claims, s.Notes})
}
