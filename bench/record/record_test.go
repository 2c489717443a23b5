package record

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample(t testing.TB, seed uint64) Sample {
	t.Helper()
	p, err := NewPredictions(3, []int32{0, 1, 2, 2}, []int32{0, 1, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	s := Sample{
		Seed: seed, Status: OK, Predictions: p,
		Curve: []Point{{Epoch: 1, Rate: .1, Train: Scores{1, 30, 20}, Test: &Scores{.9, 50, 40}}},
		Env:   Env{Backend: "go", Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)},
	}
	c, err := s.Confusion()
	if err != nil {
		t.Fatal(err)
	}
	s.Metrics = map[string]float64{Top1: 100 * c.Top1(), F1: 100 * c.MacroF1(), Loss: .7}
	return s
}

func testRecord(t testing.TB, seeds ...uint64) *Record {
	r := &Record{Profile: "p", Suite: "s", Experiment: "e", Config: json.RawMessage(`{"rate": 0.1}`)}
	for _, seed := range seeds {
		r.Samples = append(r.Samples, sample(t, seed))
	}
	return r
}

func TestRoundTrip(t *testing.T) {
	want := testRecord(t, 43, 42)
	want.Notes = []string{"a note"}
	want.Accepted = &Accepted{Reason: "first", Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	path := filepath.Join(t.TempDir(), "s", "e.json")
	if err := want.Write(path); err != nil {
		t.Fatal(err)
	}
	got, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
	if got.Samples[0].Seed != 42 {
		t.Error("samples are not sorted by seed")
	}
}

// TestEveryByteCounts changes every byte of a record and of a baseline in turn.
func TestEveryByteCounts(t *testing.T) {
	baseline := testRecord(t, 1, 2)
	baseline.Notes = []string{"a note"}
	baseline.Accepted = &Accepted{Reason: "first", Commit: "abc", Time: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)}
	for _, r := range []*Record{testRecord(t, 1), baseline} {
		data, err := r.Encode()
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range data {
			damage(t, data, i, 0x01, 0x20, byte(1+rng.IntN(255)))
			if _, err := Decode(data[:i]); err == nil {
				t.Errorf("cut to %d of %d bytes unnoticed", i, len(data))
			}
		}
	}
}

// TestStoredBaselines changes bytes of the baselines that lie in this repository, as
// a bad disk or an editor would.
func TestStoredBaselines(t *testing.T) {
	paths, err := filepath.Glob("../../baselines/*/*/*.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 {
		t.Skip("there are no baselines here")
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for _, path := range paths {
		if filepath.Base(path) == "suite.json" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(data); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for range 20 {
			damage(t, data, rng.IntN(len(data)), byte(1+rng.IntN(255)))
		}
	}
}

// damage changes a byte of a good file in several ways, one after the other.
func damage(t *testing.T, data []byte, i int, flips ...byte) {
	t.Helper()
	for _, flip := range flips {
		damaged := bytes.Clone(data)
		damaged[i] ^= flip
		if _, err := Decode(damaged); err == nil {
			t.Errorf("byte %d: %q became %q unnoticed", i, data[i], damaged[i])
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	tests := []struct {
		why    string
		change func(*Record)
		want   string
	}{
		{"a seed counted twice would narrow every interval", func(r *Record) { r.Samples[1].Seed = r.Samples[0].Seed }, "twice"},
		{"metrics that the predictions do not give", func(r *Record) { r.Samples[0].Metrics[Top1] = 99 }, "stored predictions give"},
		{"a diverged sample has no metrics", func(r *Record) { r.Samples[0].Status = Diverged }, "diverged"},
		{"an unknown status", func(r *Record) { r.Samples[0].Status = "fine" }, "status"},
		{"predictions that do not match their hash", func(r *Record) {
			p := *r.Samples[0].Predictions
			p.Predicted = p.Labels
			r.Samples[0].Predictions = &p
		}, "hash"},
		{"a config that is too large to show", func(r *Record) { r.Config = json.RawMessage(`"` + strings.Repeat("x", MaxConfig) + `"`) }, "at most 1048576"},
		{"a config that is no JSON", func(r *Record) { r.Config = json.RawMessage("{") }, "config"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			r := testRecord(t, 1, 2)
			test.change(r)
			if _, err := r.Encode(); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestDecodeRefuses reads what someone wrote who can sum.
func TestDecodeRefuses(t *testing.T) {
	tests := []struct {
		why    string
		change func(*Record)
		want   string
	}{
		{"a later version", func(r *Record) { r.Version = 2 }, "record of version 2: this program reads version 1"},
		{"no version", func(r *Record) { r.Version = 0 }, "version 0"},
		{"metrics that the predictions do not give", func(r *Record) { r.Samples[0].Metrics[F1] += 1e-6 }, "stored predictions give"},
		{"a metric that is no number could not be told from a good one", func(r *Record) { r.Samples[0].Metrics["x"] = math.NaN() }, ""},
		{"a seed that counts twice", func(r *Record) { r.Samples[1].Seed = 1 }, "seed 1 is there twice"},
		{"another config than was hashed", func(r *Record) { r.Config = json.RawMessage(`{"rate":9}`) }, "does not hash"},
		{"a name that leaves the folder", func(r *Record) { r.Suite = "../s" }, `"../s" cannot be the name`},
		{"no name", func(r *Record) { r.Experiment = "" }, `"" cannot be the name`},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			r := testRecord(t, 1, 2)
			if _, err := r.Encode(); err != nil {
				t.Fatal(err)
			}
			test.change(r)
			data, err := r.encode()
			if err == nil {
				_, err = Decode(data)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

// TestDecodeStrict reads suite.json and papers' numbers.
func TestDecodeStrict(t *testing.T) {
	for text, want := range map[string]string{
		`{"version": 1, "name": "s"}`:             "",
		`{"version": 2, "name": "s"}`:             "version 2: this program reads version 1",
		`{"name": "s"}`:                           "version 0",
		"{\"version\": 1,\n\"questoin\": \"?\"}":  `unknown field "questoin"`,
		"{\"version\": 1}\n{\"version\": 1}":      "line 2: more behind",
		"{\"version\": 1,\n\"experiments\": [1]}": "line 2, byte",
	} {
		var s Suite
		if err := decodeStrict([]byte(text), &s, &s.Version); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", text, err, want)
		}
	}
}

func TestUnpackBounds(t *testing.T) {
	p, err := NewPredictions(2, make([]int32, 1000), make([]int32, 1000))
	if err != nil {
		t.Fatal(err)
	}
	for _, count := range []int{0, 999, 1001, -1, maxPredictions + 1} {
		q := *p
		q.Count = count
		if _, _, err := q.Unpack(); err == nil {
			t.Errorf("count %d of 1000: no error", count)
		}
	}
}

func TestLoadResults(t *testing.T) {
	dir := t.TempDir()
	for _, seed := range []uint64{42, 43} {
		if err := testRecord(t, seed).Write(SamplePath(dir, "s", "e", seed)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := LoadResults(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := testRecord(t, 42, 43)
	if _, err := want.Encode(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]*Record{want}, got); diff != "" {
		t.Errorf("joined (-want +got):\n%s", diff)
	}

	other := testRecord(t, 44)
	other.Config = json.RawMessage(`{"rate":0.2}`)
	if err := other.Write(SamplePath(dir, "s", "e", 44)); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadResults(dir); err == nil || !strings.Contains(err.Error(), "another config") {
		t.Errorf("samples of two configs: got error %v", err)
	}
	if err := os.Rename(SamplePath(dir, "s", "e", 43), SamplePath(dir, "s", "e", 44)); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadResults(dir); err == nil || !strings.Contains(err.Error(), "than its name says") {
		t.Errorf("a renamed sample: got error %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	base := Env{Backend: "xla:cpu", Flags: []string{"--a"}, Host: "x"}
	host, flags := base, base
	host.Host, host.Earlier = "y", []string{"x"}
	flags.Flags = nil
	if host.Fingerprint() != base.Fingerprint() {
		t.Error("the host's name changes the fingerprint")
	}
	if flags.Fingerprint() == base.Fingerprint() {
		t.Error("flags do not change the fingerprint")
	}
}

func TestDiffers(t *testing.T) {
	base := Env{Backend: "xla:cpu", Versions: map[string]string{"go": "1"}, Cores: 2, Host: "x"}
	tests := []struct {
		why    string
		change func(*Env)
		want   []string
	}{
		{"the same", func(*Env) {}, nil},
		{"one that was written and read has no empty list", func(e *Env) { e.Flags = []string{} }, nil},
		{"another host computes the same", func(e *Env) { e.Host = "y" }, nil},
		{"in the order of the record", func(e *Env) { e.Cores, e.Flags = 4, []string{"--a"} }, []string{"flags", "cores"}},
		{"a library of another version", func(e *Env) { e.Versions = map[string]string{"go": "2"} }, []string{"versions"}},
	}
	for _, test := range tests {
		other := base
		test.change(&other)
		if diff := cmp.Diff(test.want, base.Differs(other)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.why, diff)
		}
	}
}

// FuzzDecode reads a record or a baseline as it is and, or hardly one would be read
// further than that, with the checksum that is right for it.
func FuzzDecode(f *testing.F) {
	baseline := testRecord(f, 1, 2)
	baseline.Accepted = &Accepted{Reason: "first"}
	for _, r := range []*Record{testRecord(f, 1), baseline} {
		data, err := r.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"version": 1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, summed(data)} {
			r, err := Decode(data)
			if err != nil {
				continue
			}
			again, err := r.Encode()
			if err != nil || !bytes.Equal(again, data) {
				t.Errorf("accepted, and not what it would write (error %v)", err)
			}
		}
	})
}

// summed returns what was decoded of a record, with the right checksum.
func summed(data []byte) []byte {
	var r Record
	_ = json.Unmarshal(data, &r) // what came before an error will do
	data, err := r.encode()
	if err != nil {
		return nil
	}
	return data
}

// TestSuiteKeepsItsClaims changes each byte of a suite.json.
func TestSuiteKeepsItsClaims(t *testing.T) {
	dir := t.TempDir()
	s := Suite{Profile: "p", Name: "s", Question: "?", Experiments: []string{"a", "b"},
		Claims: []Claim{{Text: "a beats b", Kind: Greater, A: "a", B: "b", Metric: Top1, Gap: 1.5}}}
	if err := WriteSuite(dir, s); err != nil {
		t.Fatal(err)
	}
	s.Version = Version
	path := filepath.Join(dir, "s", "suite.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := -1; i < len(data); i++ {
		damaged := bytes.Clone(data)
		if i >= 0 {
			damaged[i] ^= 1
		}
		if err := os.WriteFile(path, damaged, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := LoadSuites(dir)
		if i < 0 && err != nil {
			t.Fatal(err)
		}
		if err == nil && !cmp.Equal([]Suite{s}, got) {
			t.Errorf("byte %d, %q: another suite unnoticed", i, data[i])
		}
	}
}

// FuzzFolder reads suite.json and papers' numbers: what is accepted is of this
// version, and all of the file.
func FuzzFolder(f *testing.F) {
	f.Add([]byte(`{"version": 1, "profile": "p", "name": "s", "question": "?", "experiments": ["a", "b"],
		"claims": [{"text": "a beats b", "kind": "greater", "a": "a", "b": "b", "metric": "top1-pct", "gap": 1}]}`))
	f.Add([]byte(`{"version": 1, "suite": "s", "source": "a paper", "dataset": "cifar-10", "epochs": 3,
		"rows": [{"experiment": "a", "metrics": {"top1-pct": 1e1}, "note": "n"}]} {}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Suite
		if err := decodeStrict(data, &s, &s.Version); err == nil && (s.Version != Version || !json.Valid(data)) {
			t.Errorf("accepted a suite of version %d", s.Version)
		}
		var p Published
		if err := decodeStrict(data, &p, &p.Version); err == nil && (p.Version != Version || !json.Valid(data)) {
			t.Errorf("accepted published numbers of version %d", p.Version)
		}
	})
}
