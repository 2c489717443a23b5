package batch

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"trainbench/bench/experiment"
)

// Planner draws plans of epochs for one training.
type Planner struct {
	Seed     uint64
	Sampling experiment.Sampling
	// CropPadding and Flip are those of experiment.Data.
	CropPadding int
	Flip        bool
	// Labels are those of the training set, in [0, Classes).
	Labels  []int32
	Classes int
}

// Plan is what one epoch shows, in the order of its images: image i belongs to
// step i/Batch. The last step may have fewer images than Batch.
type Plan struct {
	Batch int
	// Index is the number of each image in the training set.
	Index []int32
	// Augment packs, for each image, where the crop begins in the padded image and
	// whether it is mirrored: top | left<<8 | mirror<<16, with top and left in
	// [0, 2 CropPadding].
	Augment []int32
	// Partner is, for each image, the position within its step of the image that it
	// is mixed with; nil without mixup.
	Partner []int32
	// Lambda is, for each step, the weight of the image itself, in [0, 1]; the
	// partner's is 1-Lambda. nil without mixup.
	Lambda []float32
}

// Steps returns the number of steps.
func (p *Plan) Steps() int { return (len(p.Index) + p.Batch - 1) / p.Batch }

// Len returns the number of images that an epoch shows.
func (p *Planner) Len() int {
	n := len(p.Labels)
	if p.Sampling.DropLast {
		n -= n % p.Sampling.Batch
	}
	return n
}

// Steps returns the number of steps of an epoch.
func (p *Planner) Steps() int { return (p.Len() + p.Sampling.Batch - 1) / p.Sampling.Batch }

// Validate returns an error if no plan can be drawn.
func (p *Planner) Validate() error {
	if p.Len() == 0 {
		return fmt.Errorf("batch: %d training images make no batch of %d", len(p.Labels), p.Sampling.Batch)
	}
	if p.CropPadding > 127 {
		return fmt.Errorf("batch: a crop padding of %d does not fit its byte: at most 127", p.CropPadding)
	}
	for i, l := range p.Labels {
		if l < 0 || int(l) >= p.Classes {
			return fmt.Errorf("batch: label %d of training image %d is not in [0, %d)", l, i, p.Classes)
		}
	}
	return nil
}

// Epoch returns the plan of an epoch, counted from 0. The Planner must be valid.
func (p *Planner) Epoch(epoch int) *Plan {
	plan := &Plan{Batch: p.Sampling.Batch}
	plan.Index = p.order(Stream(p.Seed, Order, epoch))[:p.Len()]
	plan.Augment = p.augment(Stream(p.Seed, Augment, epoch), len(plan.Index))
	if p.Sampling.MixupAlpha > 0 {
		p.mix(Stream(p.Seed, Mixup, epoch), plan)
	}
	return plan
}

// order draws which images are shown.
func (p *Planner) order(rng *rand.Rand) []int32 {
	index := make([]int32, len(p.Labels))
	for i := range index {
		index[i] = int32(i)
	}
	switch p.Sampling.Order {
	case experiment.Shuffled:
		rng.Shuffle(len(index), func(i, j int) { index[i], index[j] = index[j], index[i] })
	case experiment.Balanced:
		// A class with equal probability, then one of its images: the same
		// distribution as weights of 1/n_c for every image.
		var members [][]int32
		for _, class := range p.byClass() {
			if len(class) > 0 {
				members = append(members, class)
			}
		}
		for i := range index {
			class := members[rng.IntN(len(members))]
			index[i] = class[rng.IntN(len(class))]
		}
	}
	return index
}

func (p *Planner) byClass() [][]int32 {
	members := make([][]int32, p.Classes)
	for i, l := range p.Labels {
		members[l] = append(members[l], int32(i))
	}
	return members
}

// augment draws a crop and a flip for n images.
func (p *Planner) augment(rng *rand.Rand, n int) []int32 {
	out := make([]int32, n)
	for i := range out {
		top, left := p.CropPadding, p.CropPadding
		if p.CropPadding > 0 {
			top, left = rng.IntN(2*p.CropPadding+1), rng.IntN(2*p.CropPadding+1)
		}
		out[i] = int32(top | left<<8)
		if p.Flip && rng.IntN(2) == 1 {
			out[i] |= 1 << 16
		}
	}
	return out
}

// mix draws, for every step, Beta(alpha, alpha) and a permutation of its images.
func (p *Planner) mix(rng *rand.Rand, plan *Plan) {
	beta := distuv.Beta{Alpha: p.Sampling.MixupAlpha, Beta: p.Sampling.MixupAlpha, Src: rng}
	for start := 0; start < len(plan.Index); start += plan.Batch {
		plan.Lambda = append(plan.Lambda, float32(beta.Rand()))
		for _, j := range rng.Perm(min(plan.Batch, len(plan.Index)-start)) {
			plan.Partner = append(plan.Partner, int32(j))
		}
	}
}
