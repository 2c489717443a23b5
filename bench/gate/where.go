package gate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"trainbench/bench/dataset"
	"trainbench/bench/metrics"
	"trainbench/bench/record"
)

// Where tells in which classes a candidate lost, and how many predictions are
// others than they were.
type Where struct {
	// Classes are those whose recall is shown to have fallen, the worst first: the
	// means over seeds, tested as the metrics are, and adjusted by Holm over the
	// classes.
	Classes []ClassChange `json:"classes,omitempty"`
	// Worst is the class whose mean recall fell most, shown or not.
	Worst ClassChange `json:"worst"`
	// Pairs is the number of pairs of trainings whose predictions were compared
	// image by image: those of the same seed, or else in order of seeds.
	Pairs int `json:"pairs"`
	// Changed is the fraction of predictions that differ within the pairs, and Usual
	// the same between one seed of the baseline and the next; nil if it has only one.
	Changed float64  `json:"changed"`
	Usual   *float64 `json:"usual,omitempty"`
	// Worse and Better are the images that are right in fewer, or in more, of the
	// candidate's trainings than of the baseline's. P is the one-sided p-value of the
	// sign test between them: with one pair, McNemar's exact test (McNemar 1947). It
	// holds for these trainings; that it holds for others is what the verdict tells.
	Worse  int     `json:"worse"`
	Better int     `json:"better"`
	P      float64 `json:"p"`
}

// ClassChange is what became of the recall of one class, in per cent.
type ClassChange struct {
	Class     int     `json:"class"`
	Name      string  `json:"name"`
	Baseline  float64 `json:"baseline_pct"`
	Candidate float64 `json:"candidate_pct"`
}

// Loss is in percentage points.
func (c ClassChange) Loss() float64 { return c.Baseline - c.Candidate }

// unpacked is a sample's predictions.
type unpacked struct {
	seed              uint64
	labels, predicted []int32
}

// findWhere returns nil if the predictions were not kept or are not of the same
// images.
func findWhere(b, c *record.Record, names []string, alpha float64) *Where {
	bu, cu := unpackAll(b), unpackAll(c)
	if len(bu) == 0 || len(cu) == 0 {
		return nil
	}
	for _, u := range slices.Concat(bu, cu) {
		if !slices.Equal(u.labels, bu[0].labels) {
			return nil
		}
	}
	w := &Where{}
	classes := 0
	for _, s := range slices.Concat(b.Samples, c.Samples) {
		if s.Predictions != nil {
			classes = max(classes, s.Predictions.Classes)
		}
	}
	w.classes(bu, cu, classes, names, alpha)
	w.churn(bu, cu)
	return w
}

// ClassNames returns the names of the classes of a record, as far as its config
// tells of which known dataset they are, else nil.
func ClassNames(r *record.Record) []string {
	var config struct {
		Data struct{ Dataset, Classes json.RawMessage }
	}
	var name string
	var selected []int
	if json.Unmarshal(r.Config, &config) != nil || json.Unmarshal(config.Data.Dataset, &name) != nil {
		return nil // a config of another framework
	}
	all := dataset.ClassNames(name)
	if config.Data.Classes == nil {
		return all
	}
	if json.Unmarshal(config.Data.Classes, &selected) != nil {
		return nil
	}
	var names []string
	for _, c := range selected {
		if c < 0 || c >= len(all) {
			return nil
		}
		names = append(names, all[c])
	}
	return names
}

func unpackAll(r *record.Record) []unpacked {
	var out []unpacked
	for _, s := range r.Samples {
		if s.Status != record.OK || s.Predictions == nil {
			continue
		}
		labels, predicted, err := s.Predictions.Unpack()
		if err != nil || len(labels) == 0 {
			return nil
		}
		out = append(out, unpacked{s.Seed, labels, predicted})
	}
	return out
}

// classes compares the recall of each class over seeds.
func (w *Where) classes(b, c []unpacked, classes int, names []string, alpha float64) {
	before, after := recalls(b, classes), recalls(c, classes)
	pool := newPool(before)
	changes, p := make([]ClassChange, classes), make([]float64, classes)
	for k := range classes {
		changes[k] = ClassChange{Class: k, Name: fmt.Sprint(k), Baseline: before[k].mean(), Candidate: after[k].mean()}
		if k < len(names) {
			changes[k].Name = names[k]
		}
		p[k] = subtract(before[k], after[k], pool).pBelow(0)
	}
	for k, adjusted := range holm(p) {
		if adjusted <= alpha {
			w.Classes = append(w.Classes, changes[k])
		}
	}
	worse := func(a, b ClassChange) int { return cmp.Compare(b.Loss(), a.Loss()) }
	slices.SortStableFunc(w.Classes, worse)
	w.Worst = slices.MinFunc(changes, worse)
}

// recalls returns, for each class, its recall in every training.
func recalls(trainings []unpacked, classes int) []values {
	out := make([]values, classes)
	for _, u := range trainings {
		confusion := metrics.NewConfusion(classes)
		if err := confusion.Add(u.labels, u.predicted); err != nil {
			continue // Unpack has checked the range
		}
		for k, class := range confusion.PerClass() {
			out[k].xs = append(out[k].xs, 100*class.Recall)
			if class.Support > 0 {
				out[k].step = 100 / float64(class.Support)
			}
		}
	}
	return out
}

// churn compares predictions image by image.
func (w *Where) churn(b, c []unpacked) {
	pairs := pair(b, c)
	w.Pairs = len(pairs)
	net := make([]int, len(b[0].labels))
	for _, p := range pairs {
		w.Changed += disagreement(p[0], p[1]) / float64(len(pairs))
		for i, label := range p[0].labels {
			if p[0].predicted[i] == label {
				net[i]--
			}
			if p[1].predicted[i] == label {
				net[i]++
			}
		}
	}
	for _, n := range net {
		switch {
		case n < 0:
			w.Worse++
		case n > 0:
			w.Better++
		}
	}
	w.P = signTest(w.Worse, w.Better)
	if len(b) > 1 {
		usual := 0.
		for i := range b[1:] {
			usual += disagreement(b[i], b[i+1]) / float64(len(b)-1)
		}
		w.Usual = &usual
	}
}

// pair joins trainings of the same seed or, if there are none, those of the same
// rank.
func pair(b, c []unpacked) [][2]unpacked {
	var out [][2]unpacked
	for _, x := range b {
		for _, y := range c {
			if x.seed == y.seed {
				out = append(out, [2]unpacked{x, y})
			}
		}
	}
	if len(out) == 0 {
		for i := range min(len(b), len(c)) {
			out = append(out, [2]unpacked{b[i], c[i]})
		}
	}
	return out
}

func disagreement(a, b unpacked) float64 {
	n := 0
	for i := range a.predicted {
		if a.predicted[i] != b.predicted[i] {
			n++
		}
	}
	return float64(n) / float64(len(a.predicted))
}

// signTest is the probability of at least that many heads (worse) in worse +
// better throws of a fair coin.
func signTest(worse, better int) float64 {
	n := float64(worse + better)
	lgamma := func(x float64) float64 { y, _ := math.Lgamma(x); return y }
	p := 0.
	for k := float64(worse); k <= n; k++ {
		p += math.Exp(lgamma(n+1) - lgamma(k+1) - lgamma(n-k+1) - n*math.Ln2)
	}
	return min(1, p)
}

// String is the end of a sentence: "classes cat and dog lost 6.2 and 5.8 pp
// recall; 11 % of predictions changed".
func (w *Where) String() string {
	var b strings.Builder
	const most = 3
	shown := w.Classes[:min(most, len(w.Classes))]
	var names, losses []string
	for _, c := range shown {
		names = append(names, c.Name)
		losses = append(losses, fmt.Sprintf("%.1f", c.Loss()))
	}
	switch {
	case len(shown) == 0:
		fmt.Fprintf(&b, "no class stands out (class %s lost most, %.1f pp recall)", w.Worst.Name, w.Worst.Loss())
	case len(shown) == 1:
		fmt.Fprintf(&b, "class %s lost %s pp recall", names[0], losses[0])
	default:
		fmt.Fprintf(&b, "classes %s lost %s pp recall", and(names), and(losses))
	}
	if more := len(w.Classes) - len(shown); more > 0 {
		fmt.Fprintf(&b, ", %d more lost less", more)
	}
	fmt.Fprintf(&b, "; %.0f %% of predictions changed", 100*w.Changed)
	if w.Usual != nil {
		fmt.Fprintf(&b, " (%.0f %% between seeds of the baseline)", 100**w.Usual)
	}
	return b.String()
}

// and joins "a, b and c".
func and(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
