package bench

import (
	"testing"

	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/train"
)

func TestSelected(t *testing.T) {
	tests := []struct {
		why, pattern string
		want         bool
	}{
		{"everything", ".", true},
		{"a suite in CamelCase", "BigNets", true},
		{"its whole name", "^BenchmarkBigNets$", true},
		{"another suite", "Skip", false},
		{"an experiment", "BigNets/method=wide", true},
		{"another experiment", "BigNets/method=deep", false},
		{"a seed", "//seed=42", true},
		{"another seed", ".*/.*/seed=43", false},
		{"no pattern: Go says so", "(", false},
	}
	for _, test := range tests {
		if got := selected(test.pattern, "big-nets", "wide", 42); got != test.want {
			t.Errorf("%s: -bench %q selects: %v, want %v", test.why, test.pattern, got, test.want)
		}
	}
}

// TestWork holds the work that is planned, before data is drawn, to what prepared
// data has.
func TestWork(t *testing.T) {
	set, err := dataset.Open("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	for why, change := range map[string]func(*experiment.Experiment){
		"all images":           func(*experiment.Experiment) {},
		"some of each class":   func(e *experiment.Experiment) { e.Data.PerClass = []int{20} },
		"an imbalance":         func(e *experiment.Experiment) { e.Data.PerClass = []int{50, 5, 5, 5, 5, 5, 5, 5, 5, 5} },
		"a validation split":   func(e *experiment.Experiment) { e.Data.PerClass, e.Data.Validation = []int{20}, .1 },
		"some classes, evenly": func(e *experiment.Experiment) { e.Data.Classes, e.Data.PerClass = []int{1, 2}, []int{20} },
	} {
		e := experiment.Default()
		change(&e)
		p, err := prepare(set, e.Data)
		if err != nil {
			t.Fatal(err)
		}
		got := (&Runner{}).workOf(e, set)
		if got.trainImages != p.train.Len() || got.cost[train.Training] != 3*got.cost[train.Evaluating] {
			t.Errorf("%s: %d images that cost %v, want %d", why, got.trainImages, got.cost, p.train.Len())
		}
	}
	e := experiment.Default()
	e.Train.Epochs, e.Train.EvalEvery = 5, 2
	w := work{trainImages: 100, evalImages: 10, cost: map[train.Phase]float64{train.Training: 3, train.Evaluating: 1}}
	if got, want := w.total(e), 5*300.+3*10; got != want {
		t.Errorf("the work of 5 epochs with an evaluation after 2, 4 and 5 is %v, want %v", got, want)
	}
}
