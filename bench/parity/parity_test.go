package parity

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDeviation(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		why       string
		got, want []float32
		deviation float64
	}{
		{"equal", []float32{1, -2}, []float32{1, -2}, 0},
		{"in units of the largest entry, not of its own", []float32{0.5, -4}, []float32{0, -4}, .125},
		{"the largest of several", []float32{2, -1}, []float32{1, -2}, .5},
		{"something where nothing should be", []float32{1e-30}, []float32{0}, math.Inf(1)},
		{"zeros where zeros should be", []float32{0, 0}, []float32{0, 0}, 0},
		{"a NaN in what was computed", []float32{nan, 1}, []float32{1, 1}, math.Inf(1)},
		{"an infinity where it should not be", []float32{float32(math.Inf(1)), 1}, []float32{1, 1}, math.Inf(1)},
		{"a NaN in a fixture compares with nothing", []float32{1}, []float32{nan}, math.Inf(1)},
		{"lengths differ", []float32{1}, []float32{1, 1}, math.Inf(1)},
		{"nothing at all", nil, []float32{1}, math.Inf(1)},
	}
	for _, test := range tests {
		if got := Deviation(test.got, test.want); got != test.deviation {
			t.Errorf("%s: got %v, want %v", test.why, got, test.deviation)
		}
	}
}

// failures counts errors instead of reporting them.
type failures struct {
	testing.TB
	count int
}

func (f *failures) Errorf(string, ...any) { f.count++ }
func (f *failures) Logf(string, ...any)   {}

func TestCheckFails(t *testing.T) {
	f := &failures{TB: t}
	Check(f, "within", []float32{1.00001}, []float32{1}, 1e-4)
	if f.count != 0 {
		t.Errorf("%d errors within the tolerance", f.count)
	}
	Check(f, "beyond", []float32{1.001}, []float32{1}, 1e-4)
	if f.count != 1 {
		t.Errorf("%d errors beyond the tolerance, want 1", f.count)
	}
	NewWorst("empty", 1).Log(f)
	if f.count != 2 {
		t.Errorf("a group of no arrays makes %d errors, want 1", f.count-1)
	}
}

// TestFormula pins the numbers that nets.py computes too.
func TestFormula(t *testing.T) {
	want := Load(t, "losses").Floats("logits")
	if diff := cmp.Diff(want, Formula("losses/logits", len(want), 0, 4)); diff != "" {
		t.Errorf("floats (-python +go):\n%s", diff)
	}
	var bytes []int32
	for _, b := range Bytes("images/pixels", 270) {
		bytes = append(bytes, int32(b))
	}
	if diff := cmp.Diff(Load(t, "images").Ints("pixels"), bytes); diff != "" {
		t.Errorf("bytes (-python +go):\n%s", diff)
	}
}
