package main

import (
	"os"
	"syscall"
)

// peak returns the greatest resident memory of an ended process and of those that
// it waited for, in bytes.
func peak(s *os.ProcessState) int64 {
	if usage, ok := s.SysUsage().(*syscall.Rusage); ok {
		return usage.Maxrss << 10
	}
	return 0
}
