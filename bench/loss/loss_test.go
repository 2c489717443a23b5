package loss

import (
	"math"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/google/go-cmp/cmp"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// lossCase is a loss and its name in the fixture "losses".
type lossCase struct {
	name string
	loss experiment.Loss
}

func lossCases() []lossCase {
	focal := func(gamma float64) experiment.Loss { return experiment.Loss{Kind: experiment.Focal, Gamma: gamma} }
	adjusted := func(tau float64) experiment.Loss { return experiment.Loss{Kind: experiment.LogitAdjusted, Tau: tau} }
	return []lossCase{
		{"cross-entropy", experiment.Loss{Kind: experiment.CrossEntropy}},
		{"weighted", experiment.Loss{Kind: experiment.WeightedCE}},
		{"balanced", experiment.Loss{Kind: experiment.BalancedSoftmax}},
		{"focal-0", focal(0)}, {"focal-0.5", focal(.5)}, {"focal-1", focal(1)}, {"focal-2", focal(2)}, {"focal-5", focal(5)},
		{"adjusted-0", adjusted(0)}, {"adjusted-0.5", adjusted(.5)}, {"adjusted-1", adjusted(1)}, {"adjusted-1.5", adjusted(1.5)},
	}
}

func counts(f parity.Fixture) []int {
	var out []int
	for _, n := range f.Ints("counts") {
		out = append(out, int(n))
	}
	return out
}

func mustNew(t *testing.T, l experiment.Loss, counts []int) Func {
	t.Helper()
	f, err := New(l, counts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// valueAndGradient computes f on a device.
func valueAndGradient(t *testing.T, d *backend.Device, f Func, logits, labels *tensors.Tensor) (value, gradient []float32) {
	t.Helper()
	out := parity.Run(t, d, func(in []*Node) []*Node {
		mean := f(in[0], OneHot(in[1], 5, in[0].DType()))
		mean.AssertScalar()
		return []*Node{mean, Gradient(mean, in[0])[0]}
	}, logits, labels)
	return out[0], out[1]
}

// TestLosses holds every loss and its gradient to PyTorch: for labels, for mixup's
// two labels, and for logits at which a naive softmax is infinite.
func TestLosses(t *testing.T) {
	f := parity.Load(t, "losses")
	lambda := float64(f.Floats("lambda")[0])
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for _, test := range lossCases() {
			t.Run(test.name, func(t *testing.T) {
				loss := mustNew(t, test.loss, counts(f))
				check := func(form string, value, gradient []float32) {
					parity.Check(t, form+" value", value, f.Floats(test.name+"/"+form+"/value"), parity.Values)
					parity.Check(t, form+" gradient", gradient, f.Floats(test.name+"/"+form+"/gradient"), parity.Gradients)
				}
				value, gradient := valueAndGradient(t, d, loss, f.Tensor("logits"), f.Tensor("labels"))
				check("plain", value, gradient)

				partners := f.Tensor("partners")
				out := parity.Run(t, d, func(in []*Node) []*Node {
					onehot := func(labels *Node) *Node { return OneHot(labels, 5, in[0].DType()) }
					mean := Add(MulScalar(loss(in[0], onehot(in[1])), lambda), MulScalar(loss(in[0], onehot(in[2])), 1-lambda))
					return []*Node{mean, Gradient(mean, in[0])[0]}
				}, f.Tensor("logits"), f.Tensor("labels"), partners)
				check("mixed", out[0], out[1])

				value, gradient = valueAndGradient(t, d, loss, f.Tensor("extreme/logits"), f.Tensor("extreme/labels"))
				if !f.Has(test.name + "/extreme/value") {
					// PyTorch's focal loss with gamma below 1 has no gradient where p is 1; ours is
					// finite.
					if parity.Deviation(gradient, gradient) != 0 {
						t.Errorf("the gradient of sure images is %v", gradient)
					}
					return
				}
				check("extreme", value, gradient)
			})
		}
	})
}

// TestIdentities: with tau 1 the logit-adjusted loss is balanced softmax to
// rounding, since the two priors differ by a constant; with tau 0 it is
// cross-entropy, and so is the focal loss with gamma 0, bit for bit.
func TestIdentities(t *testing.T) {
	f := parity.Load(t, "losses")
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		tests := []struct {
			name      string
			a, b      experiment.Loss
			tolerance float64
		}{
			{"tau 1", experiment.Loss{Kind: experiment.LogitAdjusted, Tau: 1}, experiment.Loss{Kind: experiment.BalancedSoftmax}, 1e-6},
			{"tau 0", experiment.Loss{Kind: experiment.LogitAdjusted}, experiment.Loss{Kind: experiment.CrossEntropy}, 0},
			{"gamma 0", experiment.Loss{Kind: experiment.Focal}, experiment.Loss{Kind: experiment.CrossEntropy}, 0},
		}
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				valueA, gradientA := valueAndGradient(t, d, mustNew(t, test.a, counts(f)), f.Tensor("logits"), f.Tensor("labels"))
				valueB, gradientB := valueAndGradient(t, d, mustNew(t, test.b, counts(f)), f.Tensor("logits"), f.Tensor("labels"))
				parity.Check(t, "value", valueA, valueB, test.tolerance)
				parity.Check(t, "gradient", gradientA, gradientB, test.tolerance)
			})
		}
	})
}

func TestPerImage(t *testing.T) {
	f := parity.Load(t, "losses")
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		out := parity.Run(t, d, func(in []*Node) []*Node {
			each := PerImage(in[0], OneHot(in[1], 5, in[0].DType()))
			each.AssertDims(7)
			return []*Node{ReduceAllMean(each)}
		}, f.Tensor("logits"), f.Tensor("labels"))
		parity.Check(t, "mean", out[0], f.Floats("cross-entropy/plain/value"), parity.Values)
	})
}

func TestLogPrior(t *testing.T) {
	f := parity.Load(t, "losses")
	parity.Check(t, "tau log prior", LogPrior(counts(f), 1.5), f.Floats("logprior-1.5"), 1e-7)
	got := LogPrior([]int{3, 0}, 2)
	want := []float32{0, float32(2 * math.Log(.5/3))}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a class without images counts as half of one (-want +got):\n%s", diff)
	}
}

// TestPostHoc predicts after subtracting tau log prior, as package train does.
func TestPostHoc(t *testing.T) {
	f := parity.Load(t, "losses")
	for name, tau := range map[string]float64{"posthoc-1": 1, "posthoc-1.5": 1.5} {
		logits, prior, want := f.Floats("logits"), LogPrior(counts(f), tau), f.Ints(name)
		for i := range want {
			best, at := math.Inf(-1), 0
			for c := range prior {
				if v := float64(logits[i*5+c] - prior[c]); v > best {
					best, at = v, c
				}
			}
			if int32(at) != want[i] {
				t.Errorf("%s: image %d is predicted as %d, want %d", name, i, at, want[i])
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	empty := []int{3, 0, 2}
	tests := []struct {
		why  string
		loss experiment.Loss
		want string // of the error; empty for none
	}{
		{"1/n_c is infinite", experiment.Loss{Kind: experiment.WeightedCE}, "class 1 has none"},
		{"log n_c is infinite", experiment.Loss{Kind: experiment.BalancedSoftmax}, "class 1 has none"},
		{"log pi_c is infinite", experiment.Loss{Kind: experiment.LogitAdjusted, Tau: 1}, "class 1 has none"},
		{"no prior is needed", experiment.Loss{Kind: experiment.CrossEntropy}, ""},
		{"no prior is needed here either", experiment.Loss{Kind: experiment.Focal, Gamma: 2}, ""},
	}
	for _, test := range tests {
		_, err := New(test.loss, empty)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s (%s): got error %v, want %q", test.loss.Kind, test.why, err, test.want)
		}
	}
	if _, err := New(experiment.Loss{Kind: "hinge"}, []int{1, 1}); err == nil || !strings.Contains(err.Error(), "hinge") {
		t.Errorf("an unknown loss: got error %v", err)
	}
}
