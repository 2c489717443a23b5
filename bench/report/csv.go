package report

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"

	"trainbench/bench/gate"
)

// csvColumns are the fields of a line.
var csvColumns = [...]string{
	"profile", "suite", "experiment", "params_total", "params_trainable", "seeds", "metric",
	"n", "mean", "sd", "ci95_lo", "ci95_hi", "best_on_test", "published", "published_comparable",
	"baseline_n", "baseline_mean", "difference", "difference_lo", "difference_hi", "difference_level", "margin",
	"verdict", "reason", "claims", "sec_per_epoch", "notes",
}

// CSV writes one line for each metric of each experiment, to ten digits, under one
// line of names. A number that does not exist is empty.
func CSV(w io.Writer, suites []Suite) error {
	out := csv.NewWriter(w)
	if err := out.Write(csvColumns[:]); err != nil {
		return err
	}
	for _, s := range suites {
		for _, row := range s.Rows {
			for _, metric := range s.Metrics {
				if err := out.Write(s.csvLine(row, metric)); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}

func (s Suite) csvLine(row Row, metric string) []string {
	m, ok := row.Means[metric]
	if !ok {
		m = MeanOf(nil)
	}
	line := []string{
		s.Profile, s.Name, row.Experiment, strconv.Itoa(row.Params.Total), strconv.Itoa(row.Params.Trainable),
		strconv.Itoa(row.Seeds), metric, strconv.Itoa(m.N), exact(m.Mean), exact(m.SD), exact(m.Lo), exact(m.Hi),
	}
	best, published, comparable := "", "", ""
	if b, ok := row.Best[metric]; ok {
		best = exact(b.Mean)
	}
	if p, ok := row.Published[metric]; ok {
		published, comparable = exact(p), strconv.FormatBool(!row.Foreign)
	}
	line = append(line, best, published, comparable)
	line = append(line, verdictFields(row, metric)...)
	return append(line, s.claimsOf(row.Experiment, metric), exact(row.PerEpoch), s.notesOf(row))
}

// verdictFields are baseline_n to reason.
func verdictFields(row Row, metric string) []string {
	v := row.verdictOf(metric)
	if v == nil {
		v = row.verdictOf("")
	}
	if v == nil {
		return make([]string, 9)
	}
	if v.Metric == "" {
		return []string{"", "", "", "", "", "", "", string(v.Outcome), v.Reason}
	}
	i := v.Interval
	if i == nil {
		i = &gate.Interval{Lo: math.NaN(), Hi: math.NaN(), Level: math.NaN()}
	}
	return []string{
		strconv.Itoa(v.Baseline.N), exact(v.Baseline.Mean), exact(v.Difference), exact(i.Lo), exact(i.Hi), exact(i.Level),
		exact(v.Margin), string(v.Outcome), v.Reason,
	}
}

// claimsOf lists the claims about an experiment: "resnet20 beats plain20: SUPPORTED".
func (s Suite) claimsOf(experiment, metric string) string {
	var parts []string
	for _, c := range s.Claims {
		if c.Claim.Metric == metric && (c.Claim.A == experiment || c.Claim.B == experiment) {
			parts = append(parts, c.Claim.Text+": "+string(c.Outcome))
		}
	}
	return strings.Join(parts, "; ")
}

// notesOf spells out the footnotes of a row.
func (s Suite) notesOf(row Row) string {
	var parts []string
	for _, n := range row.Notes {
		parts = append(parts, s.Notes[n-1])
	}
	return strings.Join(parts, " ")
}

func exact(x float64) string {
	if math.IsNaN(x) {
		return ""
	}
	return strconv.FormatFloat(x, 'g', 10, 64)
}
