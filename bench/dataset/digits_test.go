package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDigits pins the embedded file and the split of it: smoke baselines rest on
// both.
func TestDigits(t *testing.T) {
	sum := sha256.Sum256([]byte(digitsFile))
	if diff := cmp.Diff("09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22", hex.EncodeToString(sum[:])); diff != "" {
		t.Fatalf("digits.csv.gz is not the file that DIGITS.md describes (-want +got):\n%s", diff)
	}
	d, err := Open("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	type facts struct {
		Name, Classes, SHA256  string
		TrainCounts, TestCount []int
		Shape                  [3]int
		Overlap                []Pair
	}
	want := facts{
		Name:        "digits",
		Classes:     "0 1 2 3 4 5 6 7 8 9",
		SHA256:      "c10c3cb2659fb63f942a2a5de0fa5b4ad195e2f242433a71118acc1e6161304c",
		TrainCounts: []int{120, 120, 120, 120, 120, 120, 120, 120, 120, 120},
		TestCount:   []int{58, 62, 57, 63, 61, 62, 61, 59, 54, 60},
		Shape:       [3]int{8, 8, 1},
	}
	got := facts{
		Name:        d.Name,
		Classes:     strings.Join(d.Classes, " "),
		SHA256:      d.SHA256,
		TrainCounts: Counts(d.Train.Labels, 10),
		TestCount:   Counts(d.Test.Labels, 10),
		Shape:       [3]int{d.Train.Height, d.Train.Width, d.Train.Channels},
		Overlap:     Overlap(d.Train, d.Test),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("digits (-want +got):\n%s", diff)
	}
}

func TestReadDigits(t *testing.T) {
	line := func(label string, pixels ...string) string {
		for len(pixels) < 64 {
			pixels = append(pixels, "0")
		}
		return strings.Join(append(pixels, label), ",") + "\n"
	}
	tests := []struct{ name, text, want string }{
		{"good", line("3", "16") + line("9"), ""},
		{"pixel too large", line("1") + line("1", "0", "17"), `line 2, field 2: "17", not a number in 0 to 16`},
		{"negative pixel", line("1", "-1"), `line 1, field 1: "-1", not a number in 0 to 16`},
		{"no such digit", line("10"), `line 1, field 65: "10", not a number in 0 to 9`},
		{"not a number", line("x"), `line 1, field 65: "x", not a number in 0 to 9`},
		{"short line", "1,2,3\n", "record on line 1: wrong number of fields"},
	}
	for _, test := range tests {
		s, err := readDigits(strings.NewReader(string(gzipped(t, []byte(test.text)))))
		if diff := cmp.Diff(test.want, errorString(err)); diff != "" {
			t.Errorf("%s: error (-want +got):\n%s", test.name, diff)
		}
		if err == nil && (s.Len() != 2 || len(s.Pixels) != 128 || s.Pixels[0] != 255 || s.Labels[1] != 9) {
			t.Errorf("%s: read %v", test.name, s)
		}
	}
	var levels []string
	for v := range 17 {
		levels = append(levels, strconv.Itoa(v))
	}
	s, err := readDigits(strings.NewReader(string(gzipped(t, []byte(line("0", levels...))))))
	if err != nil {
		t.Fatal(err)
	}
	for v := range 17 {
		if want := byte(math.Round(float64(v) * 255 / 16)); s.Pixels[v] != want {
			t.Errorf("level %d became %d, want %d", v, s.Pixels[v], want)
		}
	}
}

// FuzzDigits reads CSV that is packed after it was changed.
func FuzzDigits(f *testing.F) {
	line := strings.Repeat("7,", 64) + "3\n"
	f.Add([]byte(line + line))
	f.Add([]byte("\"1\n\"," + line))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := readDigits(bytes.NewReader(gzipped(t, data)))
		if err != nil {
			return
		}
		if len(s.Pixels) != 64*len(s.Labels) {
			t.Errorf("%d pixels of %d images", len(s.Pixels), len(s.Labels))
		}
		if err := checkLabels(s.Labels, 10); err != nil {
			t.Error(err)
		}
	})
}
