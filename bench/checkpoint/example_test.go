package checkpoint_test

import (
	"fmt"
	"os"
	"path/filepath"

	"trainbench/bench/checkpoint"
	"trainbench/bench/train"
)

// A training is interrupted after two epochs, and goes on in another process.
func ExampleFile() {
	dir, err := os.MkdirTemp("", "checkpoint")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	f := checkpoint.File{
		Path: filepath.Join(dir, "seed-42.checkpoint"),
		ID:   checkpoint.Identity{Experiment: "skip/resnet20", ConfigSHA256: "e5c926cb", Seed: 42},
	}
	if err := f.Save(&train.State{Epochs: 2, Curve: make([]train.Epoch, 2), Params: []float32{.5}, Velocity: []float32{0}}); err != nil {
		fmt.Println(err)
		return
	}
	s, problems := f.Load()
	fmt.Println(s.Epochs, s.Params, problems)

	f.ID.ConfigSHA256 = "00000000" // another recipe
	s, problems = f.Load()
	fmt.Println(s == nil, len(problems) > 0)
	// Output:
	// 2 [0.5] []
	// true true
}
