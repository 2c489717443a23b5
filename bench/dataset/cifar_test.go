package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	again    = "; unpack tiny.tar.gz again, or get it again from https://example.com/tiny.tar.gz"
	howToGet = "; get tiny.tar.gz (https://example.com/tiny.tar.gz), put it or the folder tiny-bin that it unpacks to " +
		"into a folder DIR, and name that with -data DIR or TRAINBENCH_DATA=DIR"
)

// TestFind checks where the data is looked for: one row for each place that
// Open promises, and for what people have in their folders instead.
func TestFind(t *testing.T) {
	other := replaced(tinyMembers(), "t.bin", recordA0) // to see which of two was read
	tests := []struct {
		name  string
		setup func(t *testing.T, dir string)
		want  string // error, with the folder as DIR; "" for none
	}{
		{"folder inside", func(t *testing.T, dir string) {
			writeFolder(t, filepath.Join(dir, "tiny-bin"), tinyMembers())
		}, ""},
		{"the folder itself", func(t *testing.T, dir string) {
			writeFolder(t, dir, tinyMembers())
		}, ""},
		{"archive", func(t *testing.T, dir string) {
			writeFolder(t, dir, []member{{name: "tiny.tar.gz", data: gzipped(t, tarball(t, tinyMembers()))}})
		}, ""},
		{"folder wins over archive", func(t *testing.T, dir string) {
			writeFolder(t, filepath.Join(dir, "tiny-bin"), tinyMembers())
			writeFolder(t, dir, []member{{name: "tiny.tar.gz", data: gzipped(t, tarball(t, other))}})
		}, ""},
		{"symbolic links to folder and files", func(t *testing.T, dir string) {
			writeFolder(t, filepath.Join(dir, "real"), tinyMembers())
			symlink(t, "real", filepath.Join(dir, "links"))
			symlink(t, "links", filepath.Join(dir, "tiny-bin"))
			if err := os.Rename(filepath.Join(dir, "real/a.bin"), filepath.Join(dir, "a")); err != nil {
				t.Fatal(err)
			}
			symlink(t, "../a", filepath.Join(dir, "real/a.bin"))
		}, ""},
		{"nothing", func(*testing.T, string) {},
			"tiny: tiny-bin or tiny.tar.gz in DIR: file does not exist" + howToGet},
		{"no such folder", func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
		}, "tiny: tiny-bin or tiny.tar.gz in DIR (there is no such folder): file does not exist" + howToGet},
		{"the Python version, as torchvision unpacks it", func(t *testing.T, dir string) {
			writeFolder(t, filepath.Join(dir, "tiny-py"), nil)
		}, "tiny: tiny-bin or tiny.tar.gz in DIR (tiny-py is the Python version, which is not read): file does not exist" + howToGet},
		{"dir is a file", func(t *testing.T, dir string) {
			if err := os.Remove(dir); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(dir, nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}, "tiny: DIR is not a folder" + howToGet},
		{"half a folder is not passed over for the archive", func(t *testing.T, dir string) {
			writeFolder(t, filepath.Join(dir, "tiny-bin"), without(without(tinyMembers(), "a.bin"), "t.bin"))
			writeFolder(t, dir, []member{{name: "tiny.tar.gz", data: gzipped(t, tarball(t, other))}})
		}, "tiny: DIR/tiny-bin has no a.bin, t.bin" + again},
		{"half of the folder itself is not nothing", func(t *testing.T, dir string) {
			writeFolder(t, dir, without(without(tinyMembers(), "a.bin"), "b.bin"))
		}, "tiny: DIR has no a.bin, b.bin" + again},
		{"a folder in place of a file", func(t *testing.T, dir string) {
			writeFolder(t, filepath.Join(dir, "tiny-bin"), without(tinyMembers(), "b.bin"))
			writeFolder(t, filepath.Join(dir, "tiny-bin", "b.bin"), nil)
		}, "tiny: DIR/tiny-bin/b.bin is not a file" + again},
		{"a folder in place of the archive", func(t *testing.T, dir string) {
			writeFolder(t, filepath.Join(dir, "tiny.tar.gz"), nil)
		}, "tiny: DIR/tiny.tar.gz is not a file" + again},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			writeFolder(t, dir, nil)
			test.setup(t, dir)
			got, err := tiny().open(dir)
			message := filepath.ToSlash(strings.ReplaceAll(errorString(err), dir, "DIR"))
			if diff := cmp.Diff(test.want, message); diff != "" {
				t.Fatalf("error (-want +got):\n%s", diff)
			}
			if err != nil {
				// Callers may pass over data that is not there, never damaged data.
				missing := strings.Contains(message, "does not exist")
				if got := errors.Is(err, fs.ErrNotExist); got != missing {
					t.Errorf("errors.Is(err, fs.ErrNotExist) = %v, want %v", got, missing)
				}
				return
			}
			if diff := cmp.Diff(tinyData(), got); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
		})
	}
}

func symlink(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Skipf("this system makes no symbolic links: %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	tests := []struct{ name, dir, want string }{
		{"cifar10", "", `dataset "cifar10" is unknown; known are cifar-10, cifar-100 and digits`},
		{"cifar-10", "", "cifar-10: no data folder given: file does not exist; get cifar-10-binary.tar.gz " +
			"(https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz), put it or the folder cifar-10-batches-bin " +
			"that it unpacks to into a folder DIR, and name that with -data DIR or TRAINBENCH_DATA=DIR"},
		{"cifar-100", "", "cifar-100: no data folder given: file does not exist; get cifar-100-binary.tar.gz " +
			"(https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz), put it or the folder cifar-100-binary " +
			"that it unpacks to into a folder DIR, and name that with -data DIR or TRAINBENCH_DATA=DIR"},
	}
	for _, test := range tests {
		_, err := Open(test.name, test.dir)
		if diff := cmp.Diff(test.want, errorString(err)); diff != "" {
			t.Errorf("Open(%q, %q) error (-want +got):\n%s", test.name, test.dir, diff)
		}
	}
}

// TestLayouts holds the official layouts to the sizes that the official page
// states.
func TestLayouts(t *testing.T) {
	tests := []struct {
		layout               layout
		classes, record      int
		trainBytes, testSize int64
	}{
		{cifar10(), 10, 3073, 5 * 30_730_000, 30_730_000},
		{cifar100(), 100, 3074, 153_700_000, 30_740_000},
	}
	for _, test := range tests {
		l := test.layout
		if len(l.classes) != test.classes || l.labels[len(l.labels)-1].count != test.classes {
			t.Errorf("%s: %d names, labels of %v, want %d classes", l.name, len(l.classes), l.labels, test.classes)
		}
		if !slices.IsSorted(l.classes) {
			t.Errorf("%s: class names are not in the official order, which is alphabetical", l.name)
		}
		if got := l.recordSize(); got != test.record {
			t.Errorf("%s: records of %d bytes, want %d", l.name, got, test.record)
		}
		var trainBytes int64
		for _, f := range l.train {
			trainBytes += l.fileSize(f)
		}
		if testSize := l.fileSize(l.test[0]); trainBytes != test.trainBytes || testSize != test.testSize {
			t.Errorf("%s: %d and %d bytes, want %d and %d", l.name, trainBytes, testSize, test.trainBytes, test.testSize)
		}
	}
}
