package dataset

import (
	"archive/tar"
	"bytes"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadArchive(t *testing.T) {
	in := func(folder string, members []member) []member {
		out := slices.Clone(members)
		for i := range out {
			out[i].name = folder + out[i].name
		}
		return out
	}
	reversed := slices.Clone(tinyMembers())
	slices.Reverse(reversed)
	tests := []struct {
		why     string
		members []member
		want    string // error; "" for none
	}{
		{"the official form", append([]member{{name: "tiny-bin/", kind: tar.TypeDir}}, in("tiny-bin/", tinyMembers())...), ""},
		{"made with tar czf X.tar.gz .", in("./", tinyMembers()), ""},
		{"nothing is written, so that a path can do no harm", in("/../../etc/", tinyMembers()), ""},
		{"members come in any order", reversed, ""},
		{"a readme and the files that macOS adds are passed over",
			append([]member{{name: "readme.html", data: []byte("hi")}, {name: "._a.bin", data: recordA0}}, tinyMembers()...), ""},
		{"a folder of a file's name is no file", append([]member{{name: "a.bin/", kind: tar.TypeDir}}, tinyMembers()...), ""},

		{"a part is not there", without(tinyMembers(), "b.bin"), "tiny: X has no b.bin" + again},
		{"an empty archive", nil, "tiny: X has no a.bin, b.bin, t.bin" + again},
		{"which of the two would count?", append(tinyMembers(), in("copy/", tinyMembers()[1:2])...),
			"tiny: X: b.bin is there a second time" + again},
		{"the rest of a name could do something to a terminal", append(tinyMembers(), member{name: "\x1b[2J/b.bin", data: recordB0}),
			"tiny: X: b.bin is there a second time" + again},
		{"an archive of symbolic links has no data", append([]member{{name: "a.bin", kind: tar.TypeSymlink}}, tinyMembers()...),
			"tiny: X: a.bin is not a file but of type '2'" + again},
		{"a hard link neither", append([]member{{name: "a.bin", kind: tar.TypeLink}}, tinyMembers()...),
			"tiny: X: a.bin is not a file but of type '1'" + again},
		{"a wrong size", replaced(tinyMembers(), "t.bin", recordT0[:7]),
			"tiny: X: t.bin has 7 bytes, not 8 (1 records of 8)" + again},
		{"a wrong label", replaced(tinyMembers(), "t.bin", []byte{0, 7, 0, 0, 0, 0, 0, 0}),
			"tiny: X: t.bin: record 0, byte 1: fine label 7, not in 0 to 2" + again},
		{"wrong names", replaced(tinyMembers(), "names.txt", []byte("ant")),
			"tiny: X: names.txt: 1 class names, not 3" + again},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got, err := readArchive(tiny(), "X", bytes.NewReader(gzipped(t, tarball(t, test.members))))
			if diff := cmp.Diff(test.want, errorString(err)); diff != "" {
				t.Fatalf("error (-want +got):\n%s", diff)
			}
			if err != nil {
				return
			}
			if diff := cmp.Diff(tinyData(), got); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadArchiveNotAnArchive(t *testing.T) {
	tests := []struct{ why, data, want string }{
		{"an empty file", "", "tiny: X: byte 0: unexpected EOF"},
		{"the page of a captive portal, saved under the archive's name", "<!DOCTYPE html>", "tiny: X: byte 10: gzip: invalid header"},
		{"no tar in it", string(gzipped(t, []byte(strings.Repeat("hello ", 200)))), "archive/tar: invalid tar header"},
		{"a tar without gzip", string(tarball(t, tinyMembers())), "gzip: invalid header"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := readArchive(tiny(), "X", strings.NewReader(test.data))
			if got := errorString(err); !strings.Contains(got, test.want) || !strings.HasSuffix(got, again) {
				t.Errorf("error %q, want one with %q", got, test.want)
			}
		})
	}
}

// TestDamagedArchive cuts an archive at every length and flips every bit of it:
// each time there must be an error or (in the time that gzip keeps, and in bits
// that only fill up bytes) the same data.
func TestDamagedArchive(t *testing.T) {
	whole := gzipped(t, tarball(t, tinyMembers()))
	for n := range whole {
		_, err := readArchive(tiny(), "X", bytes.NewReader(whole[:n]))
		if !strings.Contains(errorString(err), "byte ") || !strings.HasSuffix(errorString(err), again) {
			t.Errorf("first %d of %d bytes: error %q, want one with a byte offset and a way out", n, len(whole), errorString(err))
		}
	}
	for bit := range 8 * len(whole) {
		damaged := bytes.Clone(whole)
		damaged[bit/8] ^= 1 << (bit % 8)
		got, err := readArchive(tiny(), "X", bytes.NewReader(damaged))
		if err != nil {
			continue
		}
		if diff := cmp.Diff(tinyData(), got); diff != "" {
			t.Fatalf("bit %d flipped: data (-want +got):\n%s", bit, diff)
		}
	}
}

// TestBomb checks that archives which unpack to far more than the real ones are
// left alone early.
func TestBomb(t *testing.T) {
	zeros := make([]byte, 4*archiveSlack)
	tests := []struct {
		why  string
		data []byte
	}{
		{"a member that is passed over", gzipped(t, tarball(t, append([]member{{name: "zeros", data: zeros}}, tinyMembers()...)))},
		{"zeros after the archive's end", gzipped(t, append(tarball(t, tinyMembers()), zeros...))},
	}
	for _, test := range tests {
		_, err := readArchive(tiny(), "X", bytes.NewReader(test.data))
		if want := "unpacks to more than 1048608 bytes"; !strings.Contains(errorString(err), want) {
			t.Errorf("%s: error %q, want %q", test.why, errorString(err), want)
		}
	}
}

// TestNoMemoryBeforeSizes checks that a header alone, with a wrong size, does
// not make the reader take memory for images.
func TestNoMemoryBeforeSizes(t *testing.T) {
	var b bytes.Buffer
	if err := tar.NewWriter(&b).WriteHeader(&tar.Header{Name: "data_batch_1.bin", Mode: 0o644, Size: 1 << 40}); err != nil {
		t.Fatal(err)
	}
	archive := gzipped(t, b.Bytes())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := readArchive(cifar10(), "X", bytes.NewReader(archive))
	runtime.ReadMemStats(&after)
	if want := "has 1099511627776 bytes, not 30730000"; !strings.Contains(errorString(err), want) {
		t.Errorf("error %q, want %q", errorString(err), want)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
		t.Errorf("took %d bytes of memory for a header of %d", got, len(archive))
	}
}

// FuzzTar reads the bytes of an unpacked archive, whose headers are given right
// checksums first, or hardly one would be read.
func FuzzTar(f *testing.F) {
	f.Add(tarball(f, tinyMembers()))
	f.Add(tarball(f, without(tinyMembers(), "names.txt")))
	f.Add(tarball(f, append([]member{{name: "readme.html"}, {name: "a.bin", kind: tar.TypeSymlink}}, tinyMembers()...)))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = withChecksums(data)
		r := newReader(tiny())
		if err := r.readTar("X", bytes.NewReader(data)); err != nil {
			return
		}
		if d, err := r.finish("X"); err == nil {
			checkTiny(t, d)
		}
	})
}

// withChecksums returns a copy of a tar in which every header has the checksum
// that is right for it: the sum of its bytes, with the checksum as eight spaces.
func withChecksums(data []byte) []byte {
	data = bytes.Clone(data)
	for block := range slices.Chunk(data, 512) {
		if len(block) < 512 || string(block[257:262]) != "ustar" {
			continue
		}
		copy(block[148:156], "        ")
		sum := 0
		for _, b := range block {
			sum += int(b)
		}
		copy(block[148:156], fmt.Sprintf("%06o\x00 ", sum))
	}
	return data
}

// FuzzArchive reads the bytes of a packed archive.
func FuzzArchive(f *testing.F) {
	whole := gzipped(f, tarball(f, tinyMembers()))
	f.Add(whole)
	f.Add(whole[:len(whole)-9])
	f.Add(gzipped(f, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if d, err := readArchive(tiny(), "X", bytes.NewReader(data)); err == nil {
			checkTiny(t, d)
		}
	})
}

// checkTiny checks what holds for every data set of the layout tiny.
func checkTiny(t *testing.T, d *Dataset) {
	t.Helper()
	if len(d.Classes) != 3 || d.Train.Len() != 3 || d.Test.Len() != 1 {
		t.Fatalf("%d classes, %d and %d images, want 3, 3 and 1", len(d.Classes), d.Train.Len(), d.Test.Len())
	}
	for _, s := range []Split{d.Train, d.Test} {
		if want := s.Len() * s.imageSize(); len(s.Pixels) != want || s.imageSize() != 6 {
			t.Errorf("%d bytes of pixels, want %d", len(s.Pixels), want)
		}
		if err := checkLabels(s.Labels, 3); err != nil {
			t.Error(err)
		}
	}
	if want := hashSplits(d.Train, d.Test); d.SHA256 != want {
		t.Errorf("hash %s, want %s", d.SHA256, want)
	}
}
