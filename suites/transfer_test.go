package suites

import (
	"testing"

	"trainbench/bench"
	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// How much of a net must learn anew?
//
// The published study starts from weights that were trained on CIFAR-100 itself:
// the profile pretrained-cifar100. Here the weights are those of an experiment on
// CIFAR-10, trained first and kept, so that the second row does not train them
// again: true transfer. The profile pretrained-cifar10 takes published ones. What
// is frozen does not move by a bit: frozen batch normalisation uses its running
// statistics, and does not update them.
func BenchmarkTransfer(b *testing.B) { runner.Run(b, transfer()) }

func transfer() bench.Suite {
	source := experiment.Default()
	to := func(name string, learns experiment.Trainable) experiment.Experiment {
		e := cifar100(name)
		e.Model.Trainable = learns
		e.Model.Source = &experiment.Source{Experiment: &source}
		return e
	}
	fixed := to("fixed", experiment.Head)
	partial := to("partial", experiment.HeadNorm)

	return bench.Suite{
		Name:        "transfer",
		Question:    "How much of a pretrained net must learn anew?",
		Experiments: []experiment.Experiment{fixed, partial},
		Claims: []record.Claim{
			bench.AtLeast("fixed learns", fixed, record.Top1, 60),
			bench.Equivalent("fixed equals partial", fixed, partial, record.Top1, 1),
		},
	}
}
