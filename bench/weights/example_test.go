package weights_test

import (
	"bytes"
	"fmt"

	"trainbench/bench/weights"
)

// What is written is read again, by PyTorch too.
func ExampleWriteSafetensors() {
	arrays := []weights.Array{
		{Name: "linear.weight", Shape: []int{1, 2}, DType: weights.F32, Float32: []float32{.5, -1}},
		{Name: "bn1.num_batches_tracked", DType: weights.I64, Int64: []int64{391}},
	}
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, arrays, map[string]string{"seed": "42"}); err != nil {
		fmt.Println(err)
		return
	}
	set, err := weights.Read("resnet.safetensors", file.Bytes(), weights.DefaultLimits())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(set.Format, set.Names(), set.Metadata)
	linear, _ := set.Get("linear.weight")
	fmt.Println(linear.Shape, linear.Float32)
	// Output:
	// safetensors [linear.weight bn1.num_batches_tracked] map[seed:42]
	// [1 2] [0.5 -1]
}

// A file that is cut off, or hostile, is an error with the place in it.
func ExampleRead() {
	_, err := weights.Read("model.pt", []byte("PK\x03\x04 and no more"), weights.DefaultLimits())
	fmt.Println(err)
	// Output: weights: model.pt: byte 16: the directory at the end of the zip archive: zip: not a valid zip file; the file is damaged or cut off: download or copy it again
}
