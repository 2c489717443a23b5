//go:build unix

package bench

import (
	"runtime"
	"syscall"
)

// peakBytes is the most memory that this process has held, 0 if unknown.
func peakBytes() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss) // in bytes there, elsewhere in KiB
	}
	return int64(usage.Maxrss) * 1024
}
