//go:build !cgo

package backend

import "fmt"

// Plugins returns no names: XLA needs cgo.
func Plugins() []string { return nil }

func openXLA(plugin string, _ Options) (*Device, error) {
	return nil, fmt.Errorf("backend xla:%s: this program was built without cgo: install a C compiler and build with CGO_ENABLED=1", plugin)
}
