package dataset

import (
	"math"
	"os"
	"runtime"
	"testing"
)

// TestRealData reads the official files, if TRAINBENCH_DATA names a folder with
// them (or with the archives), and compares what it reads with what is published
// about them.
func TestRealData(t *testing.T) {
	dir := os.Getenv("TRAINBENCH_DATA")
	if dir == "" {
		t.Skip("TRAINBENCH_DATA does not name a folder with CIFAR-10 and CIFAR-100")
	}
	tests := []struct {
		name        string
		train, test int // images of each class
		mean, std   [3]float64
		first, last string // class names
		overlap     int
	}{
		{"cifar-10", 5000, 1000, [3]float64{0.4914, 0.4822, 0.4465}, [3]float64{0.2470, 0.2435, 0.2616}, "airplane", "truck", 0},
		{"cifar-100", 500, 100, [3]float64{0.5071, 0.4865, 0.4409}, [3]float64{0.2673, 0.2564, 0.2762}, "apple", "worm", 10},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			d, err := Open(test.name, dir)
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			images := uint64(len(d.Train.Pixels) + len(d.Test.Pixels))
			// What was given back counts too: of an archive some tables for each of its blocks.
			if took := after.TotalAlloc - before.TotalAlloc; took > images+images/8 {
				t.Errorf("took %d bytes of memory for %d bytes of images", took, images)
			}
			checkCounts(t, "train", d.Train, len(d.Classes), test.train)
			checkCounts(t, "test", d.Test, len(d.Classes), test.test)
			mean, std := Stats(d.Train)
			for c := range 3 {
				if math.Abs(mean[c]-test.mean[c]) > 0.5e-4 || math.Abs(std[c]-test.std[c]) > 0.5e-4 {
					t.Errorf("channel %d: mean %.5f, deviation %.5f, published are %v, %v", c, mean[c], std[c], test.mean[c], test.std[c])
				}
			}
			if first, last := d.Classes[0], d.Classes[len(d.Classes)-1]; first != test.first || last != test.last {
				t.Errorf("classes are from %q to %q, want %q to %q", first, last, test.first, test.last)
			}
			if pairs := Overlap(d.Train, d.Test); len(pairs) != test.overlap || d.Duplicates != test.overlap {
				t.Errorf("%d test images are in the training set, said %d, want %d: %v", len(pairs), d.Duplicates, test.overlap, pairs)
			}
		})
	}
}

func checkCounts(t *testing.T, name string, s Split, classes, want int) {
	t.Helper()
	if s.Len() != classes*want {
		t.Errorf("%s: %d images, want %d", name, s.Len(), classes*want)
	}
	for c, n := range Counts(s.Labels, classes) {
		if n != want {
			t.Errorf("%s: %d images of class %d, want %d", name, n, c, want)
		}
	}
}
