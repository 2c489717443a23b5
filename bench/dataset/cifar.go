package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A layout describes a data set in the binary distribution of CIFAR: files of
// records of one size, each some label bytes and the planes of an image.
type layout struct {
	name    string
	folder  string // what the archive unpacks to
	archive string // its official file name
	url     string // and address
	python  string // folder of the distribution that is often there in its place

	height, width, channels int
	labels                  []labelByte // before each image; the last one is the class
	classes                 []string    // if namesFile is not there
	namesFile               string      // class names, one a line
	train, test             []file
	duplicates              int // see Dataset
}

type labelByte struct {
	name  string
	count int // valid are 0 to count-1
}

type file struct {
	name    string
	records int
}

// files returns all files of records, members the names of these and of the file
// of class names.
func (l layout) files() []file { return slices.Concat(l.train, l.test) }

func (l layout) members() []string {
	var names []string
	for _, f := range l.files() {
		names = append(names, f.name)
	}
	return append(names, l.namesFile)
}

func (l layout) recordSize() int { return len(l.labels) + l.height*l.width*l.channels }

func (l layout) fileSize(f file) int64 { return int64(f.records) * int64(l.recordSize()) }

func cifar10() layout {
	return layout{
		name:    "cifar-10",
		folder:  "cifar-10-batches-bin",
		archive: "cifar-10-binary.tar.gz",
		url:     "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
		python:  "cifar-10-batches-py",
		height:  32, width: 32, channels: 3,
		labels:    []labelByte{{"label", 10}},
		classes:   strings.Fields(cifar10Classes),
		namesFile: "batches.meta.txt",
		train: []file{
			{"data_batch_1.bin", 10000}, {"data_batch_2.bin", 10000}, {"data_batch_3.bin", 10000},
			{"data_batch_4.bin", 10000}, {"data_batch_5.bin", 10000},
		},
		test: []file{{"test_batch.bin", 10000}},
	}
}

func cifar100() layout {
	return layout{
		name:    "cifar-100",
		folder:  "cifar-100-binary",
		archive: "cifar-100-binary.tar.gz",
		url:     "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
		python:  "cifar-100-python",
		height:  32, width: 32, channels: 3,
		labels:    []labelByte{{"coarse label", 20}, {"fine label", 100}},
		classes:   strings.Fields(cifar100Classes),
		namesFile: "fine_label_names.txt",
		train:     []file{{"train.bin", 50000}},
		test:      []file{{"test.bin", 10000}},

		duplicates: 10,
	}
}

// open finds the data in dir, in the order that Open promises, and reads it.
func (l layout) open(dir string) (*Dataset, error) {
	if dir == "" {
		return nil, fmt.Errorf("%s: no data folder given: %w; %s", l.name, fs.ErrNotExist, l.howToGet())
	}
	dir, err := filepath.Abs(dir) // an error must make sense in whatever folder it is read
	if err != nil {
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("%s: %s is not a folder; %s", l.name, dir, l.howToGet())
	}
	places := []struct {
		exists string // if this is there,
		path   string // read this
		read   func(layout, string) (*Dataset, error)
	}{
		{l.folder, l.folder, readFolder},
		{l.train[0].name, "", readFolder},
		{l.test[0].name, "", readFolder}, // the folder, with a part missing: readFolder says which
		{l.archive, l.archive, readArchiveFile},
	}
	for _, p := range places {
		_, err := os.Stat(filepath.Join(dir, p.exists))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		return p.read(l, filepath.Join(dir, p.path))
	}
	return nil, l.missing(dir)
}

func (l layout) missing(dir string) error {
	var hint string
	if _, err := os.Stat(filepath.Join(dir, l.python)); err == nil {
		hint = fmt.Sprintf(" (%s is the Python version, which is not read)", l.python)
	}
	if _, err := os.Stat(dir); err != nil {
		hint = " (there is no such folder)"
	}
	return fmt.Errorf("%s: %s or %s in %s%s: %w; %s", l.name, l.folder, l.archive, dir, hint, fs.ErrNotExist, l.howToGet())
}

func (l layout) howToGet() string {
	return fmt.Sprintf("get %s (%s), put it or the folder %s that it unpacks to into a folder DIR, and name that with -data DIR or TRAINBENCH_DATA=DIR",
		l.archive, l.url, l.folder)
}

// again says what to do about a damaged file.
func (l layout) again() string {
	return fmt.Sprintf("unpack %s again, or get it again from %s", l.archive, l.url)
}

// readFolder reads the unpacked distribution.
func readFolder(l layout, dir string) (*Dataset, error) {
	r := newReader(l)
	for _, name := range l.members() {
		err := r.openFile(filepath.Join(dir, name), name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return r.finish(dir) // which names all files that do not exist
}

// openFile reads the file at path as the member of the given name.
func (r *reader) openFile(path, name string) error {
	// Stat first: to open a named pipe could block for ever.
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("%s: %w", r.layout.name, err)
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %s is not a file; %s", r.layout.name, path, r.layout.again())
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("%s: %w", r.layout.name, err)
	}
	defer f.Close()
	return r.read(path, name, info.Size(), f)
}

const cifar10Classes = `airplane automobile bird cat deer dog frog horse ship truck`

const cifar100Classes = `
apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly
camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup
dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower
leopard lion lizard lobster man maple_tree motorcycle mountain mouse mushroom oak_tree orange
orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy porcupine possum rabbit
raccoon ray road rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel
streetcar sunflower sweet_pepper table tank telephone television tiger tractor train trout tulip
turtle wardrobe whale willow_tree wolf woman worm`
