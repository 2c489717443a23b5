package dataset

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"testing"
)

// tiny is a layout with everything that the real ones have, in a few bytes: two
// training files, two label bytes, three channels, images that are not square.
func tiny() layout {
	return layout{
		name:    "tiny",
		folder:  "tiny-bin",
		archive: "tiny.tar.gz",
		url:     "https://example.com/tiny.tar.gz",
		python:  "tiny-py",
		height:  1, width: 2, channels: 3,
		labels:    []labelByte{{"coarse label", 2}, {"fine label", 3}},
		classes:   []string{"x", "y", "z"},
		namesFile: "names.txt",
		train:     []file{{"a.bin", 2}, {"b.bin", 1}},
		test:      []file{{"t.bin", 1}},
	}
}

// A record of tiny is coarse label, fine label, two bytes each of red, green
// and blue.
var (
	recordA0 = []byte{0, 2, 10, 11, 20, 21, 30, 31}
	recordA1 = []byte{1, 0, 12, 13, 22, 23, 32, 33}
	recordB0 = []byte{1, 1, 14, 15, 24, 25, 34, 35}
	recordT0 = []byte{0, 2, 16, 17, 26, 27, 36, 37}
)

// tinyData is what the files of tinyMembers hold.
func tinyData() *Dataset {
	d := &Dataset{
		Name:    "tiny",
		Classes: []string{"ant", "bee", "cat"},
		Train: Split{
			Height: 1, Width: 2, Channels: 3,
			Pixels: []byte{10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23, 33, 14, 24, 34, 15, 25, 35},
			Labels: []int32{2, 0, 1},
		},
		Test: Split{
			Height: 1, Width: 2, Channels: 3,
			Pixels: []byte{16, 26, 36, 17, 27, 37},
			Labels: []int32{2},
		},
	}
	d.SHA256 = hashSplits(d.Train, d.Test)
	return d
}

// A member is a file of a folder or an archive.
type member struct {
	name string
	data []byte
	kind byte // tar type; 0 is a file
}

func tinyMembers() []member {
	return []member{
		{name: "a.bin", data: bytes.Join([][]byte{recordA0, recordA1}, nil)},
		{name: "b.bin", data: recordB0},
		{name: "t.bin", data: recordT0},
		{name: "names.txt", data: []byte("ant\r\nbee\ncat\n\n")}, // the official lists end with a blank line
	}
}

// replaced returns members with one of them holding other data.
func replaced(members []member, name string, data []byte) []member {
	out := append([]member(nil), members...)
	for i := range out {
		if out[i].name == name {
			out[i].data = data
		}
	}
	return out
}

// without returns members without those of the given name.
func without(members []member, name string) []member {
	var out []member
	for _, m := range members {
		if m.name != name {
			out = append(out, m)
		}
	}
	return out
}

func writeFolder(t testing.TB, dir string, members []member) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		if err := os.WriteFile(filepath.Join(dir, m.name), m.data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func tarball(t testing.TB, members []member) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		h := &tar.Header{Name: m.name, Typeflag: m.kind, Mode: 0o644, Size: int64(len(m.data))}
		if m.kind != 0 && m.kind != tar.TypeReg {
			h.Size, h.Linkname = 0, "elsewhere"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write(m.data); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipped(t testing.TB, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func errorString(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
