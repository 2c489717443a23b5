package dataset

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// cyclic returns n labels 0, 1, ... classes-1, 0, 1, ...
func cyclic(n, classes int) []int32 {
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(i % classes)
	}
	return labels
}

func TestImbalanced(t *testing.T) {
	labels := cyclic(30, 3)
	tests := []struct {
		name   string
		counts []int
		seed   uint64
		want   []int32
	}{
		// Baselines are tied to these draws by their index hash: they may not change.
		{"pinned", []int{5, 2, 1}, 42, []int32{0, 4, 6, 12, 15, 19, 24, 29}},
		{"another seed draws others", []int{5, 2, 1}, 43, []int32{0, 7, 15, 18, 20, 24, 27, 28}},
		{"all images", []int{10, 10, 10}, 42, ascending(30)},
		{"a class may be left out", []int{0, 10, 0}, 42, []int32{1, 4, 7, 10, 13, 16, 19, 22, 25, 28}},
	}
	for _, test := range tests {
		got, err := Imbalanced(labels, test.counts, test.seed)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func ascending(n int32) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i)
	}
	return all
}

func TestImbalancedErrors(t *testing.T) {
	tests := []struct {
		name   string
		labels []int32
		counts []int
		want   string
	}{
		{"too few images", []int32{0, 1, 1}, []int{1, 3}, "imbalanced: 3 images of class 1 asked for, it has 2"},
		{"a class without images", []int32{0, 0}, []int{1, 1}, "imbalanced: 1 images of class 1 asked for, it has 0"},
		{"negative", []int32{0, 1}, []int{1, -1}, "imbalanced: -1 images of class 1 asked for, it has 1"},
		{"counts for fewer classes than there are", []int32{0, 2}, []int{1, 0}, "imbalanced: label 2 of image 1 is not one of 2 classes"},
		{"negative label", []int32{-1}, []int{1}, "imbalanced: label -1 of image 0 is not one of 1 classes"},
		{"nothing", []int32{0}, []int{0}, "imbalanced: no images asked for"},
	}
	for _, test := range tests {
		_, err := Imbalanced(test.labels, test.counts, 1)
		if diff := cmp.Diff(test.want, errorString(err)); diff != "" {
			t.Errorf("%s: error (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestImbalancedNested checks what the doc comment promises about two draws with
// one seed.
func TestImbalancedNested(t *testing.T) {
	labels := cyclic(200, 2)
	drawn := func(counts ...int) []int32 {
		indices, err := Imbalanced(labels, counts, 7)
		if err != nil {
			t.Fatal(err)
		}
		return indices
	}
	of := func(class int32, indices []int32) []int32 {
		return slices.DeleteFunc(slices.Clone(indices), func(i int32) bool { return labels[i] != class })
	}
	small, large := drawn(20, 50), drawn(60, 50)
	if diff := cmp.Diff(of(1, small), of(1, large)); diff != "" {
		t.Errorf("the count of class 0 changed the draw of class 1 (-small +large):\n%s", diff)
	}
	for _, i := range of(0, small) {
		if !slices.Contains(large, i) {
			t.Errorf("image %d is in the draw of 20 but not in that of 60", i)
		}
	}
}

// TestImbalancedUniform checks that every image has the same chance.
func TestImbalancedUniform(t *testing.T) {
	const seeds = 5000
	hits := make([]int, 5)
	for seed := range uint64(seeds) {
		drawn, err := Imbalanced(make([]int32, 5), []int{2}, seed)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range drawn {
			hits[i]++
		}
	}
	mean, sigma := seeds*0.4, math.Sqrt(seeds*0.4*0.6)
	for i, n := range hits {
		if math.Abs(float64(n)-mean) > 4*sigma {
			t.Errorf("image %d was drawn %d times in %d, want %.0f +- %.0f", i, n, seeds, mean, sigma)
		}
	}
}

// TestBelow uses a range in which multiplication without rejection would give
// the multiples of 3 twice the chance of other numbers.
func TestBelow(t *testing.T) {
	const draws = 9000
	stream := newStream("test", 1)
	var hits [3]int
	for range draws {
		v := below(stream, 3<<62)
		if v >= 3<<62 {
			t.Fatalf("%d is out of range", v)
		}
		hits[v%3]++
	}
	sigma := math.Sqrt(draws * 1.0 / 3 * 2 / 3)
	for rest, n := range hits {
		if math.Abs(float64(n)-draws/3) > 4*sigma {
			t.Errorf("remainder %d came %d times in %d, want %d +- %.0f", rest, n, draws, draws/3, sigma)
		}
	}
}

func TestHoldout(t *testing.T) {
	tests := []struct {
		name     string
		counts   []int
		fraction float64
		want     []int // held out of each class
	}{
		{"a tenth", []int{50, 50}, 0.1, []int{5, 5}},
		{"rounded, by class", []int{14, 15, 16}, 0.1, []int{1, 2, 2}},
		{"at least one", []int{500, 3}, 0.01, []int{5, 1}},
		{"not all", []int{2, 50}, 0.99, []int{1, 49}},
		{"an empty class", []int{0, 10}, 0.5, []int{0, 5}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var labels []int32
			for c, n := range test.counts {
				labels = append(labels, slices.Repeat([]int32{int32(c)}, n)...)
			}
			train, held, err := Holdout(labels, len(test.counts), test.fraction, 42)
			if err != nil {
				t.Fatal(err)
			}
			heldLabels := make([]int32, len(held))
			for i, at := range held {
				heldLabels[i] = labels[at]
			}
			if diff := cmp.Diff(test.want, Counts(heldLabels, len(test.counts))); diff != "" {
				t.Errorf("held out (-want +got):\n%s", diff)
			}
			if !slices.IsSorted(train) || !slices.IsSorted(held) {
				t.Errorf("not in ascending order: %v, %v", train, held)
			}
			both := slices.Concat(train, held)
			slices.Sort(both)
			if diff := cmp.Diff(ascending(int32(len(labels))), both); diff != "" {
				t.Errorf("both parts together are not all images (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHoldoutPinned(t *testing.T) {
	_, held, err := Holdout(cyclic(30, 3), 3, 0.2, 42)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int32{1, 4, 9, 11, 18, 20}, held); diff != "" {
		t.Errorf("held out (-want +got):\n%s", diff)
	}
}

func TestHoldoutErrors(t *testing.T) {
	tests := []struct {
		name     string
		labels   []int32
		fraction float64
		want     string
	}{
		{"nothing held out", []int32{0, 0}, 0, "holdout: fraction 0, not between 0 and 1"},
		{"everything held out", []int32{0, 0}, 1, "holdout: fraction 1, not between 0 and 1"},
		{"not a number", []int32{0, 0}, math.NaN(), "holdout: fraction NaN, not between 0 and 1"},
		{"a class of one", []int32{0, 0, 1}, 0.5, "holdout: class 1 has one image, which cannot be both trained on and held out"},
		{"no such class", []int32{0, 0, 2}, 0.5, "holdout: label 2 of image 2 is not one of 2 classes"},
		{"no images", nil, 0.5, "holdout: no images asked for"},
	}
	for _, test := range tests {
		_, _, err := Holdout(test.labels, 2, test.fraction, 1)
		if diff := cmp.Diff(test.want, errorString(err)); diff != "" {
			t.Errorf("%s: error (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestCounts(t *testing.T) {
	got := Counts([]int32{2, 0, 2, -1, 3, 2}, 3)
	if diff := cmp.Diff([]int{1, 0, 3}, got); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestIndexSHA256(t *testing.T) {
	// printf '\2\0\0\0\1\0\0\0\0\1\0\0' | sha256sum
	const want = "0c1fb111b19d905612e9b3295711828427cbe9783ef74a02275de7d8942e76f6"
	if got := IndexSHA256([]int32{1, 256}); got != want {
		t.Errorf("hash %s, want %s", got, want)
	}
	if IndexSHA256([]int32{1, 2}) == IndexSHA256([]int32{2, 1}) {
		t.Error("two orders have one hash")
	}
	if got := IndexSHA256(nil); strings.TrimLeft(got, "0123456789abcdef") != "" || len(got) != 64 {
		t.Errorf("hash of no indices is %q", got)
	}
}
