package weights

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// wantSet is what testdata/generate.py says of a file.
type wantSet struct {
	Format, Prefix string
	Skipped        []string
	Arrays         []wantArray
}

// wantArray has the numbers of a float type as bits, so that NaNs and the signs
// of zeros are compared.
type wantArray struct {
	Name  string
	DType DType
	Shape []int
	Bits  []uint32
	Ints  []int64
}

func readWant(t testing.TB) map[string]wantSet {
	t.Helper()
	data, err := os.ReadFile("testdata/want.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]wantSet
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	return want
}

func bitsOf(arrays []Array) []wantArray {
	var out []wantArray
	for _, a := range arrays {
		w := wantArray{Name: a.Name, DType: a.DType, Shape: a.Shape, Ints: a.Int64}
		for _, x := range a.Float32 {
			w.Bits = append(w.Bits, math.Float32bits(x))
		}
		out = append(out, w)
	}
	return out
}

// TestOpen reads what PyTorch and Python's safetensors wrote.
func TestOpen(t *testing.T) {
	want := readWant(t)
	if len(want) < 10 {
		t.Fatalf("want.json lists %d files only", len(want))
	}
	for name, want := range want {
		t.Run(name, func(t *testing.T) {
			s, err := Open(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			got := wantSet{s.Format, s.Prefix, s.Skipped, bitsOf(s.Arrays)}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestOpenErrors has the files that cannot be read, for the reasons that users
// meet first.
func TestOpenErrors(t *testing.T) {
	tests := []struct {
		why, file string
		want      []string
	}{
		{"the global that would run a command is named, and where it is", "testdata/hostile.pt", []string{`"os.system"`, "byte 48:", "torch.save(model.state_dict()"}},
		{"the same in the legacy format", "testdata/hostile-legacy.pt", []string{`"os.system"`, "byte 51:"}},
		{"a whole model names its class", "testdata/module.pt", []string{`"torch.nn.modules.linear.Linear"`}},
		{"numbers that are not read name their storage", "testdata/complex.pt", []string{`"torch.ComplexFloatStorage"`}},
		{"a NumPy scalar beside the weights is foreign too", "testdata/numpy.pt", []string{`"numpy`, "scalar"}},
		{"a folder is not opened", "testdata", []string{"not a file"}},
		{"a missing file says so", "testdata/none.pt", []string{"no such file"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := Open(test.file)
			wantError(t, err, append(test.want, "weights: ", test.file))
		})
	}
}

// wantError checks that the error says all that is wanted.
func wantError(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error; want one with %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error %q does not say %q", err, w)
		}
	}
}

// TestSniff has files of other kinds, which people give by mistake.
func TestSniff(t *testing.T) {
	tests := []struct{ why, data, want string }{
		{"empty", "", "empty"},
		{"a pointer where the file should be", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull"},
		{"an error page saved under the file's name", "<!DOCTYPE html>", "web page"},
		{"compressed", "\x1f\x8b\x08\x00", "gzip"},
		{"PyTorch's format before 2017", strings.Repeat("\x00", 257) + "ustar\x00", "tar file"},
		{"anything else", "hello, world", "neither"},
		{"a pickle of something else", "\x80\x02K\x01.", "does not begin as those of torch.save"},
		{"a zip archive that was cut off", "PK\x03\x04....", "damaged or cut off"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			_, err := Read("f.pt", []byte(test.data), DefaultLimits())
			wantError(t, err, []string{"f.pt", test.want})
		})
	}
}

// TestTruncated cuts the fixtures at every byte: nothing shorter than a file is
// one, in any of the formats.
func TestTruncated(t *testing.T) {
	for name, data := range fixtures(t) {
		for n := range data {
			if _, err := Read(name, data[:n], DefaultLimits()); err == nil {
				t.Errorf("%s: the first %d of %d bytes were read without an error", name, n, len(data))
			}
		}
	}
}

// fixtures returns the content of the files that can be read.
func fixtures(t testing.TB) map[string][]byte {
	t.Helper()
	files := make(map[string][]byte)
	for name := range readWant(t) {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	return files
}

// TestLimits lowers each limit to just below what a file takes.
func TestLimits(t *testing.T) {
	data := fixtures(t)
	tests := []struct {
		why, file string
		limit     func(*Limits)
		want      string // "" where the file is within the limit
	}{
		{"the file's own size is allowed", "state.pt", func(l *Limits) { l.FileBytes = int64(len(data["state.pt"])) }, ""},
		{"a byte less is not", "state.pt", func(l *Limits) { l.FileBytes = int64(len(data["state.pt"])) - 1 }, "larger Limits"},
		{"data.pkl has 789 bytes", "state.pt", func(l *Limits) { l.HeaderBytes = 788 }, "789 bytes, more than the limit of 788"},
		{"the limit holds for a legacy pickle", "state-legacy.pt", func(l *Limits) { l.HeaderBytes = 700 }, "the limit on a pickle"},
		{"and for a safetensors header", "python.safetensors", func(l *Limits) { l.HeaderBytes = 100 }, "more than the limit of 100"},
		{"arrays count against Growth", "state-legacy.pt", func(l *Limits) { l.Growth = 0 }, ".clone()"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			lim := DefaultLimits()
			test.limit(&lim)
			_, err := Read(test.file, data[test.file], lim)
			if test.want != "" {
				wantError(t, err, []string{test.want})
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSet(t *testing.T) {
	s, err := Open("testdata/parameter.pt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, s.Names()); diff != "" {
		t.Errorf("Names: -want +got:\n%s", diff)
	}
	got, ok := s.Get("b")
	want := Array{Name: "b", Shape: []int{2}, DType: F32, Float32: []float32{1, 1}}
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("Get: %v, -want +got:\n%s", ok, diff)
	}
	if _, ok := s.Get("c"); ok {
		t.Error("Get found an array that is not there")
	}
	if len(s.SHA256) != 64 {
		t.Errorf("SHA256 is %q", s.SHA256)
	}
}

func TestPrefix(t *testing.T) {
	tests := []struct {
		why          string
		names, want  []string
		prefix, fail string
	}{
		{"all have it", []string{"module.a", "module.b"}, []string{"a", "b"}, "module.", ""},
		{"a submodule that happens to be called module", []string{"module.a", "b"}, []string{"module.a", "b"}, "", ""},
		{"wrapped twice", []string{"_orig_mod.module.a"}, []string{"a"}, "_orig_mod.module.", ""},
		{"a name must be left", []string{"module."}, []string{"module."}, "", ""},
		{"a name twice", []string{"a", "a"}, nil, "", `two arrays are named "a"`},
		{"no array", nil, nil, "", "no arrays"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := &Set{}
			for _, n := range test.names {
				s.Arrays = append(s.Arrays, Array{Name: n})
			}
			err := s.finish()
			if test.fail != "" {
				wantError(t, err, []string{test.fail})
				return
			}
			if err != nil || s.Prefix != test.prefix || !slices.Equal(s.Names(), test.want) {
				t.Errorf("got %q, prefix %q, error %v; want %q, prefix %q", s.Names(), s.Prefix, err, test.want, test.prefix)
			}
		})
	}
}

// TestHalfToFloat holds the widening of all finite halves to their definition.
func TestHalfToFloat(t *testing.T) {
	for h := range uint32(1 << 16) {
		sign, exponent, fraction := float64(1), int(h>>10&0x1f), float64(h&0x3ff)
		if h>>15 == 1 {
			sign = -1
		}
		want := math.Copysign(math.Ldexp(1+fraction/1024, exponent-15), sign)
		switch {
		case exponent == 0:
			want = math.Copysign(math.Ldexp(fraction/1024, -14), sign)
		case exponent == 31 && fraction == 0:
			want = math.Inf(int(sign))
		case exponent == 31:
			if got := halfToFloat(uint16(h)); got == got {
				t.Errorf("%#04x is %v and should be NaN", h, got)
			}
			continue
		}
		if got := halfToFloat(uint16(h)); math.Float64bits(float64(got)) != math.Float64bits(want) {
			t.Errorf("%#04x is %v and should be %v", h, got, want)
		}
	}
}
