package model

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/experiment"
)

func mustNew(t *testing.T, channels, classes int, change func(*experiment.Model)) *Net {
	t.Helper()
	m := experiment.Default().Model
	change(&m)
	n, err := New(m, Shape{Height: 32, Width: 32, Channels: channels, Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestParameters(t *testing.T) {
	type counts struct{ All, Learning, Frozen, Stats int }
	plain := func(m *experiment.Model) { m.Shortcut = experiment.NoShortcut }
	zeroPad := func(m *experiment.Model) { m.Shortcut = experiment.ZeroPad }
	head := func(m *experiment.Model) { m.Trainable = experiment.Head }
	headNorm := func(m *experiment.Model) { m.Trainable = experiment.HeadNorm }
	bottleneck := func(m *experiment.Model) { m.Block, m.Depth = experiment.Bottleneck, 29 }
	tests := []struct {
		why     string
		classes int
		change  func(*experiment.Model)
		want    counts
	}{
		{"the published ResNet-20 of CIFAR-100 has projections", 100, func(*experiment.Model) {}, counts{278324, 278324, 0, 1568}},
		{"the plain net has none, whatever was published", 100, plain, counts{275572, 275572, 0, 1376}},
		{"option A has no parameters", 100, zeroPad, counts{275572, 275572, 0, 1376}},
		{"CIFAR-10", 10, func(*experiment.Model) {}, counts{272474, 272474, 0, 1568}},
		{"CIFAR-10, plain", 10, plain, counts{269722, 269722, 0, 1376}},
		{"He et al. 2016 give 0.27 million", 10, zeroPad, counts{269722, 269722, 0, 1376}},
		{"FC only: 64 x 100 + 100", 100, head, counts{278324, 6500, 271824, 1568}},
		{"BN and FC: 6,500 + 2 x 784 scales and shifts", 100, headNorm, counts{278324, 8068, 270256, 1568}},
		{"FC only, 10 classes", 10, head, counts{272474, 650, 271824, 1568}},
		{"ResNet-32: 464,154 by akamaster's table", 10, func(m *experiment.Model) { zeroPad(m); m.Depth = 32 }, counts{464154, 464154, 0, 2272}},
		{"ResNet-56: 853,018 by akamaster's table", 10, func(m *experiment.Model) { zeroPad(m); m.Depth = 56 }, counts{853018, 853018, 0, 4064}},
		{"ResNet-29 of bottlenecks: 0.3 million", 10, bottleneck, bottleneck29()},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			n := mustNew(t, 3, test.classes, test.change)
			learning, frozen := n.Split()
			got := counts{Count(n.Params), Count(learning), Count(frozen), Count(n.Stats)}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
		})
	}
}

// bottleneck29 adds up the net of three stages of three bottlenecks by hand:
// 1x1, 3x3 and 1x1 kernels, a projection at the head of every stage, and scale and
// shift for each of their outputs.
func bottleneck29() (c struct{ All, Learning, Frozen, Stats int }) {
	channels, kernels, normed := 16, 3*3*3*16, 16
	for _, width := range []int{16, 32, 64} {
		kernels += channels * 4 * width // projection
		normed += 4 * width
		for range 3 {
			kernels += channels*width + 9*width*width + width*4*width
			normed += width + width + 4*width
			channels = 4 * width
		}
	}
	c.All = kernels + 2*normed + 256*10 + 10
	c.Learning, c.Stats = c.All, 2*normed
	return c
}

func TestNames(t *testing.T) {
	names := func(n *Net) map[string][]int {
		out := map[string][]int{}
		for _, params := range [][]Param{n.Params, n.Stats} {
			for _, p := range params {
				if _, twice := out[p.Name]; twice {
					t.Errorf("%s is there twice", p.Name)
				}
				out[p.Name] = p.Shape
			}
		}
		return out
	}
	resnet := names(mustNew(t, 1, 10, func(m *experiment.Model) { m.Depth, m.Stages, m.Width = 6, 2, 4 }))
	unit := func(conv, norm string, kernel, in, out int) map[string][]int {
		return map[string][]int{
			conv + ".weight": {kernel, kernel, in, out}, norm + ".weight": {out}, norm + ".bias": {out},
			norm + ".running_mean": {out}, norm + ".running_var": {out},
		}
	}
	want := map[string][]int{"fc.weight": {8, 10}, "fc.bias": {10}}
	for _, u := range []map[string][]int{
		unit("conv1", "bn1", 3, 1, 4),
		unit("layer1.0.conv1", "layer1.0.bn1", 3, 4, 4), unit("layer1.0.conv2", "layer1.0.bn2", 3, 4, 4),
		unit("layer2.0.conv1", "layer2.0.bn1", 3, 4, 8), unit("layer2.0.conv2", "layer2.0.bn2", 3, 8, 8),
		unit("layer2.0.downsample.0", "layer2.0.downsample.1", 1, 4, 8),
	} {
		for name, shape := range u {
			want[name] = shape
		}
	}
	if diff := cmp.Diff(want, resnet); diff != "" {
		t.Errorf("names as in torchvision, and shapes (-want +got):\n%s", diff)
	}

	bottleneck := names(mustNew(t, 3, 10, func(m *experiment.Model) { m.Block, m.Depth, m.Stages, m.Width = experiment.Bottleneck, 8, 2, 4 }))
	for name, shape := range map[string][]int{
		"layer1.0.conv1.weight": {1, 1, 4, 4}, "layer1.0.conv2.weight": {3, 3, 4, 4}, "layer1.0.conv3.weight": {1, 1, 4, 16},
		"layer1.0.downsample.0.weight": {1, 1, 4, 16}, // the channels change though the size does not
		"layer2.0.conv1.weight":        {1, 1, 16, 8}, "layer2.0.conv2.weight": {3, 3, 8, 8}, "layer2.0.conv3.weight": {1, 1, 8, 32},
		"layer2.0.downsample.0.weight": {1, 1, 16, 32}, "fc.weight": {32, 10},
	} {
		if diff := cmp.Diff(shape, bottleneck[name]); diff != "" {
			t.Errorf("bottleneck's %s (-want +got):\n%s", name, diff)
		}
	}
}

func TestDepths(t *testing.T) {
	tests := []struct {
		why    string
		block  experiment.Block
		depth  int
		stages int
		layers int // weighted layers without projections; 0 for an error
	}{
		{"6n+2", experiment.Basic, 20, 3, 20},
		{"n = 18", experiment.Basic, 110, 3, 110},
		{"4n+2 with two stages", experiment.Basic, 10, 2, 10},
		{"one stage", experiment.Basic, 4, 1, 4},
		{"9n+2", experiment.Bottleneck, 29, 3, 29},
		{"n = 12", experiment.Bottleneck, 110, 3, 110},
		{"21 is not 6n+2", experiment.Basic, 21, 3, 0},
		{"26 is 6n+2 and not 9n+2", experiment.Bottleneck, 26, 3, 0},
		{"no block", experiment.Basic, 2, 3, 0},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			m := experiment.Default().Model
			m.Block, m.Depth, m.Stages, m.Width = test.block, test.depth, test.stages, 2
			n, err := New(m, Shape{32, 32, 3, 10})
			if (err != nil) != (test.layers == 0) {
				t.Fatalf("error %v, want %d layers", err, test.layers)
			}
			if err != nil {
				return
			}
			layers := 1 // the head
			for _, p := range n.Params {
				if p.Kind == Body {
					layers++
				}
			}
			for _, p := range n.Params {
				if strings.HasSuffix(p.Name, "downsample.0.weight") {
					layers--
				}
			}
			if layers != test.layers {
				t.Errorf("%d weighted layers, want %d", layers, test.layers)
			}
		})
	}
	if _, err := New(experiment.Default().Model, Shape{32, 32, 3, 1}); err == nil {
		t.Error("a net of one class: no error")
	}
	if _, err := New(experiment.Default().Model, Shape{32, 32, 0, 10}); err == nil {
		t.Error("images without channels: no error")
	}
}
