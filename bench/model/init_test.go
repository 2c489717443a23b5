package model

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/batch"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// TestInit holds the distribution of initial weights to PyTorch's: bounds,
// standard deviation, and the largest distance between the distribution functions
// (Kolmogorov and Smirnov) at the twentieths of PyTorch's. The seed is fixed, so
// that chance decided once.
func TestInit(t *testing.T) {
	var reference map[experiment.Init]map[string]struct {
		Std, Max  float64
		Quantiles []float64
	}
	parity.JSON(t, "init", &reference)
	for kind, params := range reference {
		n := mustNew(t, 3, 100, func(m *experiment.Model) { m.Init = kind })
		w := n.Init(batch.Stream(42, batch.Init, 0))
		for name, want := range params {
			t.Run(string(kind)+"/"+name, func(t *testing.T) {
				values := w[name]
				if len(values) == 0 {
					t.Fatal("no such parameter")
				}
				size := float64(len(values))
				squares, largest := 0., 0.
				for _, v := range values {
					squares += float64(v) * float64(v)
					largest = max(largest, math.Abs(float64(v)))
				}
				std := math.Sqrt(squares / size)
				// A normal deviation's relative error is 1/sqrt(2n), a uniform one's less.
				if limit := 4 / math.Sqrt(2*size); math.Abs(std/want.Std-1) > limit {
					t.Errorf("standard deviation %.5f, want %.5f within %.1f %%", std, want.Std, 100*limit)
				}
				if uniform := want.Max < 1.8*want.Std; uniform && (largest > want.Max*1.0001 || largest < want.Max*(1-20/size)) {
					t.Errorf("bound %.6f, want %.6f", largest, want.Max)
				}
				distance := 0.
				for i, q := range want.Quantiles {
					below := 0.
					for _, v := range values {
						if float64(v) <= q {
							below++
						}
					}
					distance = max(distance, math.Abs(below/size-float64(i+1)/20))
				}
				// 1.63/sqrt(n) is passed once in 100 times by chance; the second term is that
				// of the reference, of 400,000 draws.
				limit := 1.63/math.Sqrt(size) + 1.63/math.Sqrt(400_000)
				t.Logf("parity: %s: distance of distributions %.4f, allowed %.4f; standard deviation off by %.2g %%",
					t.Name(), distance, limit, 100*math.Abs(std/want.Std-1))
				if distance > limit {
					t.Errorf("distance of the distributions %.4f, want at most %.4f", distance, limit)
				}
			})
		}
	}
}

func TestInitOfNorms(t *testing.T) {
	n := mustNew(t, 3, 10, func(m *experiment.Model) {})
	w := n.Init(batch.Stream(42, batch.Init, 0))
	for name, want := range map[string]float32{
		"layer2.0.downsample.1.weight": 1, "layer2.0.downsample.1.bias": 0,
		"layer2.0.downsample.1.running_mean": 0, "layer2.0.downsample.1.running_var": 1,
	} {
		if diff := cmp.Diff(slices.Repeat([]float32{want}, 32), w[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if diff := cmp.Diff(w, n.Init(batch.Stream(42, batch.Init, 0))); diff != "" {
		t.Errorf("drawn twice with one seed:\n%s", diff)
	}
	other := n.Init(batch.Stream(43, batch.Init, 0))
	for _, p := range n.Params {
		if same := slices.Equal(w[p.Name], other[p.Name]); same != (p.Kind == Norm) {
			t.Errorf("%s with another seed is the same: %v", p.Name, same)
		}
	}
}

func TestCopyFrom(t *testing.T) {
	n := mustNew(t, 3, 10, func(m *experiment.Model) { m.Depth, m.Width = 8, 2 })
	source := n.Init(batch.Stream(1, batch.Init, 0))
	for _, head := range []bool{false, true} {
		w := n.Init(batch.Stream(2, batch.Init, 0))
		if err := w.CopyFrom(source, n, head); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(w["layer3.0.conv2.weight"], source["layer3.0.conv2.weight"]) {
			t.Error("a kernel was not copied")
		}
		for _, name := range []string{"fc.weight", "fc.bias"} {
			if same := slices.Equal(w[name], source[name]); same != head {
				t.Errorf("head %v: %s was copied: %v", head, name, same)
			}
		}
		w["conv1.weight"][0]++
		if w["conv1.weight"][0] == source["conv1.weight"][0] {
			t.Error("the copy shares memory with its source")
		}
	}

	delete(source, "bn1.bias")
	source["layer1.0.bn1.running_mean"] = nil
	source["fc.bias"] = nil // not asked for
	err := n.Init(batch.Stream(2, batch.Init, 0)).CopyFrom(source, n, false)
	want := "the source has no bn1.bias\nlayer1.0.bn1.running_mean has 0 values in the source, want 2"
	if err == nil || err.Error() != want {
		t.Errorf("got error %v, want %s", err, want)
	}
}

func TestFlatten(t *testing.T) {
	n := mustNew(t, 3, 10, func(m *experiment.Model) { m.Depth, m.Width, m.Trainable = 8, 2, experiment.HeadNorm })
	w := n.Init(batch.Stream(1, batch.Init, 0))
	learning, frozen := n.Split()
	got := Weights{}
	got.SetFlat(learning, w.Flatten(learning))
	got.SetFlat(frozen, w.Flatten(frozen))
	got.SetFlat(n.Stats, w.Flatten(n.Stats))
	if diff := cmp.Diff(w, got); diff != "" {
		t.Errorf("flattened and back (-want +got):\n%s", diff)
	}
}
