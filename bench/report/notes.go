package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"trainbench/bench/record"
)

// annotate writes the footnotes of s, numbered in the order of the rows.
func (s *Suite) annotate(published record.Published) {
	s.Source = published.Source
	if s.Source != "" && published.Note != "" {
		s.Source += ": " + published.Note
	}
	for i := range s.Rows {
		row := &s.Rows[i]
		for _, p := range published.Rows {
			if p.Experiment == row.Experiment && p.Note != "" {
				row.Notes = append(row.Notes, s.note("Published number: "+p.Note))
			}
		}
		if row.Record == nil {
			continue
		}
		for _, text := range append(slices.Clone(row.Record.Notes), sampleNotes(row.Record.Samples)...) {
			row.Notes = append(row.Notes, s.note(text))
		}
		slices.Sort(row.Notes)
		row.Notes = slices.Compact(row.Notes)
		if len(row.Published) > 0 {
			if text := foreign(row.Record, published); text != "" {
				row.Foreign = true
				row.PublishedNote = s.note(text)
			}
		}
	}
}

// note returns the number of a footnote, which is added if it is new. It is made a
// sentence, whoever wrote it.
func (s *Suite) note(text string) int {
	text = strings.TrimSpace(text)
	if first, size := utf8.DecodeRuneInString(text); size > 0 {
		text = string(unicode.ToUpper(first)) + strings.TrimSuffix(text[size:], ".") + "."
	}
	if i := slices.Index(s.Notes, text); i >= 0 {
		return i + 1
	}
	s.Notes = append(s.Notes, text)
	return len(s.Notes)
}

// foreign says why published numbers are not of what r trained, "" if they are as
// far as one can tell.
func foreign(r *record.Record, p record.Published) string {
	dataset := ""
	for _, s := range r.Samples {
		dataset = s.Data.Dataset
	}
	var config struct {
		Train struct {
			Epochs *int `json:"epochs"`
		} `json:"train"`
		Model struct {
			Source struct {
				PretrainedOn string `json:"pretrained_on"`
				Experiment   struct {
					Data struct {
						Dataset string `json:"dataset"`
					} `json:"data"`
				} `json:"experiment"`
			} `json:"source"`
		} `json:"model"`
	}
	// Configs of other frameworks look otherwise, and then nothing is known.
	_ = json.Unmarshal(r.Config, &config)
	epochs := config.Train.Epochs
	pretrained := cmp.Or(config.Model.Source.PretrainedOn, config.Model.Source.Experiment.Data.Dataset)
	switch {
	case p.Dataset != "" && dataset != "" && p.Dataset != dataset:
		return fmt.Sprintf("The published numbers are of %s, this is %s: they are no target for it.", p.Dataset, dataset)
	case p.Epochs > 0 && epochs != nil && *epochs != p.Epochs:
		return fmt.Sprintf("The published numbers are of %d epochs, this is of %d: they are no target for it.", p.Epochs, *epochs)
	case p.PretrainedOn != "" && pretrained != "" && p.PretrainedOn != pretrained:
		return fmt.Sprintf("The published numbers start from weights of %s, this from weights of %s: they are no target for it.", p.PretrainedOn, pretrained)
	}
	return ""
}

// sampleNotes says what a reader must know about the samples behind a mean.
func sampleNotes(samples []record.Sample) []string {
	var notes []string
	ok := 0
	for _, s := range samples {
		switch s.Status {
		case record.OK:
			ok++
		default:
			notes = append(notes, strings.TrimSuffix(fmt.Sprintf("Seed %d %s: %s", s.Seed, s.Status, s.Detail), ": ")+
				"; it is not part of the mean.")
		}
	}
	notes = append(notes, environments(samples)...)
	if ok == 1 {
		notes = append(notes, "One seed: there is no interval.")
	}
	for _, s := range samples {
		if n := s.Data.Overlap; n > 0 {
			return append(notes, fmt.Sprintf("%d of the %d test images are in the training set too, pixel for pixel.", n, s.Data.TestImages))
		}
	}
	return notes
}

// environments says of samples that they were not all made, or not wholly, in one
// environment.
func environments(samples []record.Sample) []string {
	var notes, seeds []string
	var fields []string
	for _, s := range samples {
		if len(s.Env.Earlier) > 0 {
			notes = append(notes, fmt.Sprintf("Seed %d was trained in pieces, also on %s.", s.Seed, strings.Join(s.Env.Earlier, ", ")))
		}
		if d := samples[0].Env.Differs(s.Env); len(d) > 0 {
			seeds = append(seeds, strconv.FormatUint(s.Seed, 10))
			fields = slices.Compact(slices.Sorted(slices.Values(append(fields, d...))))
		}
	}
	if len(seeds) > 0 {
		notes = append(notes, fmt.Sprintf("Not one environment: seed %s differs from seed %d in %s.",
			strings.Join(seeds, ", "), samples[0].Seed, strings.Join(fields, ", ")))
	}
	return notes
}

// conditions returns a line for each distinct way in which the samples of the
// suite were made: data and backend.
func (s *Suite) conditions() []string {
	var lines []string
	for _, row := range s.Rows {
		if row.Record == nil {
			continue
		}
		for _, sample := range row.Record.Samples {
			if line := condition(sample); line != "" && !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

func condition(s record.Sample) string {
	var parts []string
	if d := s.Data; d.Dataset != "" {
		parts = append(parts, fmt.Sprintf("%s: %s images to train on, %s to test", d.Dataset, thousands(d.TrainImages), thousands(d.TestImages)))
	}
	if e := s.Env; e.Backend != "" {
		where := "backend " + e.Backend
		if device := cmp.Or(e.Device, e.CPU); device != "" {
			where += " on " + device
		}
		parts = append(parts, where)
	}
	return strings.Join(parts, "; ")
}
