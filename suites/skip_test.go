package suites

import (
	"testing"

	"trainbench/bench"
	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// Does the skip connection help at equal depth?
func BenchmarkSkip(b *testing.B) { runner.Run(b, skip()) }

func skip() bench.Suite {
	plain := cifar100("plain20")
	plain.Model.Shortcut = experiment.NoShortcut
	resnet := cifar100("resnet20")

	return bench.Suite{
		Name:        "skip",
		Question:    "Does the skip connection help at equal depth?",
		Experiments: []experiment.Experiment{plain, resnet},
		Claims: []record.Claim{
			bench.AtLeast("plain20 learns", plain, record.Top1, 50),
			bench.AtLeast("resnet20 learns", resnet, record.Top1, 60),
			bench.Greater("resnet20 beats plain20", resnet, plain, record.Top1, 0),
		},
	}
}
