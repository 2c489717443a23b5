package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/train"
)

var id = Identity{Experiment: "skip/plain20", ConfigSHA256: "c", Seed: 42, Data: "d", Subset: "s", Environment: "e", Code: "x"}

func state() *train.State {
	watched := 0.5
	return &train.State{
		Epochs: 1, Step: 2, Losses: []float64{1, 2}, Predicted: []int32{3, 4},
		Curve:   []train.Epoch{{Number: 1, Test: &train.Scores{Loss: 0.1 + 0.2}}},
		Watched: &watched, InitialHash: "h",
		Params: []float32{1, 2, 3}, Velocity: []float32{4, 5, 6}, Stats: []float32{7},
	}
}

func TestSaveLoad(t *testing.T) {
	f := File{Path: filepath.Join(t.TempDir(), "a", "b.checkpoint"), ID: id, Machine: "here"}
	if s, problems := f.Load(); s != nil || problems != nil {
		t.Errorf("nothing saved: got %v, %v", s, problems)
	}
	first, second := state(), state()
	second.Step, second.Losses, second.Predicted = 0, nil, nil
	for _, s := range []*train.State{first, second} {
		if err := f.Save(s); err != nil {
			t.Fatal(err)
		}
	}
	got, problems := f.Load()
	if diff := cmp.Diff(second, got); diff != "" || problems != nil {
		t.Errorf("loaded (-want +got), problems %v:\n%s", problems, diff)
	}

	// On another machine it is told where the state comes from, and that is handed on.
	there := f
	there.Machine = "there"
	for range 2 {
		if _, problems := there.Load(); problems != nil {
			t.Error(problems)
		}
		if diff := cmp.Diff([]string{"here"}, there.Machines); diff != "" {
			t.Errorf("earlier machines (-want +got):\n%s", diff)
		}
		if err := there.Save(second); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Save(first); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(second); err != nil {
		t.Fatal(err)
	}

	// A damaged file is told of, and the one before it is used.
	if err := os.WriteFile(f.Path, []byte("garbage"), 0o666); err != nil {
		t.Fatal(err)
	}
	got, problems = f.Load()
	if diff := cmp.Diff(first, got); diff != "" || len(problems) != 1 {
		t.Errorf("loaded (-want +got), problems %v:\n%s", problems, diff)
	}

	// That of another training is named and refused.
	g := f
	g.ID.ConfigSHA256 = "other"
	if got, problems = g.Load(); got != nil || len(problems) != 2 || !strings.Contains(problems[1].Error(), "another config") {
		t.Errorf("of another config: got %v, %v", got, problems)
	}
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Dir(f.Path)); err != nil || len(left) != 0 {
		t.Errorf("files left: %v, %v", left, err)
	}
}

// TestEveryByteCounts damages every byte in turn, and cuts the file everywhere.
func TestEveryByteCounts(t *testing.T) {
	data, err := Encode(id, []string{"m"}, state())
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for bit := range 8 {
			damaged := bytes.Clone(data)
			damaged[i] ^= 1 << bit
			if _, _, _, err := Decode(damaged); err == nil {
				t.Errorf("bit %d of byte %d flipped unnoticed", bit, i)
			}
		}
		if _, _, _, err := Decode(data[:i]); err == nil {
			t.Errorf("cut to %d bytes unnoticed", i)
		}
	}
}

func TestOtherVersion(t *testing.T) {
	data, err := Encode(id, nil, state())
	if err != nil {
		t.Fatal(err)
	}
	body := bytes.Replace(data[:len(data)-sha256.Size], []byte(`"version":1`), []byte(`"version":2`), 1)
	sum := sha256.Sum256(body)
	_, _, _, err = Decode(append(body, sum[:]...))
	if want := "version 2: this program reads version 1"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// FuzzDecode reads a checkpoint as it is and, or hardly one would be read further
// than that, with the checksum that is right for it.
func FuzzDecode(f *testing.F) {
	data, err := Encode(id, []string{"m"}, state())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:len(data)-sha256.Size])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		sum := sha256.Sum256(data)
		for _, data := range [][]byte{data, append(bytes.Clone(data), sum[:]...)} {
			id, machines, s, err := Decode(data)
			if err != nil {
				continue
			}
			if 4*(len(s.Params)+len(s.Velocity)+len(s.Stats)) > len(data) {
				t.Errorf("more arrays than the file holds")
			}
			if _, err := Encode(id, machines, s); err != nil {
				t.Error(err)
			}
		}
	})
}
