package dataset

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadFolderErrors(t *testing.T) {
	tests := []struct {
		why  string
		file string
		data []byte
		want string
	}{
		{"a download that broke off", "a.bin", append(bytes.Clone(recordA0), recordA1[:7]...),
			"DIR/a.bin has 15 bytes, not 16 (2 records of 8)"},
		{"records of another kind", "a.bin", make([]byte, 18),
			"DIR/a.bin has 18 bytes, not 16 (2 records of 8)"},
		{"an empty file", "t.bin", nil,
			"DIR/t.bin has 0 bytes, not 8 (1 records of 8)"},
		{"a label that is just too large, in the second record", "a.bin", append(bytes.Clone(recordA0), 1, 3, 0, 0, 0, 0, 0, 0),
			"DIR/a.bin: record 1, byte 9: fine label 3, not in 0 to 2"},
		{"the label byte that is not used is checked too", "b.bin", []byte{2, 0, 0, 0, 0, 0, 0, 0},
			"DIR/b.bin: record 0, byte 0: coarse label 2, not in 0 to 1"},
		{"a class name too few", "names.txt", []byte("ant\nbee\n"),
			"DIR/names.txt: 2 class names, not 3"},
		{"a class name too many", "names.txt", []byte("ant\nbee\ncat\ndog\n"),
			"DIR/names.txt: 4 class names, not 3"},
		{"two classes of one name could not be told apart in a table", "names.txt", []byte("ant\nbee\nant\n"),
			`DIR/names.txt: line 3: class name "ant" is on line 1 already`},
		{"names go to terminals", "names.txt", []byte("ant\nbee\n\x1b[31mcat\n"),
			`DIR/names.txt: line 3: "\x1b[31mcat" is not a class name`},
		{"names go to JSON, which is UTF-8", "names.txt", []byte("ant\nbee\nc\xe3t\n"),
			`DIR/names.txt: line 3: "c\xe3t" is not a class name`},
		{"a file of names that would fill the memory", "names.txt", bytes.Repeat([]byte("ant\n"), maxNamesFile),
			"DIR/names.txt has 262144 bytes, too many for a list of class names"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			dir := t.TempDir()
			writeFolder(t, dir, replaced(tinyMembers(), test.file, test.data))
			_, err := readFolder(tiny(), dir)
			got := filepath.ToSlash(strings.ReplaceAll(errorString(err), dir, "DIR"))
			if diff := cmp.Diff("tiny: "+test.want+again, got); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBuiltInNames(t *testing.T) {
	dir := t.TempDir()
	writeFolder(t, dir, without(tinyMembers(), "names.txt"))
	got, err := readFolder(tiny(), dir)
	if err != nil {
		t.Fatal(err)
	}
	want := tinyData()
	want.Classes = []string{"x", "y", "z"} // those of the layout; the hash is the same
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}

// TestReadDeclaredSize checks files that are not as long as they were said to
// be: a file that changes while it is read.
func TestReadDeclaredSize(t *testing.T) {
	tests := []struct {
		data []byte
		want string
	}{
		{recordB0, ""},
		{nil, "tiny: b: record 0, byte 0: unexpected EOF" + again},
		{recordB0[:5], "tiny: b: record 0, byte 5: unexpected EOF" + again},
		{append(bytes.Clone(recordB0), 0), "tiny: b: byte 8: more than the records" + again},
	}
	for _, test := range tests {
		err := newReader(tiny()).read("b", "b.bin", 8, bytes.NewReader(test.data))
		if diff := cmp.Diff(test.want, errorString(err)); diff != "" {
			t.Errorf("%d bytes: error (-want +got):\n%s", len(test.data), diff)
		}
	}
}

// FuzzRecords reads a file of any size and content: what is accepted must be
// exactly what the file holds.
func FuzzRecords(f *testing.F) {
	for _, m := range tinyMembers() {
		f.Add(m.data)
	}
	l := tiny()
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newReader(l)
		if err := r.read("a", "a.bin", int64(len(data)), bytes.NewReader(data)); err != nil {
			return
		}
		s := r.data.Train
		var back []byte
		for i := range l.train[0].records {
			coarse := data[i*l.recordSize()] // checked, but not kept
			if coarse > 1 || s.Labels[i] < 0 || s.Labels[i] > 2 {
				t.Fatalf("accepted labels %d, %d", coarse, s.Labels[i])
			}
			back = append(back, coarse, byte(s.Labels[i]))
			back = append(back, planes(s.image(i), s.Channels)...)
		}
		if diff := cmp.Diff(data, back); diff != "" {
			t.Errorf("records written back (-read +written):\n%s", diff)
		}
	})
}

// planes is the inverse of interleave.
func planes(image []byte, channels int) []byte {
	var out []byte
	for c := range channels {
		for i := c; i < len(image); i += channels {
			out = append(out, image[i])
		}
	}
	return out
}
