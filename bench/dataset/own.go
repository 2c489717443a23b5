package dataset

import (
	"errors"
	"fmt"
)

// New returns a dataset of the caller's, with its hash. The error lists what does
// not fit: splits of different shapes, pixels that are too few or too many for the
// labels, labels outside classes, a split without images.
func New(name string, classes []string, train, test Split) (*Dataset, error) {
	d := &Dataset{Name: name, Classes: classes, Train: train, Test: test}
	var errs []error
	if len(classes) < 2 {
		errs = append(errs, fmt.Errorf("%d classes: want at least 2", len(classes)))
	}
	if train.Height != test.Height || train.Width != test.Width || train.Channels != test.Channels {
		errs = append(errs, fmt.Errorf("images of %dx%dx%d to train on and of %dx%dx%d to test on: want one shape",
			train.Height, train.Width, train.Channels, test.Height, test.Width, test.Channels))
	}
	errs = append(errs, train.check("training", len(classes)), test.check("test", len(classes)))
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("dataset %s: %w", name, err)
	}
	d.SHA256 = hashSplits(train, test)
	return d, nil
}

func (s Split) check(what string, classes int) error {
	if s.Height < 1 || s.Width < 1 || s.Channels < 1 || s.Len() < 1 {
		return fmt.Errorf("%s split: %d images of %dx%dx%d: want at least 1 of everything", what, s.Len(), s.Height, s.Width, s.Channels)
	}
	if want := s.Len() * s.imageSize(); len(s.Pixels) != want {
		return fmt.Errorf("%s split: %d bytes of pixels for %d labels: want %d, %d an image", what, len(s.Pixels), s.Len(), want, s.imageSize())
	}
	for i, l := range s.Labels {
		if l < 0 || int(l) >= classes {
			return fmt.Errorf("%s split: image %d has label %d: want 0 to %d", what, i, l, classes-1)
		}
	}
	return nil
}
