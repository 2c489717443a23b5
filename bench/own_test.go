package bench

import (
	"errors"
	"strings"
	"testing"

	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/model"
)

// TestUnknownNames: what a caller misspells is said before anything is trained, with
// what it could have been.
func TestUnknownNames(t *testing.T) {
	opt := DefaultOptions()
	opt.Nets = model.Nets{"mlp": func(experiment.Model, model.Shape) (*model.Net, error) { return nil, errors.New("not built here") }}
	opt.Datasets = map[string]func() (*dataset.Dataset, error){"stripes": func() (*dataset.Dataset, error) { return nil, errors.New("the disk is gone") },
		"empty": func() (*dataset.Dataset, error) { return &dataset.Dataset{}, nil }}
	r := NewRunner(opt)

	known, unknown, source := experiment.Default(), experiment.Default(), experiment.Default()
	known.Model.Net = "mlp"
	unknown.Suite, unknown.Name, unknown.Model.Net = "s", "e", "mpl"
	source.Model.Source = &experiment.Source{Experiment: &unknown}
	for _, test := range []struct {
		why  string
		e    experiment.Experiment
		want string
	}{
		{"a residual net", experiment.Default(), ""},
		{"a net of the program's", known, ""},
		{"misspelt", unknown, `s/e: model.net is "mpl": want one of the program's ["mlp"]`},
		{"misspelt in a source", source, `source: model.net is "mpl"`},
	} {
		if err := r.knows(test.e); (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.why, err, test.want)
		}
	}
	for name, want := range map[string]string{
		"strips":  `dataset "strips" is unknown; known are cifar-10, cifar-100 and digits; the program's own are ["empty" "stripes"]`,
		"stripes": "dataset stripes: the disk is gone",
		"empty":   "dataset empty: 0 classes: want at least 2",
	} {
		if _, err := r.dataset(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", name, err, want)
		}
	}
}
