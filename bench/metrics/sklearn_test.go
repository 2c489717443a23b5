package metrics

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// TestScikitLearn holds accuracy_score, f1_score and
// precision_recall_fscore_support, with zero_division=0 over all classes, to
// scikit-learn. The file is read as it lies: what reads the others needs GoMLX.
func TestScikitLearn(t *testing.T) {
	var tests []struct {
		Why                   string
		Classes               int
		Labels, Predictions   []int32
		Top1                  float64
		MacroF1               float64 `json:"macro_f1"`
		Precision, Recall, F1 []float64
		Support               []int
	}
	data, err := os.ReadFile(filepath.Join("..", "parity", "testdata", "metrics.json"))
	if err == nil {
		err = json.Unmarshal(data, &tests)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(tests) == 0 {
		t.Fatal("no cases")
	}
	for _, test := range tests {
		t.Run(test.Why, func(t *testing.T) {
			c := NewConfusion(test.Classes)
			if err := c.Add(test.Labels, test.Predictions); err != nil {
				t.Fatal(err)
			}
			worst := 0.
			check := func(what string, class int, got, want float64) {
				worst = max(worst, math.Abs(got-want))
				if !(math.Abs(got-want) <= 1e-12) {
					t.Errorf("%s of class %d: got %v, want %v", what, class, got, want)
				}
			}
			check("top-1", -1, c.Top1(), test.Top1)
			check("macro-F1", -1, c.MacroF1(), test.MacroF1)
			classes := c.PerClass()
			if len(classes) != len(test.F1) {
				t.Fatalf("%d classes, want %d", len(classes), len(test.F1))
			}
			for i, got := range classes {
				check("precision", i, got.Precision, test.Precision[i])
				check("recall", i, got.Recall, test.Recall[i])
				check("F1", i, got.F1, test.F1[i])
				check("support", i, float64(got.Support), float64(test.Support[i]))
			}
			t.Logf("parity: %s: %.1e, allowed 1e-12", t.Name(), worst)
		})
	}
}
