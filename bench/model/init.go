package model

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"trainbench/bench/experiment"
)

// Weights are the values of a net: its Params and its Stats, by name, each in
// the shape of its Param.
type Weights map[string][]float32

// Init draws initial weights from rng: experiment.Init has the distributions of
// kernels, fully connected layers with their biases, and batch normalisation. A
// vector that is none of these starts at 0, unless its Init says otherwise.
func (n *Net) Init(rng *rand.Rand) Weights {
	w := Weights{}
	for _, p := range n.Params {
		w[p.Name] = n.initial(p, rng)
	}
	for _, p := range n.Stats {
		start := float32(0)
		if strings.HasSuffix(p.Name, ".running_var") {
			start = 1
		}
		w[p.Name] = constant(p.Len(), start)
	}
	return w
}

func (n *Net) initial(p Param, rng *rand.Rand) []float32 {
	switch rank := len(p.Shape); {
	case p.Init != nil:
		values := make([]float32, p.Len())
		p.Init(rng, values)
		return values
	case p.Kind == Norm && strings.HasSuffix(p.Name, ".weight"):
		return constant(p.Len(), 1)
	case p.Kind == Norm:
		return constant(p.Len(), 0)
	case rank == 4 && n.Config.Init == experiment.HeNormalInit:
		return normal(rng, p.Len(), math.Sqrt(2/float64(p.Len()/p.Shape[2])))
	}
	fanIn := n.fanIn(p)
	if fanIn == 0 {
		return constant(p.Len(), 0)
	}
	return uniform(rng, p.Len(), 1/math.Sqrt(float64(fanIn)))
}

// fanIn returns the number of inputs of an output of a layer: that of its weights
// for a bias, 0 if there are none.
func (n *Net) fanIn(p Param) int {
	if rank := len(p.Shape); rank > 1 {
		return p.Len() / p.Shape[rank-1]
	}
	layer, isBias := strings.CutSuffix(p.Name, ".bias")
	for _, weight := range n.Params {
		if isBias && weight.Name == layer+".weight" && len(weight.Shape) > 1 {
			return n.fanIn(weight)
		}
	}
	return 0
}

func constant(n int, value float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = value
	}
	return out
}

func uniform(rng *rand.Rand, n int, bound float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32((2*rng.Float64() - 1) * bound)
	}
	return out
}

func normal(rng *rand.Rand, n int, deviation float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(rng.NormFloat64() * deviation)
	}
	return out
}

// Flatten joins the values of params to one vector.
func (w Weights) Flatten(params []Param) []float32 {
	out := make([]float32, 0, Count(params))
	for _, p := range params {
		out = append(out, w[p.Name]...)
	}
	return out
}

// SetFlat stores a vector that Flatten made.
func (w Weights) SetFlat(params []Param, flat []float32) {
	for _, p := range params {
		w[p.Name], flat = flat[:p.Len():p.Len()], flat[p.Len():]
	}
}

// CopyFrom takes the values of another net of the same structure, all but its
// fully connected layer, and that too if head is set. It returns an error that
// lists every array that is missing or of another length.
func (w Weights) CopyFrom(from Weights, n *Net, head bool) error {
	var errs []error
	for _, params := range [][]Param{n.Params, n.Stats} {
		for _, p := range params {
			if p.Kind == Head && !head {
				continue
			}
			values, ok := from[p.Name]
			switch {
			case !ok:
				errs = append(errs, fmt.Errorf("the source has no %s", p.Name))
			case len(values) != p.Len():
				errs = append(errs, fmt.Errorf("%s has %d values in the source, want %d", p.Name, len(values), p.Len()))
			default:
				w[p.Name] = slices.Clone(values)
			}
		}
	}
	return errors.Join(errs...)
}
