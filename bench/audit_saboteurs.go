package bench

import (
	"strings"

	"trainbench/bench/experiment"
)

// Saboteur is an undeclared change of a recipe: what is trained differs from what
// the record says. The gate should notice from the metrics alone.
type Saboteur struct {
	Name string
	// Do changes an experiment, and reports whether there was anything to change.
	Do func(*experiment.Experiment) bool
}

// Saboteurs are the mistakes that an audit makes on purpose.
func Saboteurs() []Saboteur {
	return []Saboteur{
		{"rate x 0.1", func(e *experiment.Experiment) bool { e.Optim.Rate /= 10; return true }},
		{"no momentum", func(e *experiment.Experiment) bool {
			had := e.Optim.Momentum > 0
			e.Optim.Momentum, e.Optim.Nesterov = 0, false
			return had
		}},
		{"no weight decay", func(e *experiment.Experiment) bool {
			had := e.Optim.WeightDecay > 0
			e.Optim.WeightDecay = 0
			return had
		}},
		{"no augmentation", func(e *experiment.Experiment) bool {
			had := e.Data.CropPadding > 0 || e.Data.Flip
			e.Data.CropPadding, e.Data.Flip = 0, false
			return had
		}},
		{"5 % label noise", func(e *experiment.Experiment) bool { e.Data.LabelNoise = 0.05; return true }},
		{"a tenth of the data missing", func(e *experiment.Experiment) bool {
			// What is held out is not trained on, and the smallest class keeps an image.
			e.Data.Validation = 0.1
			return true
		}},
		{"batch norm in evaluation mode", func(e *experiment.Experiment) bool {
			e.Train.NormEval = true
			return e.Model.Trainable != experiment.Head // whose norm is in evaluation mode anyway
		}},
		{"inverted class prior", func(e *experiment.Experiment) bool {
			e.Loss.InvertPrior = true
			return e.Loss.Kind == experiment.BalancedSoftmax || e.Loss.Kind == experiment.LogitAdjusted
		}},
		{"mixup with unmixed labels", func(e *experiment.Experiment) bool {
			e.Train.UnmixedLabels = true
			return e.Sampling.MixupAlpha > 0
		}},
		{"shuffle off", func(e *experiment.Experiment) bool {
			shuffled := e.Sampling.Order == experiment.Shuffled
			e.Sampling.Order = experiment.Sequential
			return shuffled
		}},
	}
}

// change returns e as the saboteur changes it, under a name of its own, and
// whether there was anything to change.
func (s Saboteur) change(e experiment.Experiment) (experiment.Experiment, bool) {
	changed := e.Clone()
	ok := s.Do(&changed)
	words := strings.FieldsFunc(strings.ToLower(s.Name), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '.'
	})
	changed.Name += "+" + strings.Join(words, "-")
	return changed, ok
}
