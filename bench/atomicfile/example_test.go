package atomicfile_test

import (
	"fmt"
	"os"
	"path/filepath"

	"trainbench/bench/atomicfile"
)

// A file that is there whole or not at all, whatever happens while it is written.
func ExampleWrite() {
	dir, err := os.MkdirTemp("", "atomic")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tables", "skip.md")
	fmt.Println(atomicfile.Write(path, []byte("| resnet20 |\n")))
	text, err := os.ReadFile(path)
	fmt.Print(string(text), err)
	// Output:
	// <nil>
	// | resnet20 |
	// <nil>
}
