package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestWriteSafetensorsGolden writes the arrays of dtypes.pt, all types of them.
// That Python's safetensors opens the golden file with the same numbers is what
// generate.py --check checks.
func TestWriteSafetensorsGolden(t *testing.T) {
	s, err := Open("testdata/dtypes.pt")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := WriteSafetensors(&got, s.Arrays, map[string]string{"by": "trainbench"}); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/go.safetensors"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Errorf("the bytes differ from %s; -update writes it anew", golden)
	}
}

// TestSafetensorsRoundTrip reads what was written.
func TestSafetensorsRoundTrip(t *testing.T) {
	arrays := []Array{
		{Name: "odd", Shape: []int{3}, DType: F32, Float32: []float32{1, 2, 3}},
		{Name: "n", Shape: []int{}, DType: I64, Int64: []int64{-1 << 63}},
		{Name: `a "quoted" <näme>`, Shape: []int{0, 2}, DType: F32, Float32: []float32{}},
		{Name: "wide", Shape: []int{1, 2}, DType: I64, Int64: []int64{3, 4}},
	}
	metadata := map[string]string{"b": "2", "a": "ä\n"}
	var b bytes.Buffer
	if err := WriteSafetensors(&b, arrays, metadata); err != nil {
		t.Fatal(err)
	}
	if start := 8 + binary.LittleEndian.Uint64(b.Bytes()); start%8 != 0 {
		t.Errorf("the data begins at %d, which is no multiple of 8", start)
	}
	s, err := Read("f", b.Bytes(), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(arrays, s.Arrays); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(metadata, s.Metadata); diff != "" {
		t.Errorf("metadata: -want +got:\n%s", diff)
	}
}

// TestSafetensorsLengths reads headers of many lengths, with which a file begins:
// one of 128 bytes looks like a pickle, one of 19,280 like a zip archive.
func TestSafetensorsLengths(t *testing.T) {
	a := Array{Name: "a", Shape: []int{1}, DType: F32, Float32: []float32{1}}
	for n := 0; n < 20_000; n += 8 {
		if n == 1000 {
			n = 19_000
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, []Array{a}, map[string]string{"k": strings.Repeat("x", n)}); err != nil {
			t.Fatal(err)
		}
		if _, err := Read("f", b.Bytes(), DefaultLimits()); err != nil {
			t.Errorf("a header of %d bytes: %v", binary.LittleEndian.Uint64(b.Bytes()), err)
		}
	}
}

func TestWriteSafetensorsErrors(t *testing.T) {
	ok := Array{Name: "a", Shape: []int{1}, DType: F32, Float32: []float32{1}}
	with := func(change func(*Array)) []Array {
		a := ok
		change(&a)
		return []Array{ok, a}
	}
	tests := []struct {
		why      string
		arrays   []Array
		metadata map[string]string
		want     string
	}{
		{"a name twice", with(func(a *Array) {}), nil, `"a" (again)`},
		{"the metadata's name", with(func(a *Array) { a.Name = "__metadata__" }), nil, "__metadata__"},
		{"a name that JSON cannot hold", with(func(a *Array) { a.Name = "\xff" }), nil, "cannot be named"},
		{"metadata that JSON cannot hold", nil, map[string]string{"k": "\xff"}, "not UTF-8"},
		{"no type", with(func(a *Array) { a.Name, a.DType = "b", "" }), nil, "unknown type"},
		{"fewer numbers than the shape has", with(func(a *Array) { a.Name, a.Shape = "b", []int{2} }), nil, "1 float32"},
		{"numbers of the other kind", with(func(a *Array) { a.Name, a.DType = "b", I64 }), nil, "1 float32"},
		{"a negative length", with(func(a *Array) { a.Name, a.Shape = "b", []int{-1} }), nil, "is none"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			var b bytes.Buffer
			wantError(t, WriteSafetensors(&b, test.arrays, test.metadata), []string{test.want})
			if b.Len() > 0 {
				t.Errorf("%d bytes were written before the error", b.Len())
			}
		})
	}
	full := errors.New("disk full")
	if err := WriteSafetensors(failing{full}, []Array{ok}, nil); !errors.Is(err, full) {
		t.Errorf("the writer's error is not passed on: %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestReadSafetensorsErrors(t *testing.T) {
	const a = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	tests := []struct {
		why, header string
		data        int // bytes behind the header
		want        string
	}{
		{"as it should be", "{" + a + "}", 8, ""},
		{"padded, as writers do", "{" + a + "}   ", 8, ""},
		{"arrays in another order than their data", `{"b":{"dtype":"U8","shape":[],"data_offsets":[8,9]},` + a + "}", 9, ""},
		{"cut off", "{" + a + "}", 7, "not in the 7 bytes"},
		{"bytes that are no array's", "{" + a + "}", 9, "the last 1 bytes"},
		{"a gap", `{"b":{"dtype":"U8","shape":[1],"data_offsets":[9,10]},` + a + "}", 10, "begins here"},
		{"shared bytes", `{"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]},` + a + "}", 12, "begins here"},
		{"a name twice", "{" + a + `,"a":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}}`, 9, "two arrays"},
		{"more numbers than bytes", strings.Replace("{"+a+"}", "[2]", "[3]", 1), 8, "does not fill"},
		{"a shape of 2^62 x 4", strings.Replace("{"+a+"}", "[2]", "[4611686018427387904,4]", 1), 8, "more numbers than fit"},
		{"a shape beyond 64 bits", strings.Replace("{"+a+"}", "[2]", "[9223372036854775808]", 1), 8, "cannot unmarshal"},
		{"a negative length", strings.Replace("{"+a+"}", "[2]", "[-2]", 1), 8, "is none"},
		{"half a number", strings.Replace("{"+a+"}", "[0,8]", "[0,7]", 1), 7, "does not fill"},
		{"an end before the begin", strings.Replace("{"+a+"}", "[0,8]", "[8,0]", 1), 8, "are not in"},
		{"a type to come", strings.Replace("{"+a+"}", "F32", "F4", 1), 8, `type "F4"`},
		{"no shape", `{"a":{"dtype":"F32","data_offsets":[0,8]}}`, 8, "no shape"},
		{"three offsets", strings.Replace("{"+a+"}", "[0,8]", "[0,4,8]", 1), 8, "not two"},
		{"a field to come", strings.Replace("{"+a+"}", `"shape"`, `"order":"F","shape"`, 1), 8, "unknown field"},
		{"metadata that are no texts", `{"__metadata__":{"epoch":1},` + a + "}", 8, "__metadata__"},
		{"no UTF-8", "{\"\xff" + a[1:] + "}", 8, "not UTF-8"},
		{"no end", "{" + a, 8, "damaged"},
		{"two headers", "{" + a + "}{}", 8, "follows the last brace"},
		{"no arrays", "{}", 0, "no arrays"},
		{"deeply nested", "{" + strings.Repeat(`"a":{"shape":[`, 10_000), 8, "damaged"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			data := binary.LittleEndian.AppendUint64(nil, uint64(len(test.header)))
			data = append(append(data, test.header...), make([]byte, test.data)...)
			_, err := Read("f", data, DefaultLimits())
			if test.want != "" {
				wantError(t, err, []string{"weights: f: ", test.want})
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	claim := append(binary.LittleEndian.AppendUint64(nil, 1<<63), "{}"...)
	_, err := Read("f", claim, DefaultLimits())
	wantError(t, err, []string{"a header of 9223372036854775808 bytes where 2 follow"})
}

// FuzzRead reads anything. What is read must be consistent, within the limits,
// and the same after it was written as safetensors.
func FuzzRead(f *testing.F) {
	for _, data := range fixtures(f) {
		f.Add(data)
	}
	for _, name := range []string{"hostile.pt", "hostile-legacy.pt", "module.pt", "go.safetensors"} {
		data, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		lim := DefaultLimits()
		s, err := Read("fuzz", data, lim)
		if err != nil {
			return
		}
		memory := int64(0)
		for i, a := range s.Arrays {
			memory += 4*int64(len(a.Float32)) + 8*int64(len(a.Int64))
			if err := a.check(); err != nil {
				t.Fatal(err)
			}
			s.Arrays[i].DType = I64
			if a.DType.Float() {
				s.Arrays[i].DType = F32
			}
		}
		if limit := lim.Growth * int64(len(data)); memory > limit {
			t.Fatalf("arrays of %d bytes from a file of %d", memory, len(data))
		}
		var b bytes.Buffer
		if err := WriteSafetensors(&b, s.Arrays, s.Metadata); err != nil {
			if _, reserved := s.Get(metadataKey); reserved {
				return // a torch file may have an array of that name
			}
			t.Fatal(err)
		}
		again, err := Read("written", b.Bytes(), Limits{FileBytes: 1 << 40, HeaderBytes: 1 << 40, Growth: 16})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(bitsOf(s.Arrays), bitsOf(again.Arrays), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-read +written and read:\n%s", diff)
		}
	})
}
