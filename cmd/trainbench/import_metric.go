package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"trainbench/bench/record"
)

// metricColumn says that a metric is a column times a factor.
type metricColumn struct {
	metric, column string
	factor         float64
}

func parseMetric(s string) (metricColumn, error) {
	m := metricColumn{factor: 1}
	var ok bool
	if m.metric, m.column, ok = strings.Cut(s, "="); !ok || m.metric == "" || m.column == "" {
		return m, errors.New("want NAME=COLUMN or NAME=COLUMN*FACTOR")
	}
	if i := strings.LastIndexByte(m.column, '*'); i >= 0 {
		x, err := strconv.ParseFloat(m.column[i+1:], 64)
		if err != nil || x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
			return m, fmt.Errorf("the factor %q is no number", m.column[i+1:])
		}
		m.column, m.factor = m.column[:i], x
	}
	return m, nil
}

// measure fills in the metrics.
func (im *importer) measure(s *record.Sample, r row) error {
	wanted := im.metrics
	if len(wanted) == 0 {
		for _, column := range r.numbers {
			if column != im.seedColumn && column != im.experimentColumn && !slices.Contains(im.configColumns, column) {
				wanted = append(wanted, metricColumn{column, column, 1})
			}
		}
	}
	if len(wanted) == 0 {
		return errors.New("no column with numbers")
	}
	s.Metrics = map[string]float64{}
	for _, m := range wanted {
		text, ok := r.fields[m.column]
		if !ok {
			return fmt.Errorf("no column %q; there are %s", m.column, columnNames(r))
		}
		x, err := strconv.ParseFloat(text, 64)
		if err != nil && !math.IsInf(x, 0) {
			return fmt.Errorf("%s is %q: want a number", m.column, text)
		}
		if x *= m.factor; math.IsNaN(x) || math.IsInf(x, 0) {
			s.Status, s.Detail, s.Metrics = record.Diverged, fmt.Sprintf("%s is %s in %s", m.column, text, r.where), nil
			return nil
		}
		s.Metrics[m.metric] = x
	}
	return nil
}

func columnNames(r row) string {
	var names []string
	for name := range r.fields {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
