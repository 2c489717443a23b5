package train

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/experiment"
)

// pick returns images of a dataset, [b, h, w, c] 32-bit floats normalised with
// the mean and standard deviation of each channel: pixels [n, h, w, c] bytes,
// index [b] integers.
func pick(pixels, index *Node, d experiment.Data) *Node {
	images := Gather(pixels, ExpandAxes(index, -1))
	return normalise(ConvertDType(images, dtypes.Float32), d)
}

// pickAugmented is pick with the crops and flips of a batch.Plan: augment [b]
// integers. As in torchvision, an image is padded with black, cropped, then
// flipped, and normalised last.
func pickAugmented(pixels, index, augment *Node, d experiment.Data) *Node {
	g := pixels.Graph()
	dims := pixels.Shape().Dimensions
	n, h, w, c := dims[0], dims[1], dims[2], dims[3]
	b := index.Shape().Dimensions[0]
	number := func(v int) *Node { return Scalar(g, dtypes.Int32, v) }
	byteAt := func(shift int) *Node {
		return BitwiseAnd(BitwiseShiftRightLogicalScalar(augment, int32(shift)), number(0xff))
	}
	top := Reshape(SubScalar(byteAt(0), int32(d.CropPadding)), b, 1, 1)
	left := Reshape(SubScalar(byteAt(8), int32(d.CropPadding)), b, 1, 1)
	mirror := BroadcastToDims(Reshape(GreaterThan(byteAt(16), number(0)), b, 1, 1), b, h, w)

	full := shapes.Make(dtypes.Int32, b, h, w)
	column := Iota(g, full, 2)
	column = Add(Where(mirror, Sub(number(w-1), column), column), BroadcastToDims(left, b, h, w))
	line := Add(Iota(g, full, 1), BroadcastToDims(top, b, h, w))
	inside := LogicalAnd(within(line, h), within(column, w))

	origin := BroadcastToDims(Reshape(Mul(index, number(h*w)), b, 1, 1), b, h, w)
	place := Where(inside, Add(origin, Add(Mul(line, number(w)), column)), ZerosLike(origin))
	images := Gather(Reshape(pixels, n*h*w, c), ExpandAxes(place, -1))
	black := BroadcastToDims(ExpandAxes(inside, -1), b, h, w, c)
	images = ConvertDType(images, dtypes.Float32)
	return normalise(Where(black, images, ZerosLike(images)), d)
}

// within reports where 0 <= x < limit.
func within(x *Node, limit int) *Node {
	g := x.Graph()
	return LogicalAnd(GreaterOrEqual(x, Scalar(g, dtypes.Int32, 0)), LessThan(x, Scalar(g, dtypes.Int32, limit)))
}

// normalise maps bytes to (byte/255 - mean) / std.
func normalise(images *Node, d experiment.Data) *Node {
	scale, shift := make([]float32, len(d.Mean)), make([]float32, len(d.Mean))
	for i := range d.Mean {
		scale[i] = float32(1 / (255 * d.Std[i]))
		shift[i] = float32(-d.Mean[i] / d.Std[i])
	}
	g := images.Graph()
	return Add(Mul(images, Reshape(Const(g, scale), 1, 1, 1, -1)), Reshape(Const(g, shift), 1, 1, 1, -1))
}

// mix returns lambda x + (1-lambda) x[partner]: x [b, ...], partner [b], lambda
// scalar.
func mix(x, partner, lambda *Node) *Node {
	return Add(Mul(x, lambda), Mul(Gather(x, ExpandAxes(partner, -1)), OneMinus(lambda)))
}
