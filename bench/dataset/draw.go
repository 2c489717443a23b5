package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Imbalanced draws counts[c] of the images of every class c, without
// replacement, and returns their indices into labels in ascending order.
//
// The draw depends on labels, counts and seed only, and each class is drawn from
// a stream of its own: to change the count of one class does not change which
// images of another are drawn, and with the same seed a smaller count draws a
// subset of what a larger one does.
//
// It is an error if a label is not in [0, len(counts)), if a count is negative,
// if a class has fewer images than asked for, or if nothing at all is asked for.
func Imbalanced(labels []int32, counts []int, seed uint64) ([]int32, error) {
	return draw(labels, counts, "imbalanced", seed)
}

// Holdout splits labels in two: of each class, the given fraction of the images,
// rounded, but at least one, is held out and at least one is not. It returns the
// indices of both parts in ascending order. A class without images has none in
// either part.
//
// The draw depends on its arguments only; as with [Imbalanced] each class has a
// stream of its own.
//
// It is an error if fraction is not in (0, 1), if a label is not in
// [0, classes), or if a class has a single image.
func Holdout(labels []int32, classes int, fraction float64, seed uint64) (train, held []int32, err error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, fmt.Errorf("holdout: fraction %v, not between 0 and 1", fraction)
	}
	if err := checkLabels(labels, classes); err != nil {
		return nil, nil, fmt.Errorf("holdout: %w", err)
	}
	counts := Counts(labels, classes)
	for c, n := range counts {
		if n == 1 {
			return nil, nil, fmt.Errorf("holdout: class %d has one image, which cannot be both trained on and held out", c)
		}
		if n > 1 {
			counts[c] = min(max(int(math.Round(fraction*float64(n))), 1), n-1)
		}
	}
	held, err = draw(labels, counts, "holdout", seed)
	if err != nil {
		return nil, nil, err
	}
	return others(held, len(labels)), held, nil
}

// Counts returns how many of the labels are 0, 1, ... classes-1. Other labels
// are not counted.
func Counts(labels []int32, classes int) []int {
	counts := make([]int, classes)
	for _, label := range labels {
		if label >= 0 && int(label) < classes {
			counts[label]++
		}
	}
	return counts
}

// IndexSHA256 returns the hash, in hex, of a list of indices in its order: of
// their number and of each of them as little-endian uint32.
func IndexSHA256(indices []int32) string {
	b := littleEndian(append([]int32{int32(len(indices))}, indices...))
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// draw is Imbalanced, with streams of the given purpose.
func draw(labels []int32, counts []int, purpose string, seed uint64) ([]int32, error) {
	if err := checkLabels(labels, len(counts)); err != nil {
		return nil, fmt.Errorf("%s: %w", purpose, err)
	}
	members := make([][]int32, len(counts))
	for i, label := range labels {
		members[label] = append(members[label], int32(i))
	}
	var drawn []int32
	for c, n := range counts {
		if n < 0 || n > len(members[c]) {
			return nil, fmt.Errorf("%s: %d images of class %d asked for, it has %d", purpose, n, c, len(members[c]))
		}
		shuffle(members[c], n, newStream(fmt.Sprintf("%s/class %d", purpose, c), seed))
		drawn = append(drawn, members[c][:n]...)
	}
	if len(drawn) == 0 {
		return nil, fmt.Errorf("%s: no images asked for", purpose)
	}
	slices.Sort(drawn)
	return drawn, nil
}

func checkLabels(labels []int32, classes int) error {
	for i, label := range labels {
		if label < 0 || int(label) >= classes {
			return fmt.Errorf("label %d of image %d is not one of %d classes", label, i, classes)
		}
	}
	return nil
}

// others returns the indices below n that are not in the ascending list some.
func others(some []int32, n int) []int32 {
	rest := make([]int32, 0, n-len(some))
	for i := range int32(n) {
		if len(some) > 0 && some[0] == i {
			some = some[1:]
			continue
		}
		rest = append(rest, i)
	}
	return rest
}

// newStream returns a random stream for one purpose. It is a PCG whose two
// seeds are the first 16 bytes, little-endian, of the SHA-256 of
// "trainbench/dataset/<purpose>/<seed>", so that streams of different purposes
// have nothing in common even when people use the seed 42 everywhere.
func newStream(purpose string, seed uint64) *rand.PCG {
	sum := sha256.Sum256(fmt.Appendf(nil, "trainbench/dataset/%s/%d", purpose, seed))
	return rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16]))
}

// shuffle draws the first n of list from all of it: the first n steps of a
// Fisher-Yates shuffle from the front, so that a smaller n gives a prefix.
// It is written out because the results of rand.Shuffle are not promised to
// stay the same from one version of Go to another.
func shuffle(list []int32, n int, stream *rand.PCG) {
	for i := range n {
		j := i + int(below(stream, uint64(len(list)-i)))
		list[i], list[j] = list[j], list[i]
	}
}

// below returns a uniform number in [0, n) by multiplication, with the rejection
// that makes it exact (Lemire, "Fast Random Integer Generation in an Interval",
// 2019).
func below(stream *rand.PCG, n uint64) uint64 {
	for {
		hi, lo := bits.Mul64(stream.Uint64(), n)
		if lo >= -n%n {
			return hi
		}
	}
}
