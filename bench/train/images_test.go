package train

import (
	"testing"

	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// TestImages holds crops, flips and normalisation to torchvision's definitions,
// written down in NumPy: corners, edges and both directions of mirroring.
func TestImages(t *testing.T) {
	f := parity.Load(t, "images")
	data := experiment.Data{Mean: []float64{.4914, .4822, .4465}, Std: []float64{.247, .2435, .2616}, CropPadding: 2}
	pixels := parity.Bytes("images/pixels", 3*5*6*3)
	n := len(f.Ints("index"))
	centre := make([]int32, n) // the crop that gives the image back
	for i := range centre {
		centre[i] = int32(data.CropPadding | data.CropPadding<<8)
	}
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		out := parity.Run(t, d, func(in []*Node) []*Node {
			pixels, index, augment, centre := in[0], in[1], in[2], in[3]
			augmented := pickAugmented(pixels, index, augment, data)
			augmented.AssertDims(n, 5, 6, 3)
			return []*Node{augmented, pick(pixels, index, data), pickAugmented(pixels, index, centre, data)}
		}, tensors.FromFlatDataAndDimensions(pixels, 3, 5, 6, 3), f.Tensor("index"), f.Tensor("augment"), tensors.FromValue(centre))
		parity.Check(t, "augmented", out[0], f.Floats("want"), 1e-6)
		parity.Check(t, "normalised", out[1], f.Floats("normalised"), 1e-6)
		parity.Check(t, "cropped at the centre", out[2], out[1], 0)
	})
}

func TestMix(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		out := parity.Run(t, d, func(in []*Node) []*Node {
			return []*Node{mix(in[0], in[1], in[2])}
		}, tensors.FromValue([][]float32{{1, 2}, {10, 20}, {100, 200}}), tensors.FromValue([]int32{2, 1, 0}), tensors.FromScalar(float32(.75)))
		parity.Check(t, "mixed", out[0], []float32{25.75, 51.5, 10, 20, 75.25, 150.5}, 1e-7)
	})
}
