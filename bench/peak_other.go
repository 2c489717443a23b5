//go:build !unix

package bench

// peakBytes is the most memory that this process has held, 0 if unknown.
func peakBytes() int64 { return 0 }
