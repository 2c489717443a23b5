// Package suites holds the studies that trainbench reproduces, one a file. They
// are stated at full scale, as published; profiles/*.json scale them.
package suites

import (
	"os"
	"testing"

	"trainbench/bench"
	"trainbench/bench/experiment"
)

var runner *bench.Runner

func TestMain(m *testing.M) {
	opt := bench.DefaultOptions()
	opt.Profiles = os.DirFS("profiles")
	opt.Profile = "smoke"
	opt.Suites = all()
	runner = bench.NewRunner(opt)
	os.Exit(runner.Main(m))
}

// cifar100 is the recipe of the skip study: ResNet-20 on CIFAR-100.
func cifar100(name string) experiment.Experiment {
	e := experiment.Default()
	e.Name = name
	e.Data.Dataset = "cifar-100"
	e.Data.Mean = []float64{0.5071, 0.4865, 0.4409}
	e.Data.Std = []float64{0.2673, 0.2564, 0.2762}
	return e
}
