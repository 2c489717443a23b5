package backend

import "runtime"

// Versions returns the version of Go and of the modules that compute. A test
// binary does not know its modules' versions, so they stand here; a test holds
// them to go.mod.
func Versions() map[string]string {
	return map[string]string{
		"go":                       runtime.Version(),
		"github.com/gomlx/gomlx":   "v0.28.2",
		"github.com/gomlx/compute": "v0.1.2",
		"github.com/gomlx/go-xla":  "v0.4.1",
	}
}
