package batch

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/experiment"
)

func planner(counts ...int) *Planner {
	p := &Planner{
		Seed: 42, Classes: len(counts), CropPadding: 4, Flip: true,
		Sampling: experiment.Sampling{Order: experiment.Shuffled, Batch: 32},
	}
	for class, n := range counts {
		p.Labels = append(p.Labels, slices.Repeat([]int32{int32(class)}, n)...)
	}
	return p
}

func TestShuffledVisitsEachOnce(t *testing.T) {
	p := planner(70, 30)
	plan := p.Epoch(0)
	if got, want := plan.Steps(), 4; got != want {
		t.Errorf("steps: got %d, want %d: the last batch of 4 images counts", got, want)
	}
	sorted := slices.Sorted(slices.Values(plan.Index))
	for i, index := range sorted {
		if int(index) != i {
			t.Fatalf("image %d is missing or there twice", i)
		}
	}
	if slices.IsSorted(plan.Index) {
		t.Error("not shuffled")
	}
}

func TestStreams(t *testing.T) {
	base := planner(70, 30)
	if diff := cmp.Diff(base.Epoch(3), base.Epoch(3)); diff != "" {
		t.Errorf("an epoch drawn twice:\n%s", diff)
	}
	tests := []struct {
		why                  string
		change               func(*Planner)
		epoch                int
		sameIndex, sameCrops bool
	}{
		{"another epoch draws anew", func(*Planner) {}, 1, false, false},
		{"another seed draws anew", func(p *Planner) { p.Seed++ }, 0, false, false},
		{"mixup leaves order and crops alone", func(p *Planner) { p.Sampling.MixupAlpha = 1 }, 0, true, true},
		{"another order leaves crops alone", func(p *Planner) { p.Sampling.Order = experiment.Balanced }, 0, false, true},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			p := *base
			test.change(&p)
			got, want := p.Epoch(test.epoch), base.Epoch(0)
			if same := slices.Equal(got.Index, want.Index); same != test.sameIndex {
				t.Errorf("same order: got %v, want %v", same, test.sameIndex)
			}
			if same := slices.Equal(got.Augment, want.Augment); same != test.sameCrops {
				t.Errorf("same crops: got %v, want %v", same, test.sameCrops)
			}
		})
	}
}

func TestBalanced(t *testing.T) {
	p := planner(9000, 900, 0, 100)
	p.Sampling.Order = experiment.Balanced
	drawn := make([]float64, p.Classes)
	n := 0.0
	for epoch := range 10 {
		for _, i := range p.Epoch(epoch).Index {
			drawn[p.Labels[i]]++
			n++
		}
	}
	if drawn[2] != 0 {
		t.Errorf("an empty class was drawn %v times", drawn[2])
	}
	for _, class := range []int{0, 1, 3} {
		// A binomial with p = 1/3: five standard deviations.
		if limit := 5 * math.Sqrt(n*2/9); math.Abs(drawn[class]-n/3) > limit {
			t.Errorf("class %d was drawn %v times of %v, want a third within %.0f", class, drawn[class], n, limit)
		}
	}
}

func TestAugment(t *testing.T) {
	p := planner(40_000)
	var top, left [9]float64
	mirrored := 0.0
	plan := p.Epoch(0)
	for _, a := range plan.Augment {
		top[a&0xff]++
		left[a>>8&0xff]++
		mirrored += float64(a >> 16)
	}
	n := float64(len(plan.Augment))
	for i := range top {
		limit := 5 * math.Sqrt(n*8/81)
		if math.Abs(top[i]-n/9) > limit || math.Abs(left[i]-n/9) > limit {
			t.Errorf("offset %d: top %v, left %v, want %v within %.0f", i, top[i], left[i], n/9, limit)
		}
	}
	if math.Abs(mirrored-n/2) > 5*math.Sqrt(n/4) {
		t.Errorf("%v of %v are mirrored", mirrored, n)
	}
	p.CropPadding, p.Flip = 0, false
	for _, a := range p.Epoch(0).Augment {
		if a != 0 {
			t.Fatalf("augmentation %d with neither crop nor flip", a)
		}
	}
}

func TestMixup(t *testing.T) {
	for _, alpha := range []float64{0.2, 1} {
		p := planner(32 * 20_000)
		p.Sampling.MixupAlpha = alpha
		plan := p.Epoch(0)
		var sum, squares float64
		for _, l := range plan.Lambda {
			if l < 0 || l > 1 {
				t.Fatalf("lambda %v", l)
			}
			sum += float64(l)
			squares += float64(l) * float64(l)
		}
		n := float64(len(plan.Lambda))
		mean, variance := sum/n, squares/n-sum/n*sum/n
		want := 1 / (4 * (2*alpha + 1)) // variance of Beta(alpha, alpha)
		if math.Abs(mean-.5) > 5*math.Sqrt(want/n) || math.Abs(variance-want) > .02*want {
			t.Errorf("Beta(%v, %v): mean %v, variance %v, want .5 and %v", alpha, alpha, mean, variance, want)
		}
		for start := 0; start < len(plan.Partner); start += 32 {
			step := slices.Sorted(slices.Values(plan.Partner[start : start+32]))
			for i, j := range step {
				if int(j) != i {
					t.Fatalf("partners of the step at %d are no permutation", start)
				}
			}
		}
	}
}

func TestDropLastAndValidate(t *testing.T) {
	p := planner(70)
	p.Sampling.DropLast = true
	if got := len(p.Epoch(0).Index); got != 64 {
		t.Errorf("%d images with the last batch dropped, want 64", got)
	}
	tests := []struct {
		why    string
		change func(*Planner)
	}{
		{"fewer images than a batch, and that batch dropped", func(p *Planner) { p.Sampling.Batch = 100 }},
		{"a label out of range", func(p *Planner) { p.Labels[3] = 7 }},
		{"padding that does not fit a byte", func(p *Planner) { p.CropPadding = 128 }},
	}
	for _, test := range tests {
		q := *p
		q.Labels = slices.Clone(p.Labels)
		test.change(&q)
		if q.Validate() == nil {
			t.Errorf("%s: no error", test.why)
		}
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
}
