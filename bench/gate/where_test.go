package gate

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"trainbench/bench/metrics"
	"trainbench/bench/record"
)

// trained returns a record with real predictions of 100 images of each of ten
// classes, right with the given probability.
func trained(t *testing.T, rng *rand.Rand, seeds int, right func(class int32) float64) *record.Record {
	t.Helper()
	labels := make([]int32, 1000)
	for i := range labels {
		labels[i] = int32(i % 10)
	}
	r := made("e", make([]float64, seeds)...)
	for i := range r.Samples {
		predicted := make([]int32, len(labels))
		for k, label := range labels {
			if predicted[k] = label; rng.Float64() >= right(label) {
				predicted[k] = (label + 1 + rng.Int32N(9)) % 10
			}
		}
		p, err := record.NewPredictions(10, labels, predicted)
		if err != nil {
			t.Fatal(err)
		}
		c := metrics.NewConfusion(10)
		if err := c.Add(labels, predicted); err != nil {
			t.Fatal(err)
		}
		r.Samples[i].Predictions = p
		r.Samples[i].Metrics[record.F1] = 100 * c.MacroF1()
	}
	return r
}

func TestClassNames(t *testing.T) {
	tests := []struct{ why, config, want string }{
		{"all classes", `{"data":{"dataset":"cifar-10"}}`, "airplane automobile bird cat deer dog frog horse ship truck"},
		{"classes are relabelled in the order of the config", `{"data":{"dataset":"digits","classes":[9,5]}}`, "9 5"},
		{"a dataset of the user's", `{"data":{"dataset":"mine"}}`, ""},
		{"a class that is not there", `{"data":{"dataset":"digits","classes":[10]}}`, ""},
		{"a config of another framework", `{"data":"folder","lr":"0.1"}`, ""},
		{"no config", ``, ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got := strings.Join(ClassNames(&record.Record{Config: json.RawMessage(test.config)}), " ")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestWhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	base := trained(t, rng, 10, func(int32) float64 { return .9 })
	worse := trained(t, rng, 5, func(class int32) float64 {
		if class == 3 || class == 5 {
			return .6
		}
		return .9
	})
	names := strings.Fields("airplane automobile bird cat deer dog frog horse ship truck")
	got, err := Judge(Input{
		Baselines: []*record.Record{base}, Candidates: []*record.Record{worse},
		ClassNames: func(*record.Record) []string { return names },
	}, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	v := got.Find("s/e", record.F1)
	if v.Outcome != Fail || v.Where == nil {
		t.Fatalf("%s, where %v: %s", v.Outcome, v.Where, v.Reason)
	}
	var classes []int
	for _, c := range v.Where.Classes {
		classes = append(classes, c.Class)
		if c.Loss() < 25 || c.Loss() > 35 {
			t.Errorf("class %s lost %.1f pp recall, want about 30", c.Name, c.Loss())
		}
	}
	if len(classes) != 2 || classes[0]+classes[1] != 8 {
		t.Errorf("classes %v lost, want 3 and 5", classes)
	}
	if w := v.Where; w.Pairs != 5 || w.Worse <= w.Better || w.P > 1e-6 || w.Usual == nil || w.Changed <= *w.Usual {
		t.Errorf("churn: %+v", w)
	}
	for _, want := range []string{"macro-F1 -", " and ", "pp recall", "cat", "dog", "% of predictions changed (", "between seeds of the baseline)"} {
		if !strings.Contains(v.Reason, want) {
			t.Errorf("the reason lacks %q: %s", want, v.Reason)
		}
	}
}

func TestWhereNothingStandsOut(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	base := trained(t, rng, 3, func(int32) float64 { return .9 })
	worse := trained(t, rng, 1, func(int32) float64 { return .87 })
	w := findWhere(base, worse, nil, .05)
	if w == nil || len(w.Classes) != 0 || !strings.HasPrefix(w.String(), "no class stands out (class ") {
		t.Errorf("got %+v: %v", w, w)
	}
	worse.Samples[0].Predictions.Labels = base.Samples[0].Predictions.Predicted
	if w := findWhere(base, worse, nil, .05); w != nil {
		t.Errorf("other images were compared: %v", w)
	}
}

func TestSignTest(t *testing.T) {
	tests := []struct {
		why           string
		worse, better int
		want          float64
	}{
		{"nothing changed", 0, 0, 1},
		{"8 heads of 10: 56 of 1024 ways", 8, 2, 56. / 1024},
		{"all better", 0, 10, 1},
		{"many images", 5500, 4500, 0},
	}
	for _, test := range tests {
		if got := signTest(test.worse, test.better); got < test.want-1e-9 || got > test.want+1e-9 {
			t.Errorf("%s: p = %v, want %v", test.why, got, test.want)
		}
	}
}
