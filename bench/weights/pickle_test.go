package weights

import (
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

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
