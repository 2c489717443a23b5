package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/experiment"
	"trainbench/bench/layer"
	"trainbench/bench/weights"
)

// mlp is a net of one hidden layer, of so many units as its argument says.
func mlp(m experiment.Model, s Shape) (*Net, error) {
	hidden := int(m.Args["hidden"])
	return &Net{
		Params:   slices.Concat(Dense("hidden", Body, s.Inputs(), hidden), Dense("fc", Head, hidden, s.Classes)),
		Features: func(p *Pass, x *layer.Value) *layer.Value { return p.Tape.ReLU(p.Dense("hidden", p.Tape.Flatten(x))) },
	}, nil
}

func mlpModel(hidden float64) experiment.Model {
	m := experiment.Default().Model
	m.Net, m.Args = "mlp", map[string]float64{"hidden": hidden}
	return m
}

func TestNetsBuild(t *testing.T) {
	shape := Shape{8, 8, 1, 10}
	n, err := Nets{"mlp": mlp}.Build(mlpModel(16), shape)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := Count(n.Params), 64*16+16+16*10+10; got != want {
		t.Errorf("%d parameters, want %d", got, want)
	}
	n.Config.Trainable = experiment.Head
	if learning, _ := n.Split(); Count(learning) != 16*10+10 {
		t.Errorf("%d parameters of the head learn, want 170", Count(learning))
	}
	residual, err := Nets{"mlp": mlp}.Build(experiment.Default().Model, shape)
	if err != nil || len(residual.Stats) == 0 {
		t.Errorf("no name asks for a residual net: %v", err)
	}
}

func TestNetsRefuse(t *testing.T) {
	change := func(f func(*Net)) Nets {
		return Nets{"mlp": func(m experiment.Model, s Shape) (*Net, error) {
			n, err := mlp(m, s)
			f(n)
			return n, err
		}}
	}
	tests := []struct {
		why  string
		nets Nets
		want string
	}{
		{"a name that nobody stated", Nets{"cnn": mlp, "vit": mlp}, `model.net is "mlp": want one of the program's ["cnn" "vit"]`},
		{"a caller without nets", nil, `model.net is "mlp": want one of the program's []`},
		{"two arrays of one name would share values", change(func(n *Net) { n.Params[2].Name = n.Params[0].Name }), `the name "hidden.weight"`},
		{"no forward pass", change(func(n *Net) { n.Features = nil }), "Features"},
		{"an array without values", change(func(n *Net) { n.Params[0].Shape = []int{0, 3} }), "hidden.weight has shape [0 3]"},
		{"what does not learn is no parameter", change(func(n *Net) { n.Params[1].Kind = Stat }), "hidden.bias: Stats hold"},
		{"nothing would learn with a frozen body", change(func(n *Net) { n.Params = n.Params[:2] }), "kind Head"},
	}
	for _, test := range tests {
		if _, err := test.nets.Build(mlpModel(4), Shape{8, 8, 1, 10}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v does not say %q", test.why, err, test.want)
		}
	}
}

// TestNetsKeepNames: weights of a caller's net are stored and read under its own
// names, also where those of other libraries are translated.
func TestNetsKeepNames(t *testing.T) {
	n := &Net{Params: slices.Concat(Dense("a.shortcut.hidden", Body, 3, 4), Dense("linear", Head, 4, 2))}
	want := n.Init(rand.New(rand.NewPCG(1, 2)))
	got, err := n.FromTorch(&weights.Set{Arrays: n.ToTorch(want)}, true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stored and read (-want +got):\n%s", diff)
	}
}

func TestInitOfNets(t *testing.T) {
	n, err := Nets{"mlp": mlp}.Build(mlpModel(400), Shape{8, 8, 1, 10})
	if err != nil {
		t.Fatal(err)
	}
	n.Params = append(n.Params,
		Param{Name: "scale", Kind: Body, Shape: []int{3}},
		Param{Name: "gate", Kind: Body, Shape: []int{2}, Init: func(rng *rand.Rand, values []float32) {
			for i := range values {
				values[i] = float32(i) + 1
			}
		}})
	w := n.Init(rand.New(rand.NewPCG(1, 2)))
	// torch.nn.Linear: weights and biases within 1/sqrt(inputs), which the largest of
	// 400 draws comes close to.
	for name, bound := range map[string]float64{"hidden.weight": 1. / 8, "hidden.bias": 1. / 8, "fc.weight": 1. / 20} {
		largest := 0.
		for _, v := range w[name] {
			largest = max(largest, math.Abs(float64(v)))
		}
		if largest > bound || largest < .95*bound {
			t.Errorf("%s: the largest value is %.4f, want a bit below %.4f", name, largest, bound)
		}
	}
	if diff := cmp.Diff([][]float32{{0, 0, 0}, {1, 2}}, [][]float32{w["scale"], w["gate"]}); diff != "" {
		t.Errorf("a vector of no layer, and one with its own Init (-want +got):\n%s", diff)
	}
}
