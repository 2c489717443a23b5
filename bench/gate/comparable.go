package gate

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/record"
)

// incomparable tells why two records must not be compared, or "".
func incomparable(b, c *record.Record) (reason, detail string) {
	if b.Profile != c.Profile {
		return fmt.Sprintf("the baseline is of profile %q and the candidate of %q", b.Profile, c.Profile), ""
	}
	if b.ConfigSHA256 != c.ConfigSHA256 {
		return "the baseline was made with another config: restore it, or store a new baseline with -update or trainbench accept",
			"config (-baseline +candidate):\n" + diffJSON(b.Config, c.Config)
	}
	for _, s := range c.Samples {
		if s.Status == record.Failed {
			return fmt.Sprintf("seed %d failed: %s", s.Seed, s.Detail), ""
		}
	}
	if len(c.Samples) == 0 {
		return "the candidate has no samples", ""
	}
	if !slices.ContainsFunc(b.Samples, func(s record.Sample) bool { return s.Status == record.OK }) {
		return "the baseline has no sample with metrics: accept another", ""
	}
	return unequalData(b, c)
}

// unequalData tells in what way the samples were not made with the same images
// and source weights, or "".
func unequalData(b, c *record.Record) (reason, detail string) {
	type data struct{ name, sum string }
	parts := []struct {
		name string
		of   func(*record.Sample) data
	}{
		{"dataset", func(s *record.Sample) data { return data{s.Data.Dataset, s.Data.SHA256} }},
		{"training subset", func(s *record.Sample) data { return data{s.Data.Dataset, s.Data.SubsetSHA256} }},
	}
	for _, part := range parts {
		var first data
		known := false
		for _, r := range []*record.Record{b, c} {
			for i := range r.Samples {
				s := &r.Samples[i]
				if s.Status != record.OK {
					continue // a training that diverged at once may not have filled them in
				}
				switch got := part.of(s); {
				case !known:
					first, known = got, true
				case got != first && r == b:
					return fmt.Sprintf("the samples of the baseline are of two %ss: %s and %s", part.name, nameHash(first.name, first.sum), nameHash(got.name, got.sum)), ""
				case got != first:
					return fmt.Sprintf("another %s: the baseline has %s and the candidate, seed %d, %s", part.name,
						nameHash(first.name, first.sum), s.Seed, nameHash(got.name, got.sum)), ""
				}
			}
		}
	}
	// Weights that are trained for each seed differ from seed to seed, and that is
	// no reason; one file on either side is.
	sb, oneB := source(b)
	sc, oneC := source(c)
	if oneB && oneC && sb != sc && len(b.Samples) > 1 {
		return fmt.Sprintf("other pretrained weights: the baseline has %s and the candidate %s", short(sb), short(sc)), ""
	}
	return "", ""
}

// source returns the hash of the source weights of all good samples, and whether
// there are such samples and all have the same.
func source(r *record.Record) (sum string, one bool) {
	for i := range r.Samples {
		s := &r.Samples[i]
		switch {
		case s.Status != record.OK:
		case one && s.Weights.SourceSHA256 != sum:
			return "", false
		default:
			sum, one = s.Weights.SourceSHA256, true
		}
	}
	return sum, one
}

// divergence judges trainings without metrics. It returns "" if those with
// metrics are to be compared.
func divergence(b, c *record.Record, alpha float64) (Outcome, string) {
	kb, kc := diverged(b), diverged(c)
	nb, nc := len(b.Samples), len(c.Samples)
	if kc == 0 {
		return "", ""
	}
	i := slices.IndexFunc(c.Samples, func(s record.Sample) bool { return s.Status == record.Diverged })
	first := fmt.Sprintf("seed %d diverged: %s", c.Samples[i].Seed, c.Samples[i].Detail)
	switch {
	case kb == 0:
		return Fail, fmt.Sprintf("%s (%d of %s; none of %d in the baseline)", first, kc, count(nc, "seed"), nb)
	case moreOften(kb, nb, kc, nc) <= alpha:
		return Fail, fmt.Sprintf("%s; it is shown to diverge more often: %d of %s, %d of %d in the baseline",
			first, kc, count(nc, "seed"), kb, nb)
	case kc == nc:
		return Inconclusive, fmt.Sprintf("all of %s diverged, and %d of %d did in the baseline: train more", count(nc, "seed"), kb, nb)
	}
	return "", ""
}

func diverged(r *record.Record) int {
	n := 0
	for _, s := range r.Samples {
		if s.Status == record.Diverged {
			n++
		}
	}
	return n
}

// moreOften is the one-sided p-value of Fisher's exact test: that kc of nc or more
// are candidates' if kb+kc are drawn from nb+nc.
func moreOften(kb, nb, kc, nc int) float64 {
	lchoose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	p, k := 0., kb+kc
	for i := kc; i <= min(k, nc); i++ {
		if k-i <= nb {
			p += math.Exp(lchoose(nc, i) + lchoose(nb, k-i) - lchoose(nb+nc, k))
		}
	}
	return min(1, p)
}

// seeds compares the samples that two records have of the same seed.
type seeds struct {
	shared, unequal int
	environment     string // what differs, or ""
}

func (s seeds) equal() bool      { return s.shared > 0 && s.unequal == 0 }
func (s seeds) reproduced() bool { return s.equal() && s.environment == "" }

func compareSeeds(b, c *record.Record) seeds {
	var out seeds
	for i := range c.Samples {
		s := &c.Samples[i]
		k := seedIndex(b.Samples, s.Seed)
		if k < 0 {
			continue
		}
		old := &b.Samples[k]
		out.shared++
		if !equalOutcome(old, s) {
			out.unequal++
		} else if out.environment == "" && old.Env.Fingerprint() != s.Env.Fingerprint() {
			out.environment = "other " + joinNames(old.Env.Differs(s.Env))
		}
	}
	return out
}

// equalOutcome reports whether two trainings of one seed gave the same
// predictions, or diverged at the same step.
func equalOutcome(a, b *record.Sample) bool {
	if a.Status == record.Diverged && b.Status == record.Diverged {
		return a.Detail == b.Detail
	}
	return a.Predictions != nil && b.Predictions != nil && a.Predictions.SHA256 == b.Predictions.SHA256
}

// valuesOf collects a metric. Samples without metrics are left out; it is an
// error if only some of the others have this one, or if it is not finite.
func valuesOf(r *record.Record, metric string) (values, error) {
	v := values{xs: make([]float64, 0, len(r.Samples))}
	same, good := true, 0
	var first *record.Sample
	for i := range r.Samples {
		s := &r.Samples[i]
		if s.Status != record.OK {
			continue
		}
		good++
		x, ok := s.Metrics[metric]
		if !ok {
			continue
		}
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return values{}, fmt.Errorf("%s of seed %d is %v", metric, s.Seed, x)
		}
		v.xs = append(v.xs, x)
		if first == nil {
			first = s
		}
		same = same && sameResult(first, s)
		if strings.HasSuffix(metric, "-pct") && s.Data.TestImages > 0 {
			v.step = 100 / float64(s.Data.TestImages)
		}
	}
	if len(v.xs) > 0 && len(v.xs) < good {
		return values{}, fmt.Errorf("only %d of %s have %s", len(v.xs), count(good, "seed"), metric)
	}
	// Two equal sets of predictions, or three equal sets of numbers, are no chance.
	v.exact = same && first != nil && (len(v.xs) >= 3 || len(v.xs) == 2 && first.Predictions != nil)
	return v, nil
}

// sameResult reports whether two seeds gave the same, as those of a training
// without randomness do.
func sameResult(a, b *record.Sample) bool {
	if a.Predictions != nil && b.Predictions != nil {
		return a.Predictions.SHA256 == b.Predictions.SHA256
	}
	return maps.Equal(a.Metrics, b.Metrics)
}

// diffJSON is cmp.Diff of two JSON values.
func diffJSON(a, b json.RawMessage) string {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return cmp.Diff(string(a), string(b))
	}
	return cmp.Diff(x, y)
}

// seedIndex returns the index of the sample of a seed, -1 if there is none.
func seedIndex(samples []record.Sample, seed uint64) int {
	for i := range samples {
		if samples[i].Seed == seed {
			return i
		}
	}
	return -1
}
