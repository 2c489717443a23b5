// Package loss is the functions that training minimises, as graphs.
//
// All take logits [batch, classes] and one-hot labels of the same shape, both
// 32-bit floats, and return a scalar: the mean over the batch. experiment.LossKind
// names the paper that defines each.
package loss

import (
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/experiment"
)

// Func is the mean loss of logits for one-hot labels.
type Func func(logits, onehot *Node) *Node

// New returns the loss of an experiment. Counts are the training images of each
// class: losses that use the prior need at least one of every class.
func New(l experiment.Loss, counts []int) (Func, error) {
	switch l.Kind {
	case experiment.CrossEntropy:
		return CrossEntropy, nil
	case experiment.Focal:
		return focal(l.Gamma), nil
	}
	for class, n := range counts {
		if n < 1 {
			return nil, fmt.Errorf("loss: %s needs images of every class, and class %d has none", l.Kind, class)
		}
	}
	sign := 1.0
	if l.InvertPrior {
		sign = -1
	}
	switch l.Kind {
	case experiment.WeightedCE:
		return weighted(classWeights(counts)), nil
	case experiment.BalancedSoftmax:
		return adjusted(sign, counts), nil
	case experiment.LogitAdjusted:
		return adjusted(sign*l.Tau, counts), nil
	}
	return nil, fmt.Errorf("loss: unknown kind %q", l.Kind)
}

// CrossEntropy is the mean of -log softmax(logits)[label].
func CrossEntropy(logits, onehot *Node) *Node {
	return ReduceAllMean(PerImage(logits, onehot))
}

// PerImage is -log softmax(logits)[label] of every image: [batch].
func PerImage(logits, onehot *Node) *Node {
	return Neg(ReduceSum(Mul(logSoftmax(logits), onehot), 1))
}

// logSoftmax is log softmax over the classes, computed without overflow.
func logSoftmax(logits *Node) *Node {
	shifted := Sub(logits, StopGradient(ReduceAndKeep(logits, ReduceMax, 1)))
	return Sub(shifted, Log(ReduceAndKeep(Exp(shifted), ReduceSum, 1)))
}

// focal is the mean of -(1-p)^gamma log p, with p the probability of the label.
func focal(gamma float64) Func {
	return func(logits, onehot *Node) *Node {
		logP := ReduceSum(Mul(logSoftmax(logits), onehot), 1)
		if gamma == 0 {
			return Neg(ReduceAllMean(logP))
		}
		// 1-p is kept above 0, where a power's gradient is not finite for gamma < 1.
		miss := MaxScalar(OneMinus(Exp(logP)), 1e-12)
		return Neg(ReduceAllMean(Mul(Exp(MulScalar(Log(miss), gamma)), logP)))
	}
}

// classWeights returns n / (C n_c), scikit-learn's "balanced".
func classWeights(counts []int) []float32 {
	total := 0
	for _, n := range counts {
		total += n
	}
	w := make([]float32, len(counts))
	for c, n := range counts {
		w[c] = float32(total) / float32(len(counts)*n)
	}
	return w
}

// weighted is torch.nn.CrossEntropyLoss(weight=w): the losses' mean with the
// weights of their labels.
func weighted(w []float32) Func {
	return func(logits, onehot *Node) *Node {
		weights := ReduceSum(Mul(onehot, Reshape(Const(logits.Graph(), w), 1, -1)), 1)
		return Div(ReduceAllSum(Mul(PerImage(logits, onehot), weights)), ReduceAllSum(weights))
	}
}

// adjusted is cross-entropy on logits + tau log pi_c.
func adjusted(tau float64, counts []int) Func {
	offsets := LogPrior(counts, tau)
	return func(logits, onehot *Node) *Node {
		return CrossEntropy(Add(logits, Reshape(Const(logits.Graph(), offsets), 1, -1)), onehot)
	}
}

// LogPrior returns tau log pi_c of every class; for a class without images, that
// of half an image.
func LogPrior(counts []int, tau float64) []float32 {
	total := 0
	for _, n := range counts {
		total += n
	}
	out := make([]float32, len(counts))
	for c, n := range counts {
		out[c] = float32(tau * math.Log(max(float64(n), .5)/float64(total)))
	}
	return out
}
