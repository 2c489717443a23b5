package layer_test

import (
	"fmt"

	. "github.com/gomlx/gomlx/core/graph"

	"trainbench/bench/backend"
	"trainbench/bench/layer"
)

// The gradient of (ReLU(x) + x)^2 at 3, by hand for ReLU and the sum, and by GoMLX
// for the square.
func ExampleTape() {
	device, err := backend.Open("go", backend.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	gradient := MustNewExec(device.Backend, func(x *Node) *Node {
		tape := &layer.Tape{}
		v := tape.Parameter(x)
		y := tape.Auto(func(in []*Node) *Node { return Square(in[0]) }, tape.Add(tape.ReLU(v), v))
		tape.Backward(y, OnesLike(y.Node))
		return v.Gradient()
	})
	defer gradient.Finalize()
	fmt.Println(gradient.MustCall(float32(3))[0].Value())
	// Output: 24
}
