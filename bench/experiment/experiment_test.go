package experiment

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func named() Experiment {
	e := Default()
	e.Suite, e.Name = "skip", "resnet20"
	return e
}

func TestValidate(t *testing.T) {
	tests := []struct {
		why    string
		change func(*Experiment)
		fields []string // of the errors, in order
	}{
		{"the default is complete", func(e *Experiment) {}, nil},
		{"zero epochs evaluate weights", func(e *Experiment) { e.Train.Epochs = 0 }, nil},
		{"benchfmt reads -20 as GOMAXPROCS", func(e *Experiment) { e.Name = "resnet-20" }, []string{"name"}},
		{"a slash would make another folder", func(e *Experiment) { e.Name = "a/b" }, []string{"name"}},
		{"21 is not 6n+2", func(e *Experiment) { e.Model.Depth = 21 }, []string{"model.depth"}},
		{"26 is 6n+2 and not 9n+2", func(e *Experiment) { e.Model.Block, e.Model.Depth = Bottleneck, 26 }, []string{"model.depth"}},
		{"29 is 9n+2", func(e *Experiment) { e.Model.Block, e.Model.Depth = Bottleneck, 29 }, nil},
		{"NaN is not above 0", func(e *Experiment) { e.Optim.Rate = math.NaN() }, []string{"optim.rate"}},
		{"infinity trains nothing", func(e *Experiment) { e.Optim.Rate = math.Inf(1) }, []string{"optim.rate"}},
		{"gamma without focal would be ignored silently", func(e *Experiment) { e.Loss.Gamma = 2 }, []string{"loss.gamma"}},
		{"drops out of order", func(e *Experiment) { e.Optim.Drops = []int{75, 50} }, []string{"optim.drops"}},
		{"patience needs a split to watch", func(e *Experiment) { e.Train.Patience = 5 }, []string{"train.watch"}},
		{"watching a validation split that does not exist",
			func(e *Experiment) { e.Train.Patience, e.Train.Watch = 5, WatchValidation }, []string{"train.watch"}},
		{"watching the test set is allowed, and flagged elsewhere",
			func(e *Experiment) { e.Train.Patience, e.Train.Watch = 5, WatchTest }, nil},
		{"a net of the caller's has no rule for depth", func(e *Experiment) { e.Model.Net, e.Model.Depth = "mlp", 3 }, nil},
		{"arguments of a net that has none would be ignored silently",
			func(e *Experiment) { e.Model.Args = map[string]float64{"hidden": 3} }, []string{"model.args"}},
		{"a NaN cannot be written", func(e *Experiment) {
			e.Model.Net, e.Model.Args = "mlp", map[string]float64{"hidden": math.NaN()}
		}, []string{"model.args"}},
		{"std of 0 divides by 0", func(e *Experiment) { e.Data.Std[1] = 0 }, []string{"data.std"}},
		{"every error is told, not the first", func(e *Experiment) { e.Sampling.Batch, e.Model.Width = 0, 0 },
			[]string{"model.width", "sampling.batch"}},
		{"a source must say from where", func(e *Experiment) { e.Model.Source = &Source{} }, []string{"model.source"}},
		{"a source experiment is checked too", func(e *Experiment) {
			s := Default()
			s.Sampling.Batch = -1
			e.Model.Source = &Source{Experiment: &s}
		}, []string{"model.source.experiment.sampling.batch"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			e := named().Clone()
			test.change(&e)
			var got []string
			if err := e.Validate(); err != nil {
				for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
					var fe *FieldError
					if !errors.As(err, &fe) {
						t.Fatalf("%v is no FieldError", err)
					}
					got = append(got, fe.Field)
				}
			}
			if diff := cmp.Diff(test.fields, got); diff != "" {
				t.Errorf("fields in error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHash(t *testing.T) {
	base := named()
	// The hash is part of every stored record: if this changes, stored baselines
	// no longer compare. It may only change with the meaning of a recipe.
	const want = "e5c926cb9ac0c1bfed715d7681323f8f7180724cda57840a6d5d6b851d397864"
	if got := base.SHA256(); got != want {
		t.Errorf("hash of the default recipe: got %s, want %s\n%s", got, want, base.Canonical())
	}
	tests := []struct {
		why    string
		change func(*Experiment)
		same   bool
	}{
		{"a name is not a recipe", func(e *Experiment) { e.Name, e.Suite = "x", "y" }, true},
		{"an empty list and none are the same", func(e *Experiment) { e.Data.Classes = []int{} }, true},
		{"seed of the draw picks other images", func(e *Experiment) { e.Data.DrawSeed++ }, false},
		{"rate", func(e *Experiment) { e.Optim.Rate = 0.05 }, false},
		{"precision", func(e *Experiment) { e.Model.Precision = TF32 }, false},
		{"another net", func(e *Experiment) { e.Model.Net = "mlp" }, false},
		{"weights", func(e *Experiment) { e.Model.Source = &Source{File: "a.pt"} }, false},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			e := named().Clone()
			test.change(&e)
			if got := e.SHA256() == base.SHA256(); got != test.same {
				t.Errorf("same hash: got %v, want %v", got, test.same)
			}
		})
	}
	a, b := named(), named()
	a.Model.Source = &Source{File: "/home/ann/w.pt"}
	b.Model.Source = &Source{File: "/data/w.pt"}
	if a.SHA256() != b.SHA256() {
		t.Error("the folder of a weights file changes the hash")
	}
}

func TestDecode(t *testing.T) {
	base := named()
	got := base.Clone()
	if err := got.Decode([]byte(`{"optim": {"rate": 0.5, "drops": [3]}, "train": {"epochs": 7}}`)); err != nil {
		t.Fatal(err)
	}
	want := named()
	want.Optim.Rate, want.Optim.Drops, want.Train.Epochs = 0.5, []int{3}, 7
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(named(), base); diff != "" {
		t.Errorf("decoding into a clone changed the original:\n%s", diff)
	}
	for _, bad := range []string{`{"optim": {"lr": 1}}`, `{"train": {"epochs": 1.5}}`, `{`, `[]`} {
		e := named()
		if err := e.Decode([]byte(bad)); err == nil {
			t.Errorf("Decode(%s): no error", bad)
		}
		if diff := cmp.Diff(named(), e); diff != "" {
			t.Errorf("Decode(%s) failed and changed the experiment:\n%s", bad, diff)
		}
	}
}

func TestCanonicalHasNoNames(t *testing.T) {
	if s := string(named().Canonical()); strings.Contains(s, "resnet20") {
		t.Errorf("canonical form carries the name: %s", s)
	}
}
