package weights

import (
	"archive/zip"
	stdbytes "bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
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

// TestLiterals runs the opcodes of constants and of the memo.
func TestLiterals(t *testing.T) {
	tests := []struct {
		why, pickle string
		want        any
	}{
		{"None", "N.", nil},
		{"truth", "\x88.", true},
		{"an unsigned byte", "K\xff.", int64(255)},
		{"two unsigned bytes", "M\x01\x80.", int64(0x8001)},
		{"four signed bytes", "J\xfe\xff\xff\xff.", int64(-2)},
		{"a long of no bytes is zero", "\x8a\x00.", int64(0)},
		{"a long has the sign of its last byte", "\x8a\x02\x00\x80.", int64(-32768)},
		{"a long of 8 bytes fits", "\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", int64(math.MinInt64)},
		{"a longer one stays as it is", "\x8a\x09abcdefghi.", bytesValue("abcdefghi")},
		{"a float is big-endian", "G\x3f\xf8\x00\x00\x00\x00\x00\x00.", 1.5},
		{"a text", "X\x02\x00\x00\x00\xc3\xa4.", "ä"},
		{"a short text", "\x8c\x01a.", "a"},
		{"Python 2's texts", "T\x01\x00\x00\x00a.", "a"},
		{"bytes", "B\x01\x00\x00\x00\xff.", bytesValue("\xff")},
		{"a few bytes", "C\x01\xff.", bytesValue("\xff")},
		{"tuples of tuples", ")K\x01\x85\x86.", tuple{tuple(nil), tuple{int64(1)}}},
		{"far memo entries", "K\x01r\x00\x00\x01\x00K\x02j\x00\x00\x01\x00\x86.", tuple{int64(2), int64(1)}},
		{"a counted memo", "K\x01\x94h\x00\x86.", tuple{int64(1), int64(1)}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			u := &unpickler{file: []byte(test.pickle), end: len(test.pickle)}
			got, err := u.load()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestUnpickle has pickles that are wrong in themselves. Each error must say at
// which byte.
func TestUnpickle(t *testing.T) {
	tests := []struct{ why, pickle, want string }{
		{"a foreign global", "cos\nsystem\n.", `byte 0: global "os.system"`},
		{"the same by protocol 4", text("builtins") + text("eval") + "\x93.", `byte 16: global "builtins.eval"`},
		{"a harmless attribute of an allowed module is foreign too", "ctorch\nload\n.", `"torch.load"`},
		{"bytes in a storage's pickle are pickles again", "ctorch.storage\n_load_from_bytes\n.", `"torch.storage._load_from_bytes"`},
		{"a name across the allowed ones", "ctorch._utils\n_rebuild_tensor_v2.__globals__\n.", "_rebuild_tensor_v2.__globals__"},
		{"a long name is clipped", "c" + strings.Repeat("m", 1000) + "\nn\n.", `m..."`},
		{"a global without an end", "cos", "byte 0: the pickle wants"},
		{"making an instance", ordered + ")\x81.", "byte 26: pickle opcode 0x81"},
		{"protocol 0's way to call", "(ios\nsystem\n.", "byte 1: pickle opcode 0x69"},
		{"no opcode", "\xff.", "byte 0: pickle opcode 0xff"},
		{"a protocol to come", "\x80\x06.", "protocol 6"},
		{"calling what is no global", "})R.", "byte 2: the pickle calls"},
		{"calling with no tuple", ordered + "]R.", "calls what is no global"},
		{"arguments that are not known", rebuild + "K\x01\x85R.", "with 1 arguments"},
		{"a tensor of nothing", rebuild + "(NNNNtR.", "not of a storage"},
		{"a conjugate or negative tensor", rebuild[:len(rebuild)-1] + "_v2\n(NNNNNN}" + text("neg") + "\x88stR.", "with 7 arguments"},
		{"a parameter of nothing", "ctorch._utils\n_rebuild_parameter\n(NNNtR.", "with 3 arguments"},
		{"an OrderedDict of no list", ordered + "N\x85R.", "no list"},
		{"an OrderedDict of no pairs", ordered + "]Na\x85R.", "no pairs"},
		{"an OrderedDict of triples", ordered + "]](NNNea\x85R.", "no pairs"},
		{"a state set on a list", "]Nb.", "no dict"},
		{"an item appended to a dict", "}Na.", "no list"},
		{"an item set in a list", "]NNs.", "no dict"},
		{"half an item", "}(Nu.", "half an item"},
		{"a stop with nothing there", ".", "byte 0: the pickle takes a value"},
		{"a value from below a mark", "N(\x85.", "takes a value"},
		{"no mark", "Nt.", "a mark that is not there"},
		{"a memo that is empty", "h\x07.", "recalls value 7"},
		{"a text of 4 GiB", "X\xff\xff\xff\xffx.", "wants 4294967295 bytes, and has 2"},
		{"a frame of 2^63 bytes", "\x95\x00\x00\x00\x00\x00\x00\x00\x80.", "a frame of 9223372036854775808 bytes"},
		{"a text that is no UTF-8", "\x8c\x01\xff.", "not UTF-8"},
		{"a global named by numbers", "K\x01K\x02\x93.", "no text"},
		{"no stop", "N", "byte 1: the pickle wants 1 bytes, and has 0"},
		{"a storage where there can be none", text("storage") + "\x85Q.", "a whole storage"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			u := &unpickler{file: []byte(test.pickle), end: len(test.pickle), limit: "its end"}
			_, err := u.load()
			wantError(t, err, []string{"byte ", test.want})
		})
	}
}

// TestPickleMemory has pickles that would take memory out of proportion if what
// they recall were copied.
func TestPickleMemory(t *testing.T) {
	const n = 20_000
	long := strings.Repeat("K\x01", n)
	tests := []struct{ why, pickle string }{
		{"a long tuple as the shape of many tensors",
			"(" + long + "tq\x00" + floats("k", 1) + "q\x01" + "]" + strings.Repeat(rebuild+"(h\x01K\x00h\x00h\x00tRa", n) + "."},
		{"a long list as the pairs of many dicts",
			"]q\x00(" + strings.Repeat("](NNe", n) + "e]" + strings.Repeat(ordered+"h\x00\x85Ra", n) + "."},
		{"the memo", "N" + strings.Repeat("\x94", n) + "."},
		{"empty lists", strings.Repeat("]", n) + "."},
		{"nested lists", strings.Repeat("]", n) + strings.Repeat("a", n-1) + "."},
		{"nested tuples", "N" + strings.Repeat("\x85", n) + "."},
		{"marks", strings.Repeat("(", n) + "N."},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			u := &unpickler{file: []byte(test.pickle), end: len(test.pickle), storages: make(map[string]*storage)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := u.load(); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			got := (after.TotalAlloc - before.TotalAlloc) / uint64(len(test.pickle))
			t.Logf("%d bytes allocated for each of the pickle's %d", got, len(test.pickle))
			if got > 150 { // what is held at a time is less
				t.Errorf("%d bytes allocated for each of the pickle's %d", got, len(test.pickle))
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
	var b stdbytes.Buffer
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
	for _, v := range []any{nil, &tensor{}, &list{}, &dict{}, tuple{}, 1.5, true, global("g")} {
		got = append(got, kind(v))
	}
	want := "[None a tensor a list a dict a tuple a float64 a bool a global]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
