package bench

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
)

func digits(t *testing.T) *dataset.Dataset {
	t.Helper()
	d, err := dataset.Open("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPrepare(t *testing.T) {
	tests := []struct {
		why      string
		data     experiment.Data
		perClass []int // trained on
		held     int
	}{
		{"everything", experiment.Data{}, slices.Repeat([]int{120}, 10), 0},
		{"one count for all classes", experiment.Data{PerClass: []int{7}}, slices.Repeat([]int{7}, 10), 0},
		{"classes are relabelled in the order given, and counted so", experiment.Data{Classes: []int{9, 3}, PerClass: []int{5, 8}}, []int{5, 8}, 0},
		{"what is held out is not trained on", experiment.Data{Classes: []int{0, 1}, Validation: .25}, []int{90, 90}, 60},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			p, err := prepare(digits(t), test.data)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.perClass, dataset.Counts(p.train.Labels, p.classes)); diff != "" {
				t.Errorf("trained on (-want +got):\n%s", diff)
			}
			if p.validation.Len() != test.held || p.info.HeldOut != test.held || p.info.TrainImages != p.train.Len() {
				t.Errorf("held out %d, recorded %d and %d, want %d", p.validation.Len(), p.info.HeldOut, p.info.TrainImages, test.held)
			}
		})
	}
}

func TestPrepareDraws(t *testing.T) {
	d := digits(t)
	hash := func(data experiment.Data) string {
		t.Helper()
		p, err := prepare(d, data)
		if err != nil {
			t.Fatal(err)
		}
		return p.info.SubsetSHA256
	}
	base := experiment.Data{PerClass: []int{10}, DrawSeed: 1}
	other, held := base, base
	other.DrawSeed = 2
	held.Validation = .5
	first, second := hash(base), hash(base)
	if first != second {
		t.Error("a draw is not reproducible")
	}
	if first == hash(other) || first == hash(held) {
		t.Error("other images have the same hash")
	}
}

func TestLabelNoise(t *testing.T) {
	d := digits(t)
	p, err := prepare(d, experiment.Data{LabelNoise: .2})
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for i, l := range p.train.Labels {
		if l != d.Train.Labels[i] {
			wrong++
		}
	}
	// 1,200 draws with probability .2: 240 within five standard deviations of 14.
	if wrong < 170 || wrong > 310 {
		t.Errorf("%d of 1,200 labels are wrong, want about 240", wrong)
	}
	if diff := cmp.Diff(digits(t).Train.Labels, d.Train.Labels); diff != "" {
		t.Error("the noise reached the dataset itself")
	}
}

// TestOverlap trains on images that are tested on.
func TestOverlap(t *testing.T) {
	leaky := *digits(t)
	leaky.Train = leaky.Train.Subset([]int32{0, 1, 2})
	leaky.Test = leaky.Train.Subset([]int32{2, 0})
	known := leaky
	known.Duplicates = 2
	tests := []struct {
		why  string
		set  dataset.Dataset
		data experiment.Data
		want string // of the error
	}{
		{"they would be learnt by heart", leaky, experiment.Data{}, "2 test images of digits are in the training set too, pixel for pixel (test image 0 and training image 2 first)"},
		{"the error says the way out", leaky, experiment.Data{AllowOverlap: 1}, "say data.allow_overlap 2"},
		{"allowed", leaky, experiment.Data{AllowOverlap: 2}, ""},
		{"known of the dataset", known, experiment.Data{}, ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			p, err := prepare(&test.set, test.data)
			if test.want != "" {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("error %v, want one with %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.info.Overlap != 2 {
				t.Errorf("%d are recorded, want 2", p.info.Overlap)
			}
		})
	}
}

func TestPrepareRefuses(t *testing.T) {
	for want, data := range map[string]experiment.Data{
		"per_class has 2 entries": {PerClass: []int{1, 2}},
		"121":                     {PerClass: []int{121}},
		"class":                   {Classes: []int{10}},
	} {
		if _, err := prepare(digits(t), data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v does not say %q", data, err, want)
		}
	}
}

func TestNotes(t *testing.T) {
	source := experiment.Default()
	source.Data.Dataset, source.Data.Classes = "digits", []int{0, 1}
	e := experiment.Default()
	e.Train.Patience, e.Train.Watch = 5, experiment.WatchTest
	e.Model.Source = &experiment.Source{Experiment: &source, SawTarget: true}
	want := []string{
		"early stopping watched the test set",
		"weights pretrained on digits (classes 0, 1)",
		"pretrained on the target's training set: the row shows a head learnt again, not transfer",
	}
	if diff := cmp.Diff(want, notes(e)); diff != "" {
		t.Errorf("footnotes (-want +got):\n%s", diff)
	}
}

func TestSawTarget(t *testing.T) {
	from := func(dataset string, classes ...int) *experiment.Source {
		source := experiment.Default()
		source.Data.Dataset, source.Data.Classes = dataset, classes
		return &experiment.Source{Experiment: &source}
	}
	tests := []struct {
		why     string
		source  *experiment.Source
		classes []int
		want    bool
	}{
		{"another dataset", from("cifar-100"), nil, false},
		{"the same dataset", from("cifar-10"), nil, true},
		{"other classes of the same dataset", from("cifar-10", 0, 1), []int{2, 3}, false},
		{"a class of both", from("cifar-10", 0, 1), []int{1, 2}, true},
		{"all classes, which are among these", from("cifar-10"), []int{2, 3}, true},
		{"some classes of those that are all", from("cifar-10", 0, 1), nil, true},
		{"a file that says so", &experiment.Source{File: "x.pt", SawTarget: true}, nil, true},
		{"a file that does not", &experiment.Source{File: "x.pt"}, nil, false},
	}
	for _, test := range tests {
		e := experiment.Default()
		e.Data.Classes, e.Model.Source = test.classes, test.source
		if got := sawTarget(e); got != test.want {
			t.Errorf("%s: sawTarget = %v, want %v", test.why, got, test.want)
		}
	}
}
