// Package parity holds what PyTorch, NumPy and scikit-learn say of the parts of a
// recipe, and helps tests to hold the Go side to it on every backend that there
// is.
//
// The fixtures are in testdata; generate.py makes them and README.md lists them.
// Only tests import this package. It knows nothing of nets and losses: those who
// test them do.
package parity

import (
	"embed"
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/weights"
)

//go:embed testdata
var testdata embed.FS

// Tolerances of [Check] in 32-bit floats, unless a test says why it needs another.
const (
	Values    = 1e-5 // of logits, losses and statistics
	Gradients = 1e-4
)

// Backends returns the pure-Go backend and every plugin of XLA that is found (see
// backend.Plugins) and opens. They are closed when the test ends.
func Backends(t testing.TB) []*backend.Device {
	t.Helper()
	var devices []*backend.Device
	open := func(name string) {
		d, err := backend.Open(name, backend.Options{})
		if err != nil {
			t.Logf("not tested: %v", err)
			return
		}
		t.Cleanup(d.Finalize)
		devices = append(devices, d)
	}
	open(backend.Go)
	if len(devices) == 0 {
		t.Fatal("the pure-Go backend does not open")
	}
	for _, plugin := range backend.Plugins() {
		open("xla:" + plugin)
	}
	return devices
}

// Each runs a test on each of [Backends], as a subtest of the backend's name.
func Each(t *testing.T, test func(t *testing.T, d *backend.Device)) {
	for _, d := range Backends(t) {
		t.Run(d.Name, func(t *testing.T) { test(t, d) })
	}
}

// Fixture is one file of arrays.
type Fixture struct {
	t   testing.TB
	set *weights.Set
}

// Load reads testdata/name.safetensors.
func Load(t testing.TB, name string) Fixture {
	t.Helper()
	path := "testdata/" + name + ".safetensors"
	data, err := testdata.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	set, err := weights.Read(path, data, weights.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	return Fixture{t, set}
}

// Has reports whether there is an array of that name.
func (f Fixture) Has(name string) bool {
	_, ok := f.set.Get(name)
	return ok
}

func (f Fixture) array(name string) weights.Array {
	f.t.Helper()
	a, ok := f.set.Get(name)
	if !ok {
		f.t.Fatalf("the fixture has no array %q", name)
	}
	return a
}

// Floats returns an array of floats.
func (f Fixture) Floats(name string) []float32 {
	f.t.Helper()
	return f.array(name).Float32
}

// Ints returns an array of integers.
func (f Fixture) Ints(name string) []int32 {
	f.t.Helper()
	a := f.array(name)
	out := make([]int32, len(a.Int64))
	for i, v := range a.Int64 {
		out[i] = int32(v)
	}
	return out
}

// Tensor returns an array in its shape, for the device.
func (f Fixture) Tensor(name string) *tensors.Tensor {
	f.t.Helper()
	a := f.array(name)
	if a.Float32 != nil {
		return tensors.FromFlatDataAndDimensions(a.Float32, a.Shape...)
	}
	return tensors.FromFlatDataAndDimensions(f.Ints(name), a.Shape...)
}

// JSON decodes testdata/name.json into v.
func JSON(t testing.TB, name string, v any) {
	t.Helper()
	data, err := testdata.ReadFile("testdata/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Run computes a graph on a device. Inputs are tensors; outputs come back flat,
// 32-bit floats each.
func Run(t testing.TB, d *backend.Device, build func(in []*graph.Node) []*graph.Node, inputs ...*tensors.Tensor) [][]float32 {
	t.Helper()
	exec, err := graph.NewExec(d.Backend, build)
	if err != nil {
		t.Fatal(err)
	}
	defer exec.Finalize()
	args := make([]any, len(inputs))
	for i, in := range inputs {
		args[i] = in
	}
	results, err := exec.Call(args...)
	if err != nil {
		t.Fatal(err)
	}
	out := make([][]float32, len(results))
	for i, r := range results {
		out[i] = tensors.MustCopyFlatData[float32](r)
	}
	return out
}

// Deviation is the largest difference between entries of two arrays, in units of
// want's largest entry: +Inf where lengths differ or got is not a number, and
// where want is all zeros and got is not.
func Deviation(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst, scale := 0.0, 0.0
	for i := range want {
		difference := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(difference) {
			return math.Inf(1)
		}
		worst = max(worst, difference)
		scale = max(scale, math.Abs(float64(want[i])))
	}
	if worst == 0 {
		return 0
	}
	return worst / scale
}

// Check is an error if got deviates from want by more than the tolerance. Every
// deviation is logged, so that
//
//	go test -v ./bench/... | grep parity:
//
// lists them all.
func Check(t testing.TB, what string, got, want []float32, tolerance float64) {
	t.Helper()
	worst := NewWorst(what, tolerance)
	worst.Add(t, "", got, want)
	worst.Log(t)
}

// Worst keeps the largest deviation of several arrays that are checked alike, as
// the gradients of all parameters.
type Worst struct {
	what      string
	tolerance float64
	deviation float64
	where     string
	count     int
}

// NewWorst returns the check of a group of arrays.
func NewWorst(what string, tolerance float64) *Worst { return &Worst{what: what, tolerance: tolerance} }

// Add checks one array of the group, as Check does.
func (w *Worst) Add(t testing.TB, name string, got, want []float32) {
	t.Helper()
	w.count++
	deviation := Deviation(got, want)
	if deviation >= w.deviation {
		w.deviation, w.where = deviation, name
	}
	if deviation > w.tolerance {
		t.Errorf("%s %s deviates by %.2g of its largest entry (%d and %d entries), want at most %.0e",
			w.what, name, deviation, len(got), len(want), w.tolerance)
	}
}

// Log writes the line that Check describes. A group without arrays is an error.
func (w *Worst) Log(t testing.TB) {
	t.Helper()
	if w.count == 0 {
		t.Errorf("%s: nothing was checked", w.what)
	}
	where := ""
	if w.count > 1 {
		where = fmt.Sprintf(" (%s, the worst of %d)", w.where, w.count)
	}
	t.Logf("parity: %s: %s: %.1e, allowed %.0e%s", t.Name(), w.what, w.deviation, w.tolerance, where)
}
