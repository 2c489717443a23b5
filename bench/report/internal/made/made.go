// Package made makes records for tests and examples of reports: what trainings
// could have given, drawn from a fixed generator, without training anything.
package made

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// Epochs of every made training, with drops of the rate after half and three
// quarters.
const Epochs = 20

// method is how an experiment turns out.
type method struct {
	suite, name string
	common      float64 // the chance that an image of the large class is recognised
	rare        float64 // the same for the small classes
	params      record.Params
	change      func(*experiment.Experiment)
	notes       []string
	diverged    int // seeds, from the first, that diverge
}

var all, head = record.Params{Total: 278324, Trainable: 278324}, record.Params{Total: 278324, Trainable: 6500}

const sawTarget = "The source weights were trained on the target's training set: this re-learns a head, and is no transfer."

func methods() []method {
	imbalanced := func(e *experiment.Experiment) {
		e.Data.PerClass = []int{100, 10, 10, 10, 10, 10, 10, 10, 10, 10}
	}
	watched := []string{"Early stopping watched the test set, as the published recipe did."}
	return []method{
		{suite: "imbalance", name: "baseline", common: .99, rare: .72, params: all, change: imbalanced, notes: watched},
		{suite: "imbalance", name: "balanced-mixup", common: .96, rare: .93, params: all, change: func(e *experiment.Experiment) {
			imbalanced(e)
			e.Sampling.Order, e.Sampling.MixupAlpha = experiment.Balanced, 1
		}, notes: watched},
		{suite: "imbalance", name: "balanced-softmax", common: .95, rare: .89, params: all, change: func(e *experiment.Experiment) {
			imbalanced(e)
			e.Loss.Kind = experiment.BalancedSoftmax
		}, notes: watched},
		{suite: "imbalance", name: "focal", common: .99, rare: .74, params: all, change: func(e *experiment.Experiment) {
			imbalanced(e)
			e.Loss = experiment.Loss{Kind: experiment.Focal, Gamma: 2}
		}, diverged: 1},
		{suite: "skip", name: "plain20", common: .90, rare: .90, params: record.Params{Total: 275572, Trainable: 275572}, change: func(e *experiment.Experiment) {
			e.Model.Shortcut = experiment.NoShortcut
		}},
		{suite: "skip", name: "resnet20", common: .95, rare: .95, params: all, change: func(*experiment.Experiment) {}},
		{suite: "transfer", name: "fixed", common: .88, rare: .88, params: head, change: func(e *experiment.Experiment) {
			e.Model.Trainable = experiment.Head
		}, notes: []string{sawTarget}},
		{suite: "transfer", name: "partial", common: .88, rare: .88, params: record.Params{Total: 278324, Trainable: 7876}, change: func(e *experiment.Experiment) {
			e.Model.Trainable = experiment.HeadNorm
		}, notes: []string{sawTarget}},
	}
}

// Suites returns what the made records answer.
func Suites() []record.Suite {
	suite := func(name, question string, claims []record.Claim, experiments ...string) record.Suite {
		return record.Suite{Profile: "smoke", Name: name, Question: question, Experiments: experiments, Claims: claims}
	}
	return []record.Suite{
		suite("imbalance", "What helps against class imbalance?", []record.Claim{
			{Text: "balanced mixup beats the baseline", Kind: record.Greater, A: "balanced-mixup", B: "baseline", Metric: record.F1, Gap: 5},
			{Text: "balanced softmax beats the baseline", Kind: record.Greater, A: "balanced-softmax", B: "baseline", Metric: record.F1, Gap: 5},
		}, "baseline", "balanced-mixup", "balanced-softmax", "focal", "logit-adjusted"),
		suite("skip", "Does the skip connection help?", []record.Claim{
			{Text: "resnet20 reaches its target", Kind: record.AtLeast, A: "resnet20", Metric: record.Top1, Gap: 98},
			{Text: "resnet20 beats plain20", Kind: record.Greater, A: "resnet20", B: "plain20", Metric: record.Top1, Gap: 0},
		}, "plain20", "resnet20"),
		suite("transfer", "Is it enough to train the head?", []record.Claim{
			{Text: "training batch normalisation as well makes no difference", Kind: record.Equivalent, A: "partial", B: "fixed", Metric: record.Top1, Gap: 1},
		}, "fixed", "partial"),
	}
}

// Published returns numbers as of a paper that trained on CIFAR.
func Published() []record.Published {
	row := func(name string, top1, f1 float64) record.PublishedRow {
		return record.PublishedRow{Experiment: name, Metrics: map[string]float64{record.Top1: top1, record.F1: f1}}
	}
	return []record.Published{
		{Suite: "imbalance", Source: "a study of one seed", Dataset: "cifar-10", Epochs: 200, Rows: []record.PublishedRow{
			{Experiment: "baseline", Metrics: map[string]float64{record.F1: 74.57}}, row("balanced-mixup", 79.83, 79.72), row("balanced-softmax", 79.92, 79.91),
		}},
		{Suite: "skip", Source: "a study of one seed", Dataset: "digits", Rows: []record.PublishedRow{row("plain20", 88.5, 88.1), row("resnet20", 94.98, 94.91)}},
	}
}

var epoch = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// Records returns a record for each experiment of [Suites] but logit-adjusted,
// with n samples each, seeds 42, 43, ...
func Records(n int) []*record.Record {
	var out []*record.Record
	for i, m := range methods() {
		e := experiment.Default()
		e.Suite, e.Name = m.suite, m.name
		e.Data.Dataset, e.Optim.Drops, e.Train.Epochs = "digits", []int{Epochs / 2, 3 * Epochs / 4}, Epochs
		m.change(&e)
		r := &record.Record{Profile: "smoke", Suite: m.suite, Experiment: m.name, Config: json.RawMessage(e.Canonical()), Notes: m.notes}
		for k := range n {
			rng := rand.New(rand.NewPCG(1, uint64(100*i+k)))
			r.Samples = append(r.Samples, m.sample(uint64(42+k), k < m.diverged, e, rng))
		}
		if _, err := r.Encode(); err != nil {
			panic(fmt.Sprintf("made: %v", err)) // only this package's own mistake
		}
		out = append(out, r)
	}
	return out
}

func (m method) sample(seed uint64, diverge bool, e experiment.Experiment, rng *rand.Rand) record.Sample {
	s := record.Sample{
		Seed: seed, Status: record.OK, Params: m.params,
		Data: record.Data{Dataset: "digits", SHA256: "d0", SubsetSHA256: "50", TrainImages: 1200, TestImages: 600, TrainPerClass: perClass(e)},
		Env: record.Env{Backend: "go", CPU: "a CPU of two cores", Cores: 2, OS: "linux/amd64", Start: epoch,
			Versions: map[string]string{"go": "go1.26"}},
		Timing: record.Timing{Compile: 1.5, Train: 4 + rng.Float64(), PerEpoch: .2 + .05*rng.Float64(), ImagesSec: 900},
	}
	if diverge {
		s.Status, s.Detail = record.Diverged, "loss is NaN at step 31 (epoch 2)"
		return s
	}
	predict(&s, m, rng)
	s.Curve = curve(s.Metrics, e.Optim, rng)
	s.Best = &record.Best{Epoch: Epochs - 2, Metrics: map[string]float64{
		record.Top1: s.Metrics[record.Top1] + .5, record.F1: s.Metrics[record.F1] + .6,
	}}
	return s
}

func perClass(e experiment.Experiment) []int {
	if len(e.Data.PerClass) > 0 {
		return e.Data.PerClass
	}
	return []int{120, 120, 120, 120, 120, 120, 120, 120, 120, 120}
}

// predict draws the predictions of 600 images. A mistake goes to class 0, which
// may be the large one, or to a neighbour.
func predict(s *record.Sample, m method, rng *rand.Rand) {
	labels, predicted := make([]int32, 600), make([]int32, 600)
	shift := .008 * rng.NormFloat64()
	for i := range labels {
		l := int32(i % 10)
		labels[i], predicted[i] = l, l
		right := m.rare + shift - .02*float64(l%4)
		if l == 0 {
			right = m.common + shift
		}
		if rng.Float64() < right {
			continue
		}
		predicted[i] = 0
		if l == 0 || rng.Float64() < .5 {
			predicted[i] = (l + 1 + int32(rng.IntN(2))) % 10
		}
	}
	var err error
	if s.Predictions, err = record.NewPredictions(10, labels, predicted); err != nil {
		panic(fmt.Sprintf("made: %v", err))
	}
	c, err := s.Confusion()
	if err != nil {
		panic(fmt.Sprintf("made: %v", err))
	}
	s.Metrics = map[string]float64{record.Top1: 100 * c.Top1(), record.F1: 100 * c.MacroF1(), record.Loss: 2 - 2*c.Top1() + .05}
}

// curve leads to the metrics of the last epoch, with a jump where the rate drops.
func curve(last map[string]float64, o experiment.Optim, rng *rand.Rand) []record.Point {
	var out []record.Point
	rate := o.Rate
	for i := range Epochs {
		for _, d := range o.Drops {
			if d == i {
				rate *= o.Factor
			}
		}
		done := float64(i+1) / Epochs
		near := (1 - math.Exp(-3*done)) / (1 - math.Exp(-3))
		noise := rate / o.Rate * .08 * rng.NormFloat64()
		if i == Epochs-1 {
			noise = 0
		}
		part := min(1, max(.1, near*(.85+.15*done)+noise))
		test := record.Scores{Loss: last[record.Loss] + 2*(1-part), Top1: part * last[record.Top1], F1: part * last[record.F1]}
		train := record.Scores{Loss: test.Loss * .8, Top1: min(100, test.Top1*1.04), F1: min(100, test.F1*1.04)}
		out = append(out, record.Point{Epoch: i + 1, Rate: rate, Train: train, Test: &test})
	}
	return out
}
