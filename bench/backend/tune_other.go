//go:build !linux

package bench

// tune does nothing: its settings are glibc's.
func tune(string) {}
