package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The parts of pickles written by hand.
const (
	ordered = "ccollections\nOrderedDict\n"
	rebuild = "ctorch._utils\n_rebuild_tensor\n"
)

// text returns the opcode that pushes s.
func text(s string) string { return "\x8c" + string(rune(len(s))) + s }

// floats returns the opcodes that push a storage of n float32 numbers.
func floats(key string, n byte) string {
	return "(" + text("storage") + "ctorch\nFloatStorage\n" + text(key) + text("cpu") + "K" + string([]byte{n}) + "tQ"
}

// tensorOf returns the opcodes that push a tensor of a storage, by those of its
// offset, shape and strides.
func tensorOf(storage, offset, shape, strides string) string {
	return rebuild + "(" + storage + offset + shape + strides + "tR"
}

// legacyFile returns a file in the legacy format with the given object, keys and
// what follows them.
func legacyFile(object, keys string, storages ...string) []byte {
	return []byte("\x80\x02\x8a\x0a" + magic + ".\x80\x02M\xe9\x03.\x80\x02}." + object + "." + keys + "." + strings.Join(storages, ""))
}

// numbers returns a storage of n float32 zeros as the legacy format has it.
func numbers(n int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(n))) + strings.Repeat("\x00", 4*n)
}

// TestLegacyPickles runs pickles that PyTorch does not write today, or never.
func TestLegacyPickles(t *testing.T) {
	w := tensorOf(floats("k", 4), "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86")
	keys, four := "]"+text("k")+"a", numbers(4)
	with := func(offset, shape, strides string) string {
		return "}" + text("w") + tensorOf(floats("k", 4), offset, shape, strides) + "s"
	}
	huge := "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f" // 2^63 - 1
	tests := []struct {
		why, object, keys string
		storages          []string
		want              string // "" for the 2x2 array w
	}{
		{"a dict of a tensor", "}" + text("w") + w + "s", keys, []string{four}, ""},
		{"Python 2 pickled an OrderedDict as a list of lists", ordered + "]](U\x01w" + w + "ea\x85R", keys, []string{four}, ""},
		{"nested deeper than is followed", strings.Repeat("}"+text("model"), 6) + "}" + strings.Repeat("s", 6), "]", nil, "no arrays"},
		{"a dict that holds itself", "}q\x00" + text("model") + "h\x00s", "]", nil, "no arrays"},
		{"a name twice, of which Python would keep the last", "}(" + text("w") + w + text("w") + w + "u", keys, []string{four}, "two arrays"},
		{"a list", "]" + w + "a", keys, []string{four}, "a list and no dict"},
		{"one tensor", w, keys, []string{four}, "a tensor and no dict"},
		{"entries but no array", "}" + text("epoch") + "K\x01s", "]", nil, `"epoch"`},

		{"a negative length", with("K\x00", "J\xff\xff\xff\xffK\x02\x86", "K\x02K\x01\x86"), keys, []string{four}, "is none"},
		{"a product beyond 64 bits", with("K\x00", huge+huge+"\x86", "K\x00K\x00\x86"), keys, []string{four}, "more numbers than fit"},
		{"expanding 4 numbers to 2^63-1", with("K\x00", huge+"\x85", "K\x00\x85"), keys, []string{four}, ".clone()"},
		{"expanding 4 numbers to more than 16 times the file", with("K\x00", "M\x00\x04\x85", "K\x00\x85"), keys, []string{four}, ".clone()"},
		{"a number too far", with("K\x00", "K\x05\x85", "K\x01\x85"), keys, []string{four}, "leaves its storage of 4"},
		{"an offset too far", with("K\x01", "K\x04\x85", "K\x01\x85"), keys, []string{four}, "leaves its storage"},
		{"a negative offset", with("J\xff\xff\xff\xff", "K\x01\x85", "K\x01\x85"), keys, []string{four}, "leaves its storage"},
		{"a negative stride", with("K\x03", "K\x02\x85", "J\xff\xff\xff\xff\x85"), keys, []string{four}, "leaves its storage"},
		{"strides whose sum overflows", with("K\x00", "K\x02K\x02K\x02\x87", huge+huge+huge+"\x87"), keys, []string{four}, "leaves its storage"},
		{"fewer strides than lengths", with("K\x00", "K\x02K\x02\x86", "K\x01\x85"), keys, []string{four}, "2 dimensions with 1 strides"},
		{"a length that is no int", with("K\x00", "N\x85", "K\x01\x85"), keys, []string{four}, "not ints"},
		{"65 dimensions", with("K\x00", "("+strings.Repeat("K\x01", 65)+"t", "("+strings.Repeat("K\x01", 65)+"t"), keys, []string{four}, "65 dimensions"},

		{"a storage that is not there", "}" + text("w") + w + "s", "]", nil, "not in the file"},
		{"a storage that no tensor uses", "}", keys, []string{four}, "twice or not used"},
		{"a storage listed twice", "}" + text("w") + w + "s", "](" + text("k") + text("k") + "e", []string{four, four}, "twice or not used"},
		{"a storage of another length", "}" + text("w") + w + "s", keys, []string{numbers(5)}, "length 5 here and 4"},
		{"a storage cut off", "}" + text("w") + w + "s", keys, []string{four[:20]}, "20 are left"},
		{"bytes behind the storages", "}" + text("w") + w + "s", keys, []string{four, "x"}, "1 bytes follow"},
		{"no list of keys", "}", "}", nil, "no list of storages"},
		{"one storage with two lengths", "}(" + text("v") + floats("k", 3) + text("w") + w + "u", keys, []string{four}, "elsewhere 3"},

		{"a view of a storage, as before PyTorch 0.4", "(" + text("storage") + "ctorch\nFloatStorage\n" + text("k") + text("cpu") + "K\x04)tQ", "]", nil, "a whole storage"},
		{"a reference to a module", text("module") + "\x85Q", "]", nil, "a whole storage"},
		{"a storage of a class that is none", "(" + text("storage") + ordered + text("k") + text("cpu") + "K\x04tQ", "]", nil, "no class"},
		{"a bare class", "}" + text("w") + "ctorch\nFloatStorage\ns", "]", nil, "no arrays"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s, err := Read("f.pt", legacyFile(test.object, test.keys, test.storages...), DefaultLimits())
			if test.want != "" {
				wantError(t, err, []string{"f.pt", test.want})
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			want := []Array{{Name: "w", Shape: []int{2, 2}, DType: F32, Float32: make([]float32, 4)}}
			if diff := cmp.Diff(want, s.Arrays); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestShapes reads tensors of unusual shapes, of a storage of 0, 1, 2, 3.
func TestShapes(t *testing.T) {
	huge := "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f"
	tests := []struct {
		why, offset, shape, strides string
		want                        Array
	}{
		{"a length of 1 makes its stride mean nothing", "K\x01", "K\x01K\x02\x86", huge + "K\x01\x86", Array{Shape: []int{1, 2}, Float32: []float32{1, 2}}},
		{"no numbers need no storage", "K\x04", "M\xff\xffK\x00\x86", huge + huge + "\x86", Array{Shape: []int{65535, 0}, Float32: []float32{}}},
		{"a scalar is the number at the offset", "K\x03", ")", ")", Array{Shape: []int{}, Float32: []float32{3}}},
		{"columns before rows", "K\x00", "K\x02K\x02\x86", "K\x01K\x02\x86", Array{Shape: []int{2, 2}, Float32: []float32{0, 2, 1, 3}}},
		{"a number many times", "K\x02", "K\x03\x85", "K\x00\x85", Array{Shape: []int{3}, Float32: []float32{2, 2, 2}}},
	}
	var storage []byte
	for _, x := range []float32{0, 1, 2, 3} {
		storage = binary.LittleEndian.AppendUint32(storage, math.Float32bits(x))
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			object := "}" + text("w") + tensorOf(floats("k", 4), test.offset, test.shape, test.strides) + "s"
			s, err := Read("f.pt", legacyFile(object, "]"+text("k")+"a", "\x04\x00\x00\x00\x00\x00\x00\x00"+string(storage)), DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			test.want.Name, test.want.DType = "w", F32
			if diff := cmp.Diff([]Array{test.want}, s.Arrays); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// zipRecord is a record of a zip archive to be written.
type zipRecord struct {
	name, data string
	method     uint16
}

func zipFileOf(t testing.TB, records ...zipRecord) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, r := range records {
		w, err := z.CreateHeader(&zip.FileHeader{Name: r.name, Method: r.method})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(r.data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestZip(t *testing.T) {
	w := "}" + text("w") + tensorOf(floats("0", 4), "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86") + "s."
	pkl := zipRecord{"a/data.pkl", w, zip.Store}
	storage := zipRecord{"a/data/0", strings.Repeat("\x00", 16), zip.Store}
	tests := []struct {
		why     string
		records []zipRecord
		want    string
	}{
		{"the least that there must be", []zipRecord{pkl, storage}, ""},
		{"a big-endian file", []zipRecord{pkl, storage, {"a/byteorder", "big", zip.Store}}, `"big"-endian`},
		{"TorchScript", []zipRecord{pkl, storage, {"a/constants.pkl", "", zip.Store}}, "TorchScript"},
		{"some other archive", []zipRecord{storage}, `no record "data.pkl"`},
		{"no storage", []zipRecord{pkl}, `no record "data/0"`},
		{"a short storage", []zipRecord{pkl, {"a/data/0", "1234", zip.Store}}, "4 bytes and should have 16"},
		{"a record twice", []zipRecord{pkl, storage, storage}, "two records"},
		{"a compressed storage could be of any size", []zipRecord{pkl, {"a/data/0", strings.Repeat("\x00", 16), zip.Deflate}}, "compressed"},
		{"a compressed pickle too", []zipRecord{{"a/data.pkl", w, zip.Deflate}, storage}, "compressed"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s, err := Read("f.pt", zipFileOf(t, test.records...), DefaultLimits())
			if test.want != "" {
				wantError(t, err, []string{"f.pt", test.want})
			} else if err != nil {
				t.Error(err)
			} else if diff := cmp.Diff([]string{"w"}, s.Names()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestKinds holds the names that errors give to values.
func TestKinds(t *testing.T) {
	var got []string
	for _, v := range []any{nil, &tensor{}, &list{}, &dict{}, tuple{}, 1.5} {
		got = append(got, kind(v))
	}
	want := "[None a tensor a list a dict a tuple a single value]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
