package dataset

import (
	"strings"
	"testing"
)

func TestNew(t *testing.T) {
	split := func(height int, pixels int, labels ...int32) Split {
		return Split{Height: height, Width: 2, Channels: 1, Pixels: make([]byte, pixels), Labels: labels}
	}
	classes := []string{"a", "b"}
	tests := []struct {
		why         string
		classes     []string
		train, test Split
		want        string // part of the error, empty for none
	}{
		{"two images of 2x2", classes, split(2, 8, 0, 1), split(2, 4, 1), ""},
		{"one class is no classification", classes[:1], split(2, 4, 0), split(2, 4, 0), "1 classes"},
		{"a net is built for one shape", classes, split(2, 4, 0), split(3, 6, 0), "want one shape"},
		{"a pixel is missing", classes, split(2, 7, 0, 1), split(2, 4, 0), "training split: 7 bytes"},
		{"labels count from 0", classes, split(2, 4, 0), split(2, 4, 2), "test split: image 0 has label 2"},
		{"nothing to test on", classes, split(2, 4, 0), split(2, 0), "test split: 0 images"},
		{"all that is wrong is said", classes[:1], split(2, 7, 0, 1), split(2, 4, 0), "training split"},
	}
	for _, test := range tests {
		d, err := New("own", test.classes, test.train, test.test)
		switch {
		case test.want == "" && (err != nil || d.SHA256 != hashSplits(test.train, test.test)):
			t.Errorf("%s: %+v, %v", test.why, d, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v does not say %q", test.why, err, test.want)
		}
	}
}
