package train

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/layer"
	"trainbench/bench/model"
	"trainbench/bench/parity"
	"trainbench/bench/weights"
)

// TestPyTorchOpens: weights that were trained here, written as safetensors, give
// the same logits in PyTorch. It needs a Python with torch and safetensors, that of
// $TRAINBENCH_PYTHON or else python3.
func TestPyTorchOpens(t *testing.T) {
	python := os.Getenv("TRAINBENCH_PYTHON")
	if python == "" {
		python = "python3"
	}
	if out, err := exec.Command(python, "-c", "import torch, safetensors").CombinedOutput(); err != nil {
		t.Skipf("%s has no torch and safetensors (%v): set TRAINBENCH_PYTHON to one that does\n%s", python, err, out)
	}
	const count = 4
	images := parity.Formula("pytorch/images", count*stepSize*stepSize*3, 0, 1.7)
	f := parity.Load(t, "steps")
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		for _, test := range stepCases() {
			t.Run(test.name, func(t *testing.T) {
				_, w, net := tenSteps(t, d, f, test.name, test.exp)
				dir := t.TempDir()
				write := func(name string, arrays []weights.Array) string {
					var buf bytes.Buffer
					path := filepath.Join(dir, name)
					if err := weights.WriteSafetensors(&buf, arrays, nil); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(path, buf.Bytes(), 0o666); err != nil {
						t.Fatal(err)
					}
					return path
				}
				cmd := exec.Command(python, "-B", filepath.Join("..", "parity", "open.py"), test.name,
					write("weights.safetensors", net.ToTorch(w)),
					write("images.safetensors", []weights.Array{{
						Name: "images", DType: weights.F32, Shape: []int{count, stepSize, stepSize, 3}, Float32: images,
					}}))
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v\n%s", err, &stderr)
				}
				var want [][]float32
				if err := json.Unmarshal(out, &want); err != nil {
					t.Fatal(err)
				}
				parity.Check(t, "logits of weights written here", logits(t, d, net, w, images), slices.Concat(want...), parity.Values)
			})
		}
	})
}

// logits returns those of images in evaluation mode.
func logits(t *testing.T, d *backend.Device, net *model.Net, w model.Weights, images []float32) []float32 {
	params, stats := w.Flatten(net.Params), w.Flatten(net.Stats)
	return parity.Run(t, d, func(in []*Node) []*Node {
		p := &model.Pass{Tape: &layer.Tape{Matmul: d.Matmul, Vectors: d.Vectors}, Mode: model.Evaluation, Values: map[string]*layer.Value{}, Stats: model.Unpack(in[2], net.Stats)}
		for name, node := range model.Unpack(in[1], net.Params) {
			p.Values[name] = p.Tape.Input(node)
		}
		return []*Node{net.Forward(p, in[0]).Node}
	}, tensors.FromFlatDataAndDimensions(images, len(images)/(stepSize*stepSize*3), stepSize, stepSize, 3), vector(params), vector(stats))[0]
}
