//go:build linux || darwin

package doctor

import (
	"path/filepath"
	"syscall"
)

// free returns the bytes that a user can write below dir, which need not exist.
func free(dir string) uint64 {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return 0
	}
	for {
		var s syscall.Statfs_t
		if syscall.Statfs(dir, &s) == nil {
			return s.Bavail * uint64(s.Bsize)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return 0
		}
		dir = parent
	}
}
