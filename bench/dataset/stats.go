package dataset

import (
	"crypto/sha256"
	"math"
)

// Stats returns the mean and the population standard deviation of each channel
// over all pixels of all images, of pixels scaled to [0, 1] by dividing by 255:
// what a per-channel normalisation needs. A channel of one value has deviation
// 0; for a split without images all are 0.
func Stats(s Split) (mean, std []float64) {
	mean, std = make([]float64, s.Channels), make([]float64, s.Channels)
	if len(s.Pixels) == 0 {
		return mean, std
	}
	// Counting values makes the sums exact and independent of the order.
	histogram := make([][256]int64, s.Channels)
	for i := 0; i < len(s.Pixels); i += s.Channels {
		for c, v := range s.Pixels[i : i+s.Channels] {
			histogram[c][v]++
		}
	}
	n := float64(len(s.Pixels) / s.Channels)
	for c := range histogram {
		sum, squares := 0.0, 0.0
		for v, count := range histogram[c] {
			sum += float64(v) * float64(count)
		}
		for v, count := range histogram[c] {
			d := float64(v) - sum/n
			squares += d * d * float64(count)
		}
		mean[c], std[c] = sum/n/255, math.Sqrt(squares/n)/255
	}
	return mean, std
}

// A Pair is an image that is in two splits.
type Pair struct {
	// Train and Test are its indices in the two splits.
	Train, Test int32
	// TrainLabel and TestLabel are its labels, which may differ.
	TrainLabel, TestLabel int32
}

// Overlap returns the images of test that are also in train, pixel for pixel,
// in ascending order of Test, each with the first such image of train.
//
// It does not find images that are nearly the same; of these CIFAR has many
// more (Barz and Denzler, "Do We Train on Test Data?", 2020: 3.3 % of the test
// images of CIFAR-10, 10 % of CIFAR-100).
func Overlap(train, test Split) []Pair {
	if train.Height != test.Height || train.Width != test.Width || train.Channels != test.Channels {
		return nil
	}
	first := make(map[[sha256.Size]byte]int32, train.Len())
	for i := range train.Len() {
		sum := sha256.Sum256(train.image(i))
		if _, seen := first[sum]; !seen {
			first[sum] = int32(i)
		}
	}
	var pairs []Pair
	for i := range test.Len() {
		if at, found := first[sha256.Sum256(test.image(i))]; found {
			pairs = append(pairs, Pair{Train: at, Test: int32(i), TrainLabel: train.Labels[at], TestLabel: test.Labels[i]})
		}
	}
	return pairs
}
