package parity

import (
	"math"
	"strings"
)

// hashes yields 64-bit numbers that depend on a name: SplitMix64 seeded with
// FNV-1a. nets.py has the same, so that inputs need no files.
func hashes(name string, n int, yield func(i int, z uint64)) {
	seed := uint64(0xcbf29ce484222325)
	for _, b := range []byte(name) {
		seed = (seed ^ uint64(b)) * 0x100000001b3
	}
	for i := range n {
		z := seed + uint64(i+1)*0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		yield(i, z^z>>31)
	}
}

// Formula returns n floats in centre +- spread that depend on the name alone.
func Formula(name string, n int, centre, spread float64) []float32 {
	out := make([]float32, n)
	hashes(name, n, func(i int, z uint64) {
		u := float64(z>>40) / (1 << 24)
		// The conversion keeps compilers from fusing product and sum, which would round
		// otherwise than NumPy does.
		out[i] = float32(centre + float64((2*u-1)*spread))
	})
	return out
}

// Bytes returns n bytes that depend on the name alone.
func Bytes(name string, n int) []byte {
	out := make([]byte, n)
	hashes(name, n, func(i int, z uint64) { out[i] = byte(z >> 56) })
	return out
}

// NetValues returns the values that nets.py gives to a parameter or a running
// statistic of a net, by its name and shape. Features is the number of inputs of
// the net's fully connected layer.
func NetValues(name string, shape []int, features int) []float32 {
	n := 1
	for _, d := range shape {
		n *= d
	}
	centre, spread := 0., .25
	switch {
	case len(shape) == 4:
		spread = math.Sqrt(6 / float64(shape[0]*shape[1]*shape[2]))
	case strings.HasPrefix(name, "fc."):
		spread = 1 / math.Sqrt(float64(features))
	case strings.HasSuffix(name, ".running_var"):
		centre, spread = 1, .5
	case strings.HasSuffix(name, ".weight"):
		centre = 1
	}
	return Formula(name, n, centre, spread)
}
