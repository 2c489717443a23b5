package bench

import (
	"fmt"
	"slices"
	"strings"

	"trainbench/bench/experiment"
	"trainbench/bench/record"
	"trainbench/bench/train"
)

// fill copies a result into a sample. Fractions become per cent.
func fill(s *record.Sample, result *train.Result, data *prepared) error {
	s.Params = record.Params{Total: result.Params, Trainable: result.Learns}
	s.Weights.InitialSHA256 = result.InitialHash
	s.Curve = curve(result.Curve)
	t := result.Timing
	s.Timing.Compile, s.Timing.Train, s.Timing.Eval, s.Timing.PeakBytes = t.Compile, t.Train, t.Eval, peakBytes()
	if epochs := len(result.Curve); epochs > 0 && t.Train > 0 {
		s.Timing.PerEpoch = t.Train / float64(epochs)
		s.Timing.ImagesSec = float64(t.Images) / t.Train
	}
	if result.Diverged != nil {
		s.Status, s.Detail = record.Diverged, result.Diverged.String()
		return nil
	}
	s.Status = record.OK
	s.Weights.FinalSHA256 = result.FinalHash
	s.Metrics = metricsOf(result.Test)
	if result.Best.Epoch > 0 {
		s.Best = &record.Best{Epoch: result.Best.Epoch, Metrics: metricsOf(result.Best.Scores)}
	}
	var err error
	s.Predictions, err = record.NewPredictions(data.classes, data.test.Labels, result.Predictions)
	return err
}

func metricsOf(s train.Scores) map[string]float64 {
	return map[string]float64{record.Top1: 100 * s.Top1, record.F1: 100 * s.F1, record.Loss: s.Loss}
}

func curve(epochs []train.Epoch) []record.Point {
	scores := func(s *train.Scores) *record.Scores {
		if s == nil {
			return nil
		}
		return &record.Scores{Loss: s.Loss, Top1: 100 * s.Top1, F1: 100 * s.F1}
	}
	var out []record.Point
	for _, e := range epochs {
		out = append(out, record.Point{
			Epoch: e.Number, Rate: e.Rate, Train: *scores(&e.Train),
			Validation: scores(e.Validation), Test: scores(e.Test),
		})
	}
	return out
}

// notes are the footnotes that a table owes its readers, but for those that the
// data of the samples tell.
func notes(e experiment.Experiment) []string {
	var out []string
	if e.Train.Patience > 0 && e.Train.Watch == experiment.WatchTest {
		out = append(out, "early stopping watched the test set")
	} else if e.Train.Patience > 0 {
		out = append(out, "early stopping watched a validation split")
	}
	if s := e.Model.Source; s != nil {
		on := s.PretrainedOn
		if s.Experiment != nil {
			on = s.Experiment.Data.Dataset
			if c := s.Experiment.Data.Classes; len(c) > 0 {
				on += fmt.Sprintf(" (classes %s)", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(c)), ", "), "[]"))
			}
		}
		if on == "" {
			on = "data that the experiment does not tell"
		}
		out = append(out, "weights pretrained on "+on)
		if sawTarget(e) && e.Train.Epochs > 0 {
			out = append(out, "pretrained on the target's training set: the row shows a head learnt again, not transfer")
		}
	}
	return out
}

// sawTarget reports whether the source of an experiment was trained on images of
// the experiment's own training set, as far as can be told.
func sawTarget(e experiment.Experiment) bool {
	s := e.Model.Source
	if s.Experiment == nil || s.Experiment.Data.Dataset != e.Data.Dataset {
		return s.SawTarget
	}
	// No classes are all classes.
	theirs, ours := s.Experiment.Data.Classes, e.Data.Classes
	shared := slices.ContainsFunc(ours, func(c int) bool { return slices.Contains(theirs, c) })
	return s.SawTarget || shared || len(theirs) == 0 || len(ours) == 0
}
