//go:build !linux

package backend

// Tune does nothing: its settings are glibc's.
func Tune(string) {}
