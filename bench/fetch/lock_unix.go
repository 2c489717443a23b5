//go:build unix && !solaris && !aix

package fetch

import (
	"os"
	"syscall"
)

// lock locks a file for this process, or fails at once. Closing unlocks.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}
