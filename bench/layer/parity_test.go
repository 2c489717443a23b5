package layer

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// layerCase is one layer of the fixture "layers": its arrays are name/input,
// name/y, name/dy and name/dinput.
type layerCase struct {
	why    string
	name   string
	inputs []string
	build  func(t *Tape, in []*Value) *Value
}

func conv(stride int) func(*Tape, []*Value) *Value {
	return func(t *Tape, in []*Value) *Value { return t.Conv(in[0], in[1], stride) }
}

func subsample(stride, channels int) func(*Tape, []*Value) *Value {
	return func(t *Tape, in []*Value) *Value { return t.Subsample(in[0], stride, channels) }
}

func convCases() []layerCase {
	kernel := []string{"x", "kernel"}
	return []layerCase{
		{"the usual one", "conv-k3s1", kernel, conv(1)},
		{"halves an even size: the last column is used by no centre", "conv-k3s2", kernel, conv(2)},
		{"halves an odd size: PyTorch rounds up", "conv-k3s2-odd", kernel, conv(2)},
		{"height and width differ", "conv-k3s1-odd", kernel, conv(1)},
		{"a stride as wide as the kernel", "conv-k3s3", kernel, conv(3)},
		{"an image of one pixel is padding all around", "conv-k3s1-pixel", kernel, conv(1)},
		{"a stride that leaves one pixel", "conv-k3s2-two", kernel, conv(2)},
		{"padding of two", "conv-k5s1", kernel, conv(1)},
		{"a kernel of one pixel", "conv-k1s1", kernel, conv(1)},
		{"a projection: every second pixel", "conv-k1s2", kernel, conv(2)},
		{"a projection of an odd size", "conv-k1s2-odd", kernel, conv(2)},
	}
}

func otherCases(f parity.Fixture) []layerCase {
	constant := func(in []*Value, name string) *Node { return Const(in[0].Graph(), f.Floats(name)) }
	return []layerCase{
		{"batch statistics", "norm", []string{"x", "gamma", "beta"}, func(t *Tape, in []*Value) *Value {
			y, _, _ := t.Norm(in[0], in[1], in[2], constant(in, "norm/mean"), constant(in, "norm/variance"))
			return y
		}},
		{"running statistics", "fixednorm", []string{"x", "gamma", "beta"}, func(t *Tape, in []*Value) *Value {
			return t.FixedNorm(in[0], in[1], in[2], constant(in, "norm/mean"), constant(in, "norm/variance"))
		}},
		{"gradient 0 at 0 and at -0", "relu", []string{"x"}, func(t *Tape, in []*Value) *Value { return t.ReLU(in[0]) }},
		{"height and width differ", "pool", []string{"x"}, func(t *Tape, in []*Value) *Value { return t.Pool(in[0]) }},
		{"with bias", "dense", []string{"x", "w", "b"}, func(t *Tape, in []*Value) *Value { return t.Dense(in[0], in[1], in[2]) }},
		{"both inputs get the gradient", "add", []string{"a", "b"}, func(t *Tape, in []*Value) *Value { return t.Add(in[0], in[1]) }},
		{"option A", "subsample", []string{"x"}, subsample(2, 8)},
		{"option A at an odd size", "subsample-odd", []string{"x"}, subsample(2, 8)},
		{"new channels without a stride", "subsample-wide", []string{"x"}, subsample(1, 8)},
	}
}

// TestLayers holds the output of every layer, and the gradients of its inputs, to
// PyTorch's autograd.
func TestLayers(t *testing.T) {
	f := parity.Load(t, "layers")
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for _, test := range convCases() {
			for form, matmul := range map[string]bool{"native": false, "matmul": true} {
				t.Run(test.name+"/"+form, func(t *testing.T) { test.check(t, f, d, matmul) })
			}
		}
		for _, test := range otherCases(f) {
			t.Run(test.name, func(t *testing.T) { test.check(t, f, d, d.Matmul) })
		}
	})
}

func (c layerCase) check(t *testing.T, f parity.Fixture, d *backend.Device, matmul bool) {
	var inputs []*tensors.Tensor
	for _, name := range c.inputs {
		inputs = append(inputs, f.Tensor(c.name+"/"+name))
	}
	got := parity.Run(t, d, func(in []*Node) []*Node {
		tape := &Tape{Matmul: matmul, Precision: experiment.F32}
		values := make([]*Value, len(c.inputs))
		for i := range values {
			values[i] = tape.Parameter(in[i])
		}
		y := c.build(tape, values)
		tape.Backward(y, in[len(values)])
		out := []*Node{y.Node}
		for _, v := range values {
			out = append(out, v.Gradient())
		}
		return out
	}, append(inputs, f.Tensor(c.name+"/dy"))...)

	parity.Check(t, "output", got[0], f.Floats(c.name+"/y"), parity.Values)
	for i, name := range c.inputs {
		parity.Check(t, "gradient of "+name, got[i+1], f.Floats(c.name+"/d"+name), parity.Gradients)
	}
	if t.Failed() {
		t.Logf("this case is there for: %s", c.why)
	}
}

// TestRunningStatistics holds the moving averages to torch.nn.BatchNorm2d: a tenth
// of the batch's mean and unbiased variance.
func TestRunningStatistics(t *testing.T) {
	f := parity.Load(t, "layers")
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		got := parity.Run(t, d, func(in []*Node) []*Node {
			tape := &Tape{}
			_, mean, variance := tape.Norm(tape.Input(in[0]), tape.Input(in[1]), tape.Input(in[2]), in[3], in[4])
			return []*Node{mean, variance}
		}, f.Tensor("norm/x"), f.Tensor("norm/gamma"), f.Tensor("norm/beta"), f.Tensor("norm/mean"), f.Tensor("norm/variance"))
		parity.Check(t, "running mean", got[0], f.Floats("norm/newmean"), parity.Values)
		parity.Check(t, "running variance", got[1], f.Floats("norm/newvariance"), parity.Values)
	})
}
