package metrics

import (
	"math"
	"testing"
)

func TestMetrics(t *testing.T) {
	tests := []struct {
		why          string
		classes      int
		labels, pred []int32
		top1, f1     float64
	}{
		{"all right", 3, []int32{0, 1, 2}, []int32{0, 1, 2}, 1, 1},
		{"all wrong", 2, []int32{0, 1}, []int32{1, 0}, 0, 0},
		{"F1 weighs the small class as the large: (2*3/7 + 2*0/1)/2", 2, []int32{0, 0, 0, 1}, []int32{0, 0, 0, 0}, .75, (6. / 7) / 2},
		{"a class that is absent and not predicted counts as 0", 3, []int32{0, 1}, []int32{0, 1}, 1, 2. / 3},
		{"a class that is absent and predicted counts as 0", 3, []int32{0, 1}, []int32{0, 2}, .5, 1. / 3},
		{"precision and recall differ: F1 of 0 is 2*1/3, of 1 is 2*1/3", 2, []int32{0, 1, 1}, []int32{0, 0, 1}, 2. / 3, 2. / 3},
		{"nothing counted", 2, nil, nil, 0, 0},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			c := NewConfusion(test.classes)
			if err := c.Add(test.labels, test.pred); err != nil {
				t.Fatal(err)
			}
			if got := c.Top1(); math.Abs(got-test.top1) > 1e-15 {
				t.Errorf("top-1: got %v, want %v", got, test.top1)
			}
			if got := c.MacroF1(); math.Abs(got-test.f1) > 1e-15 {
				t.Errorf("macro-F1: got %v, want %v", got, test.f1)
			}
		})
	}
}

func TestAddRefuses(t *testing.T) {
	tests := []struct {
		why          string
		labels, pred []int32
	}{
		{"lengths differ", []int32{0}, nil},
		{"label too large", []int32{2}, []int32{0}},
		{"prediction negative", []int32{0}, []int32{-1}},
		{"the second is wrong, and the first must not be counted", []int32{0, 5}, []int32{0, 0}},
	}
	for _, test := range tests {
		c := NewConfusion(2)
		if err := c.Add(test.labels, test.pred); err == nil {
			t.Errorf("%s: no error", test.why)
		}
		if c.Total() != 0 {
			t.Errorf("%s: counted %d", test.why, c.Total())
		}
	}
}
