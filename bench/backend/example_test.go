package backend_test

import (
	"fmt"

	"trainbench/bench/backend"
)

// Auto is an accelerator, else XLA on the CPU, else pure Go, which is always there.
func ExampleOpen() {
	d, err := backend.Open(backend.Go, backend.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Name, d.Plugin == "")
	_, err = backend.Open("xla:/nowhere/plugin.so", backend.Options{})
	fmt.Println("a plugin that is not there:", err != nil)
	// Output:
	// go true
	// a plugin that is not there: true
}
