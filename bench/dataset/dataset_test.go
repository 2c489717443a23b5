package dataset

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSubset(t *testing.T) {
	s := tinyData().Train
	got := s.Subset([]int32{2, 0, 2})
	want := Split{
		Height: 1, Width: 2, Channels: 3,
		Pixels: []byte{14, 24, 34, 15, 25, 35, 10, 20, 30, 11, 21, 31, 14, 24, 34, 15, 25, 35},
		Labels: []int32{1, 2, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subset (-want +got):\n%s", diff)
	}
	clear(got.Pixels)
	clear(got.Labels)
	if diff := cmp.Diff(tinyData().Train, s); diff != "" {
		t.Errorf("writing to the subset changed the original (-want +got):\n%s", diff)
	}
}

func TestSelectClasses(t *testing.T) {
	tests := []struct {
		name         string
		classes      []int
		names        []string
		train        []int32 // labels
		trainPixels  []byte  // the first of each image
		test         []int32
		wantErr      string
		sameAsBefore bool // the hash
	}{
		{name: "relabelled in the order given", classes: []int{2, 0}, names: []string{"cat", "ant"},
			train: []int32{0, 1}, trainPixels: []byte{10, 12}, test: []int32{0}},
		{name: "a class that is not in the test set", classes: []int{1}, names: []string{"bee"},
			train: []int32{0}, trainPixels: []byte{14}, test: []int32{}},
		{name: "all classes is a copy", classes: []int{0, 1, 2}, names: []string{"ant", "bee", "cat"},
			train: []int32{2, 0, 1}, trainPixels: []byte{10, 12, 14}, test: []int32{2}, sameAsBefore: true},
		{name: "no such class", classes: []int{0, 3}, wantErr: "tiny: class 3 selected, it has classes 0 to 2"},
		{name: "negative", classes: []int{-1}, wantErr: "tiny: class -1 selected, it has classes 0 to 2"},
		{name: "twice", classes: []int{1, 1}, wantErr: "tiny: class 1 selected twice"},
		{name: "none", classes: nil, wantErr: "tiny: no classes selected"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := tinyData()
			got, err := d.SelectClasses(test.classes)
			if diff := cmp.Diff(test.wantErr, errorString(err)); diff != "" {
				t.Fatalf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tinyData(), d); diff != "" {
				t.Errorf("the original has changed (-want +got):\n%s", diff)
			}
			if err != nil {
				return
			}
			var firsts []byte
			for i := range got.Train.Len() {
				firsts = append(firsts, got.Train.image(i)[0])
			}
			type result struct {
				Classes     []string
				Train, Test []int32
				TrainPixels []byte
				Same        bool
			}
			want := result{test.names, test.train, test.test, test.trainPixels, test.sameAsBefore}
			if diff := cmp.Diff(want, result{got.Classes, got.Train.Labels, got.Test.Labels, firsts, got.SHA256 == d.SHA256}); diff != "" {
				t.Errorf("selected (-want +got):\n%s", diff)
			}
		})
	}
}

// TestHash checks that everything which makes a data set another one changes its
// hash.
func TestHash(t *testing.T) {
	seen := map[string]string{tinyData().SHA256: "the original"}
	changes := []struct {
		name   string
		change func(d *Dataset)
	}{
		{"a pixel", func(d *Dataset) { d.Test.Pixels[5]++ }},
		{"a label", func(d *Dataset) { d.Train.Labels[2] = 0 }},
		{"the same bytes as a tall image", func(d *Dataset) { d.Train.Height, d.Train.Width = 2, 1 }},
		{"the same bytes as a grey image", func(d *Dataset) { d.Test.Width, d.Test.Channels = 6, 1 }},
		{"train and test exchanged", func(d *Dataset) { d.Train, d.Test = d.Test, d.Train }},
		{"the last training image tested on", func(d *Dataset) {
			all := d.Train.Subset([]int32{0, 1, 2})
			all.Pixels, all.Labels = append(all.Pixels, d.Test.Pixels...), append(all.Labels, d.Test.Labels...)
			d.Train, d.Test = all.Subset([]int32{0, 1}), all.Subset([]int32{2, 3})
		}},
		{"another order", func(d *Dataset) { d.Train = d.Train.Subset([]int32{1, 0, 2}) }},
	}
	for _, c := range changes {
		d := tinyData()
		c.change(d)
		hash := hashSplits(d.Train, d.Test)
		if before, taken := seen[hash]; taken {
			t.Errorf("%s: same hash as %s", c.name, before)
		}
		seen[hash] = c.name
	}
	// Stored baselines hold this hash: it may change only with its version line.
	const want = "b165b9b243813ad344cfc67825b725a99f026863cabceaca2d57e26031806fa6"
	if got := tinyData().SHA256; got != want {
		t.Errorf("hash of the original is %s, want %s", got, want)
	}
}

func TestOverlap(t *testing.T) {
	grey := func(pixels string, labels ...int32) Split {
		return Split{Height: 1, Width: 2, Channels: 1, Pixels: []byte(pixels), Labels: labels}
	}
	train := grey("aabbccbb", 0, 1, 2, 3)
	tests := []struct {
		name string
		test Split
		want []Pair
	}{
		{"none", grey("abbadd", 0, 1, 2), nil},
		{"the first of two equal ones", grey("ddbb", 0, 1), []Pair{{Train: 1, Test: 1, TrainLabel: 1, TestLabel: 1}}},
		{"another label counts all the same", grey("cc", 5), []Pair{{Train: 2, Test: 0, TrainLabel: 2, TestLabel: 5}}},
		{"one image tested on twice", grey("aaaa", 0, 0), []Pair{{Train: 0, Test: 0}, {Train: 0, Test: 1}}},
		{"equal bytes of another shape", Split{Height: 2, Width: 1, Channels: 1, Pixels: []byte("aa"), Labels: []int32{0}}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, Overlap(train, test.test)); diff != "" {
				t.Errorf("pairs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStats(t *testing.T) {
	tests := []struct {
		name      string
		split     Split
		mean, std []float64
	}{
		{"channels apart, population deviation", Split{Height: 1, Width: 2, Channels: 2, Pixels: []byte{0, 255, 255, 51}, Labels: []int32{0}},
			[]float64{0.5, 0.6}, []float64{0.5, 0.4}},
		{"over images", Split{Height: 1, Width: 1, Channels: 1, Pixels: []byte{0, 0, 0, 255}, Labels: make([]int32, 4)},
			[]float64{0.25}, []float64{0.4330127018922193}},
		{"one value has deviation 0 exactly", Split{Height: 1, Width: 3, Channels: 1, Pixels: []byte{77, 77, 77}, Labels: []int32{0}},
			[]float64{77.0 / 255}, []float64{0}},
		{"no images", Split{Height: 1, Width: 1, Channels: 3}, []float64{0, 0, 0}, []float64{0, 0, 0}},
	}
	for _, test := range tests {
		mean, std := Stats(test.split)
		if !slices.EqualFunc(mean, test.mean, near) || !slices.EqualFunc(std, test.std, near) {
			t.Errorf("%s: got %v, %v; want %v, %v", test.name, mean, std, test.mean, test.std)
		}
	}
}

func near(a, b float64) bool { return a-b < 1e-15 && b-a < 1e-15 }
