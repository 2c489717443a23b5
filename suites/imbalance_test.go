package suites

import (
	"testing"

	"trainbench/bench"
	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// imbalanced is the recipe of the imbalance study: CIFAR-10 with 5,000 images of
// class 0 and 500 of every other.
func imbalanced(name string) experiment.Experiment {
	e := experiment.Default()
	e.Name = name
	e.Data.PerClass = []int{5000, 500, 500, 500, 500, 500, 500, 500, 500, 500}
	e.Optim.WeightDecay = 5e-4
	e.Optim.Drops = []int{100, 150}
	e.Train.Epochs = 200
	e.Train.Patience = 60
	e.Train.Watch = experiment.WatchTest
	return e
}

// withLoss is the recipe with another loss.
func withLoss(name string, loss experiment.Loss) experiment.Experiment {
	e := imbalanced(name)
	e.Loss = loss
	return e
}

// Which remedy works best against imbalance?
func BenchmarkImbalance(b *testing.B) { runner.Run(b, imbalance()) }

func imbalance() bench.Suite {
	baseline := imbalanced("baseline")

	balancedMixup := imbalanced("balanced-mixup")
	balancedMixup.Sampling.Order = experiment.Balanced
	balancedMixup.Sampling.MixupAlpha = 1

	balancedSoftmax := withLoss("balanced-softmax", experiment.Loss{Kind: experiment.BalancedSoftmax})

	oversampling := imbalanced("oversampling")
	oversampling.Sampling.Order = experiment.Balanced

	mixup := imbalanced("mixup")
	mixup.Sampling.MixupAlpha = 1

	return bench.Suite{
		Name:     "imbalance",
		Question: "Which remedy works best when one class has ten times the images?",
		Experiments: []experiment.Experiment{
			baseline, balancedMixup, balancedSoftmax,
			oversampling, mixup,
			withLoss("weighted", experiment.Loss{Kind: experiment.WeightedCE}),
			withLoss("focal", experiment.Loss{Kind: experiment.Focal, Gamma: 2}),
			withLoss("post-hoc", experiment.Loss{Kind: experiment.CrossEntropy, PostHocTau: 1}),
			withLoss("logit-adjusted", experiment.Loss{Kind: experiment.LogitAdjusted, Tau: 1.5}),
		},
		Claims: []record.Claim{
			bench.Greater("balanced-mixup helps", balancedMixup, baseline, record.F1, 5),
			bench.Greater("balanced-softmax helps", balancedSoftmax, baseline, record.F1, 5),
		},
	}
}
