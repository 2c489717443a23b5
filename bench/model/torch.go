package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"trainbench/bench/weights"
)

// FromTorch returns the weights of n from the arrays of a PyTorch net: those of
// torchvision, chenyaofo/pytorch-cifar-models and akamaster/pytorch_resnet_cifar10
// by their names. The fully connected layer is left out unless head is set. The
// error lists every array that is missing, misshapen or not part of n.
func (n *Net) FromTorch(set *weights.Set, head bool) (Weights, error) {
	ours := map[string]bool{}
	for _, p := range slices.Concat(n.Params, n.Stats) {
		ours[p.Name] = true
	}
	arrays := map[string]weights.Array{}
	for _, a := range set.Arrays {
		switch {
		case ours[a.Name]: // also "linear.weight", if the net calls it so itself
			arrays[a.Name] = a
		case !strings.HasSuffix(a.Name, ".num_batches_tracked"):
			arrays[ourName(a.Name)] = a
		}
	}
	w := Weights{}
	var missing, misshapen []string
	for _, p := range slices.Concat(n.Params, n.Stats) {
		a, ok := arrays[p.Name]
		delete(arrays, p.Name)
		switch shape := torchShape(p); {
		case p.Kind == Head && !head:
		case !ok:
			missing = append(missing, p.Name)
		case !slices.Equal(a.Shape, shape) || a.Float32 == nil:
			misshapen = append(misshapen, fmt.Sprintf("%s is %s %v, want floats %v", a.Name, a.DType, a.Shape, shape))
		default:
			w[p.Name] = fromTorchOrder(p, a.Float32)
		}
	}
	var extra []string
	for _, a := range arrays {
		extra = append(extra, a.Name)
	}
	slices.Sort(extra)
	var errs []error
	for _, list := range []struct {
		what  string
		names []string
	}{{"missing", missing}, {"misshapen", misshapen}, {"not part of the net", extra}} {
		if len(list.names) > 0 {
			errs = append(errs, fmt.Errorf("%s: %s", list.what, strings.Join(list.names, ", ")))
		}
	}
	return w, errors.Join(errs...)
}

// ToTorch returns weights as PyTorch keeps them, in the order of n, under
// torchvision's names.
func (n *Net) ToTorch(w Weights) []weights.Array {
	var out []weights.Array
	for _, p := range slices.Concat(n.Params, n.Stats) {
		out = append(out, weights.Array{
			Name: p.Name, Shape: torchShape(p), DType: weights.F32, Float32: toTorchOrder(p, w[p.Name]),
		})
	}
	return out
}

// ourName translates names of other libraries.
func ourName(name string) string {
	if rest, ok := strings.CutPrefix(name, "linear."); ok {
		return "fc." + rest
	}
	return strings.Replace(name, ".shortcut.", ".downsample.", 1)
}

// torchShape is the shape of p in PyTorch: kernels [out, in, height, width], the
// fully connected layer [out, in].
func torchShape(p Param) []int {
	switch len(p.Shape) {
	case 4:
		return []int{p.Shape[3], p.Shape[2], p.Shape[0], p.Shape[1]}
	case 2:
		return []int{p.Shape[1], p.Shape[0]}
	}
	return p.Shape
}

func fromTorchOrder(p Param, values []float32) []float32 {
	out := make([]float32, len(values))
	eachPair(p, func(ours, torch int) { out[ours] = values[torch] })
	return out
}

func toTorchOrder(p Param, values []float32) []float32 {
	out := make([]float32, len(values))
	eachPair(p, func(ours, torch int) { out[torch] = values[ours] })
	return out
}

// eachPair calls f with the places of each value in our order and in PyTorch's:
// [pixels, in, out] and [out, in, pixels].
func eachPair(p Param, f func(ours, torch int)) {
	pixels, in, out := 1, 1, p.Len()
	if rank := len(p.Shape); rank >= 2 {
		in, out = p.Shape[rank-2], p.Shape[rank-1]
		pixels = p.Len() / (in * out)
	}
	for k := range pixels {
		for i := range in {
			for o := range out {
				f((k*in+i)*out+o, (o*in+i)*pixels+k)
			}
		}
	}
}
