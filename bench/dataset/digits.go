package dataset

import (
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:embed digits.csv.gz
var digitsFile string

const (
	digitsSide  = 8  // pixels
	digitsLevel = 16 // the largest value of a pixel in the file
	digitsTrain = 120
	digitsSeed  = 0
)

const digitsClasses = `0 1 2 3 4 5 6 7 8 9`

// openDigits splits the embedded digits: of each class 120 images, drawn with
// digitsSeed, are to train on, the others to test on, both in the order of the
// file.
func openDigits() (*Dataset, error) {
	all, err := readDigits(strings.NewReader(digitsFile))
	if err != nil {
		return nil, fmt.Errorf("embedded digits: %w", err)
	}
	classes := strings.Fields(digitsClasses)
	counts := make([]int, len(classes))
	for c := range counts {
		counts[c] = digitsTrain
	}
	train, err := draw(all.Labels, counts, "digits", digitsSeed)
	if err != nil {
		return nil, fmt.Errorf("embedded digits: %w", err)
	}
	d := &Dataset{
		Name:    "digits",
		Classes: classes,
		Train:   all.Subset(train),
		Test:    all.Subset(others(train, all.Len())),
	}
	d.SHA256 = hashSplits(d.Train, d.Test)
	return d, nil
}

// readDigits reads a gzipped CSV of one image a line: 64 pixels of 0 to 16, row
// by row, and the digit.
func readDigits(in io.Reader) (Split, error) {
	s := Split{Height: digitsSide, Width: digitsSide, Channels: 1}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return s, err
	}
	lines := csv.NewReader(unpacked)
	lines.FieldsPerRecord = digitsSide*digitsSide + 1
	lines.ReuseRecord = true
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		for i, field := range fields {
			limit := digitsLevel
			if i == digitsSide*digitsSide {
				limit = 9
			}
			v, err := strconv.Atoi(field)
			if err != nil || v < 0 || v > limit {
				return s, fmt.Errorf("line %d, field %d: %q, not a number in 0 to %d", s.Len()+1, i+1, field, limit)
			}
			if i == digitsSide*digitsSide {
				s.Labels = append(s.Labels, int32(v))
			} else {
				s.Pixels = append(s.Pixels, byte((v*255+digitsLevel/2)/digitsLevel)) // rounded
			}
		}
	}
}
