// Package batch draws, on the host, everything that is random about a training:
// which images a step sees, how they are cropped and flipped, and what they are
// mixed with.
//
// A [Planner] turns a seed and an epoch into a [Plan]: arrays of integers that a
// device turns into images. Backends therefore differ in arithmetic only. The
// plan of an epoch depends on nothing but seed and epoch, so a training that is
// resumed at an epoch needs no state of generators.
//
// The package neither reads nor touches pixels.
package batch

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
)

// Streams of randomness, named after their use. Each use has its own, so that
// turning one off leaves the others as they are.
const (
	Init    = "init"    // initial weights
	Order   = "order"   // which images, in which order
	Augment = "augment" // crops and flips
	Mixup   = "mixup"   // partners and weights
)

// Stream returns the generator of one use in one epoch (0 for uses that are not
// of an epoch): ChaCha8 seeded with the SHA-256 of the three.
func Stream(seed uint64, use string, epoch int) *rand.Rand {
	return rand.New(rand.NewChaCha8(sha256.Sum256(fmt.Appendf(nil, "trainbench/%s/%d/%d", use, seed, epoch))))
}
