package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxNamesFile = 64 << 10 // bytes; the official ones have less than 1 KiB

// A reader puts a Dataset together from the members of a layout, which may come
// in any order. It takes no memory for images before a member of the right name
// and size has come.
type reader struct {
	layout layout
	data   Dataset
	seen   map[string]bool
}

func newReader(l layout) *reader {
	return &reader{layout: l, seen: make(map[string]bool)}
}

// wants reports whether name is that of a member that the reader uses.
func (r *reader) wants(name string) bool {
	return slices.Contains(r.layout.members(), name)
}

// place returns the file called name, its split, and the index of its first
// image there. The split is nil if there is no such file.
func (r *reader) place(name string) (split *Split, f file, first int) {
	parts := []struct {
		split *Split
		files []file
	}{{&r.data.Train, r.layout.train}, {&r.data.Test, r.layout.test}}
	for _, part := range parts {
		first := 0
		for _, f := range part.files {
			if f.name == name {
				return part.split, f, first
			}
			first += f.records
		}
	}
	return nil, file{}, 0
}

// read reads a member, which must be one that the reader wants: size bytes of
// in. where says in errors which one it is.
func (r *reader) read(where, name string, size int64, in io.Reader) error {
	if r.seen[name] {
		return fmt.Errorf("%s: %s is there a second time; %s", r.layout.name, where, r.layout.again())
	}
	r.seen[name] = true
	if name == r.layout.namesFile {
		return r.readNames(where, size, in)
	}
	split, f, first := r.place(name)
	if want := r.layout.fileSize(f); size != want {
		return fmt.Errorf("%s: %s has %d bytes, not %d (%d records of %d); %s",
			r.layout.name, where, size, want, f.records, r.layout.recordSize(), r.layout.again())
	}
	r.allocate()
	if err := r.readRecords(split, first, f, in); err != nil {
		return fmt.Errorf("%s: %s: %w; %s", r.layout.name, where, err, r.layout.again())
	}
	return nil
}

// allocate takes the memory of both splits, once.
func (r *reader) allocate() {
	if r.data.Train.Pixels != nil {
		return
	}
	l := r.layout
	empty := func(files []file) Split {
		n := 0
		for _, f := range files {
			n += f.records
		}
		return Split{
			Height: l.height, Width: l.width, Channels: l.channels,
			Pixels: make([]byte, n*l.height*l.width*l.channels),
			Labels: make([]int32, n),
		}
	}
	r.data.Train, r.data.Test = empty(l.train), empty(l.test)
}

// readRecords reads the records of f into split, from image first on.
func (r *reader) readRecords(split *Split, first int, f file, in io.Reader) error {
	buffered := bufio.NewReaderSize(in, 256<<10)
	record := make([]byte, r.layout.recordSize())
	for i := range f.records {
		offset := i * len(record)
		if n, err := io.ReadFull(buffered, record); err != nil {
			return fmt.Errorf("record %d, byte %d: %w", i, offset+n, noEOF(err))
		}
		for b, label := range r.layout.labels {
			if int(record[b]) >= label.count {
				return fmt.Errorf("record %d, byte %d: %s %d, not in 0 to %d", i, offset+b, label.name, record[b], label.count-1)
			}
		}
		image := len(r.layout.labels)
		split.Labels[first+i] = int32(record[image-1])
		interleave(split.image(first+i), record[image:], split.Channels)
	}
	if _, err := buffered.ReadByte(); err != io.EOF {
		if err == nil {
			err = errors.New("more than the records")
		}
		return fmt.Errorf("byte %d: %w", r.layout.fileSize(f), err)
	}
	return nil
}

// noEOF turns the end of the input, where there must be more, into an error.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// interleave turns an image of one plane a channel (CHW) into one of one pixel
// after the other (HWC).
func interleave(dst, planes []byte, channels int) {
	n := len(dst) / channels
	for c := range channels {
		for i, v := range planes[c*n : (c+1)*n] {
			dst[i*channels+c] = v
		}
	}
}

// readNames reads class names, one a line; blank lines, which the official
// files end with, do not count.
func (r *reader) readNames(where string, size int64, in io.Reader) error {
	if size > maxNamesFile {
		return fmt.Errorf("%s: %s has %d bytes, too many for a list of class names; %s", r.layout.name, where, size, r.layout.again())
	}
	text, err := io.ReadAll(io.LimitReader(in, maxNamesFile))
	if err != nil {
		return fmt.Errorf("%s: %s: byte %d: %w; %s", r.layout.name, where, len(text), err, r.layout.again())
	}
	names, err := parseNames(string(text), len(r.layout.classes))
	if err != nil {
		return fmt.Errorf("%s: %s: %w; %s", r.layout.name, where, err, r.layout.again())
	}
	r.data.Classes = names
	return nil
}

func parseNames(text string, count int) ([]string, error) {
	var names []string
	lineOf := make(map[string]int)
	for i, line := range strings.Split(text, "\n") {
		name := strings.TrimSpace(line)
		if name == "" {
			continue
		}
		if !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			return nil, fmt.Errorf("line %d: %q is not a class name", i+1, name)
		}
		if first, twice := lineOf[name]; twice {
			return nil, fmt.Errorf("line %d: class name %q is on line %d already", i+1, name, first)
		}
		lineOf[name] = i + 1
		names = append(names, name)
	}
	if len(names) != count {
		return nil, fmt.Errorf("%d class names, not %d", len(names), count)
	}
	return names, nil
}

// finish returns the data set, or an error that names the members of source
// that have not come.
func (r *reader) finish(source string) (*Dataset, error) {
	var missing []string
	for _, f := range r.layout.files() {
		if !r.seen[f.name] {
			missing = append(missing, f.name)
		}
	}
	if missing != nil {
		return nil, fmt.Errorf("%s: %s has no %s; %s", r.layout.name, source, strings.Join(missing, ", "), r.layout.again())
	}
	d := r.data
	d.Name, d.Duplicates = r.layout.name, r.layout.duplicates
	if d.Classes == nil {
		d.Classes = r.layout.classes
	}
	d.SHA256 = hashSplits(d.Train, d.Test)
	return &d, nil
}
