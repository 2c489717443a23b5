// Package dataset reads labelled image sets into memory and draws subsets of
// them: CIFAR-10 and CIFAR-100 in the official binary layout, from a folder or
// straight from the official .tar.gz, and a small set of real handwritten
// digits that is part of the program.
//
// Everything read is checked: the size of each file, the range of each label,
// the checksum of each archive. What is wrong is said with file, record and
// byte offset. Every set carries a hash of its images and labels, and every
// drawn index list can be hashed, so that a result can name the data that it
// came from.
//
// Draws depend on the labels, on what is asked for and on a seed, not on the
// machine or on the version of Go: see [Imbalanced] and [Holdout].
//
// The package does not download, does not write files, does not augment or
// normalise pixels ([Stats] gives what a normalisation needs) and reads no
// environment variable: the caller names the folder.
package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// A Dataset is a labelled image set in memory.
type Dataset struct {
	// Name is "cifar-10", "cifar-100", "digits", or that of a set of the caller's
	// ([New]).
	Name string
	// Classes are the class names; the index is the label.
	Classes []string
	// Train and Test have the same image shape.
	Train, Test Split
	// SHA256 is the hash, in hex, of shape, labels and pixels of both splits in
	// their order. It does not depend on whether they came from a folder or an
	// archive, nor on the class names.
	SHA256 string
	// Duplicates is how many test images are known to be in the training set too, as
	// 10 of CIFAR-100 are.
	Duplicates int
}

// A Split is a sequence of labelled images of one shape.
type Split struct {
	// Height and Width in pixels; Channels is 3 (red, green, blue) or 1.
	Height, Width, Channels int
	// Pixels holds Len()*Height*Width*Channels bytes: image after image, row by
	// row, the channels of a pixel side by side (NHWC).
	Pixels []byte
	// Labels has the class of each image, an index into Dataset.Classes.
	Labels []int32
}

// Open reads the data set of the given name.
//
// "digits" is embedded and needs no dir: 1,797 images of 8x8x1 in ten classes,
// 1,200 to train on (120 of each class) and 597 to test on (54 to 63 of each
// class), with pixels of 0..16 stretched to 0..255. DIGITS.md names its authors.
//
// "cifar-10" and "cifar-100" are 32x32x3, 50,000 and 10,000 images, and are
// looked for in dir, in this order: the unpacked folder (cifar-10-batches-bin,
// cifar-100-binary) inside dir; dir itself, if it is that folder; the official
// archive (cifar-10-binary.tar.gz, cifar-100-binary.tar.gz) inside dir, which
// is read as a stream and not unpacked. CIFAR-100 has its 100 fine labels. Open
// takes little more memory than the images do, which is 184 MB.
//
// If the data is not there, the error matches [io/fs.ErrNotExist] and says what
// to put where.
func Open(name, dir string) (*Dataset, error) {
	switch name {
	case "digits":
		return openDigits()
	case "cifar-10":
		return cifar10().open(dir)
	case "cifar-100":
		return cifar100().open(dir)
	}
	return nil, fmt.Errorf("dataset %q is unknown; known are cifar-10, cifar-100 and digits", name)
}

// ClassNames returns the names of the classes of a dataset that Open knows, by
// label, nil of others.
func ClassNames(name string) []string {
	switch name {
	case "digits":
		return strings.Fields(digitsClasses)
	case "cifar-10":
		return strings.Fields(cifar10Classes)
	case "cifar-100":
		return strings.Fields(cifar100Classes)
	}
	return nil
}

// SelectClasses returns a copy that keeps only the images of the given classes,
// in their order, relabelled: classes[0] becomes 0, classes[1] becomes 1, and so
// on. It is an error if a class does not exist or is given twice, or if none is.
func (d *Dataset) SelectClasses(classes []int) (*Dataset, error) {
	if len(classes) == 0 {
		return nil, fmt.Errorf("%s: no classes selected", d.Name)
	}
	relabel := make(map[int32]int32, len(classes))
	names := make([]string, len(classes))
	for i, c := range classes {
		if c < 0 || c >= len(d.Classes) {
			return nil, fmt.Errorf("%s: class %d selected, it has classes 0 to %d", d.Name, c, len(d.Classes)-1)
		}
		if _, twice := relabel[int32(c)]; twice {
			return nil, fmt.Errorf("%s: class %d selected twice", d.Name, c)
		}
		relabel[int32(c)] = int32(i)
		names[i] = d.Classes[c]
	}
	s := &Dataset{Name: d.Name, Duplicates: d.Duplicates, Classes: names, Train: d.Train.relabelled(relabel), Test: d.Test.relabelled(relabel)}
	s.SHA256 = hashSplits(s.Train, s.Test)
	return s, nil
}

// relabelled returns a copy of the images whose label is a key of to.
func (s Split) relabelled(to map[int32]int32) Split {
	var keep []int32
	for i, label := range s.Labels {
		if _, ok := to[label]; ok {
			keep = append(keep, int32(i))
		}
	}
	kept := s.Subset(keep)
	for i, label := range kept.Labels {
		kept.Labels[i] = to[label]
	}
	return kept
}

// Len returns the number of images.
func (s Split) Len() int { return len(s.Labels) }

// Subset returns a copy of the images at the given indices, in that order; an
// index may come more than once. Every index must be in [0, Len).
func (s Split) Subset(indices []int32) Split {
	sub := Split{
		Height: s.Height, Width: s.Width, Channels: s.Channels,
		Pixels: make([]byte, 0, len(indices)*s.imageSize()),
		Labels: make([]int32, 0, len(indices)),
	}
	for _, i := range indices {
		sub.Pixels = append(sub.Pixels, s.image(int(i))...)
		sub.Labels = append(sub.Labels, s.Labels[i])
	}
	return sub
}

func (s Split) imageSize() int { return s.Height * s.Width * s.Channels }

// image returns the pixels of image i, not a copy.
func (s Split) image(i int) []byte {
	n := s.imageSize()
	return s.Pixels[i*n : (i+1)*n]
}

// hashSplits hashes, for each split, the number of images, height, width and
// channels as little-endian uint32, the labels as the same, and the pixels.
func hashSplits(splits ...Split) string {
	h := sha256.New()
	h.Write([]byte("trainbench dataset 1\n"))
	for _, s := range splits {
		head := []int32{int32(s.Len()), int32(s.Height), int32(s.Width), int32(s.Channels)}
		h.Write(littleEndian(head))
		h.Write(littleEndian(s.Labels))
		h.Write(s.Pixels)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func littleEndian(values []int32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}
