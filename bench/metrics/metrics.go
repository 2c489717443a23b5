// Package metrics counts predictions and derives accuracy and F1 from the counts.
//
// Definitions are scikit-learn's: accuracy_score, and f1_score with
// zero_division=0 over all classes, so that a class that is neither there nor
// predicted has an F1 of 0. Everything is a fraction in [0, 1]; tables turn it
// into per cent.
package metrics

import "fmt"

// Confusion counts pairs of true and predicted classes. Counts can be added as
// predictions arrive.
type Confusion struct {
	Classes int
	// Counts[true*Classes+predicted] is the number of such images.
	Counts []int
}

// NewConfusion returns an empty count of the given number of classes.
func NewConfusion(classes int) *Confusion {
	return &Confusion{Classes: classes, Counts: make([]int, classes*classes)}
}

// Add counts one prediction for each label. It returns an error, and counts
// nothing, if the lengths differ or a class is out of range.
func (c *Confusion) Add(labels, predictions []int32) error {
	if len(labels) != len(predictions) {
		return fmt.Errorf("metrics: %d labels and %d predictions", len(labels), len(predictions))
	}
	for i := range labels {
		if l, p := labels[i], predictions[i]; l < 0 || int(l) >= c.Classes || p < 0 || int(p) >= c.Classes {
			return fmt.Errorf("metrics: image %d: label %d, prediction %d: want both in [0, %d)", i, l, p, c.Classes)
		}
	}
	for i := range labels {
		c.Counts[int(labels[i])*c.Classes+int(predictions[i])]++
	}
	return nil
}

// Total returns the number of predictions counted.
func (c *Confusion) Total() int {
	n := 0
	for _, k := range c.Counts {
		n += k
	}
	return n
}

// Top1 returns the fraction of predictions that are right, 0 if there are none.
func (c *Confusion) Top1() float64 {
	right := 0
	for k := range c.Classes {
		right += c.Counts[k*c.Classes+k]
	}
	return ratio(right, c.Total())
}

// Class is how one class fared.
type Class struct {
	Support   int     // images of this class
	Predicted int     // images predicted to be of this class
	Precision float64 // right / Predicted, 0 if nothing was predicted
	Recall    float64 // right / Support, 0 if there are no images
	F1        float64 // harmonic mean of the two: 2 right / (Support + Predicted), 0 if both are 0
}

// PerClass returns one entry a class.
func (c *Confusion) PerClass() []Class {
	out := make([]Class, c.Classes)
	for k := range out {
		right := c.Counts[k*c.Classes+k]
		for j := range c.Classes {
			out[k].Support += c.Counts[k*c.Classes+j]
			out[k].Predicted += c.Counts[j*c.Classes+k]
		}
		out[k].Precision = ratio(right, out[k].Predicted)
		out[k].Recall = ratio(right, out[k].Support)
		out[k].F1 = ratio(2*right, out[k].Support+out[k].Predicted)
	}
	return out
}

// MacroF1 returns the mean of the classes' F1, each class weighing the same.
func (c *Confusion) MacroF1() float64 {
	if c.Classes == 0 {
		return 0
	}
	sum := 0.0
	for _, k := range c.PerClass() {
		sum += k.F1
	}
	return sum / float64(c.Classes)
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
