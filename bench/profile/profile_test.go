package profile

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/experiment"
)

var builtin = fstest.MapFS{
	"full.json":  {Data: []byte(`{"version": 1, "name": "full", "seeds": 5}`)},
	"quick.json": {Data: []byte(`{"version": 1, "name": "quick", "base": "full", "all": {"train": {"epochs": 10}}, "suites": {"skip": {"optim": {"rate": 0.2}}}}`)},
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "my.json")
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func plain20() experiment.Experiment {
	e := experiment.Default()
	e.Suite, e.Name = "skip", "plain20"
	return e
}

func TestOverrides(t *testing.T) {
	p, err := Load(write(t, `{
		"version": 1, "name": "my", "base": "quick", "first_seed": 7, "margin_pp": 1.5, "margin_loss": 0.1,
		"skip": ["imbalance/*"],
		"all": {"optim": {"drops": [2, 3]}},
		"experiments": {"skip/plain20": {"optim": {"rate": 0.4}, "sampling": {"batch": 64}}},
		"claims": {"skip/x": {"gap": 2}}
	}`), builtin)
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Experiment(plain20())
	if err != nil {
		t.Fatal(err)
	}
	want := plain20()
	want.Train.Epochs = 10         // of the base, for all
	want.Optim.Rate = 0.4          // of the experiment, over the base's for the suite
	want.Optim.Drops = []int{2, 3} // of the file, for all
	want.Sampling.Batch = 64       // of the experiment
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("experiment (-want +got):\n%s", diff)
	}
	if p.Name != "my" || p.Seeds != 5 || p.FirstSeed != 7 || p.Margin != 1.5 || p.MarginLoss != .1 {
		t.Errorf("name %q, seeds %d from %d, margins %v and %v: want my, 5 of the base from 7, 1.5 and 0.1",
			p.Name, p.Seeds, p.FirstSeed, p.Margin, p.MarginLoss)
	}
	for id, want := range map[string]bool{"imbalance/focal": true, "skip/plain20": false} {
		if got, err := p.Skips(id); err != nil || got != want {
			t.Errorf("Skips(%s): got %v, %v, want %v", id, got, err, want)
		}
	}
	if c := p.Claim("skip/x"); c.Gap == nil || *c.Gap != 2 {
		t.Errorf("claim: got %+v", c)
	}
	if diff := cmp.Diff(plain20(), func() experiment.Experiment { e := plain20(); p.Experiment(e); return e }()); diff != "" {
		t.Errorf("the suite's own experiment changed:\n%s", diff)
	}
}

func TestErrorsNameFileLineAndField(t *testing.T) {
	tests := []struct {
		why, text string
		want      []string
	}{
		{"a field that does not exist", "{\n\"version\": 1, \"name\": \"my\",\n\"sedes\": 3}", []string{":3:", "sedes"}},
		{"one inside of an override", "{\"version\": 1, \"name\": \"my\",\n\"all\": {\n\"optim\": {\n\"lr\": 0.1}}}", []string{":4:", "all.optim.lr"}},
		{"a value of the wrong type", "{\"version\": 1, \"name\": \"my\",\n\"suites\": {\"skip\": {\n\"train\": {\"epochs\": 1.5}}}}", []string{":3:", "train.epochs", "int"}},
		{"a value out of range", "{\"version\": 1, \"name\": \"my\",\n\"experiments\": {\"skip/plain20\": {\n\"model\": {\n\"depth\": 21}}}}", []string{":4:", "model.depth is 21", "6n+2"}},
		{"the base is told of too", `{"version": 1, "name": "my", "base": "gone"}`, []string{":1:", "gone", "full, quick"}},
		{"JSON that ends early", "{\n\"version\": 1,\n", []string{":2:", "EOF"}},
		{"a key twice, of which the second would win", "{\"version\": 1, \"name\": \"a\",\n\"name\": \"b\"}", []string{":2:", "name is there twice"}},
		{"a later version", `{"version": 2, "name": "my"}`, []string{"version is 2"}},
		{"no seeds", "{\"version\": 1, \"name\": \"my\",\n\"seeds\": 0}", []string{":2:", "seeds is 0"}},
		{"a name that leaves the results folder", `{"version": 1, "name": "../x"}`, []string{"name"}},
		{"paths that would take gigabytes", `{"version": 1, "all": ` + strings.Repeat(`{"a":`, 100_000), []string{":1:", "nested deeper than 20"}},
		{"text after the object", `{"version": 1, "name": "my"} {}`, []string{":1:", "more"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			path := write(t, test.text)
			p, err := Load(path, builtin)
			if err == nil {
				_, err = p.Experiment(plain20())
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(test.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestCheck(t *testing.T) {
	p, err := Load(write(t, `{"version": 1, "name": "my", "experiments": {"skip/plain21": {}}}`), builtin)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check("skip", []string{"plain20"}, nil); err == nil || !strings.Contains(err.Error(), "plain21") {
		t.Errorf("an experiment that the suite does not have: got error %v", err)
	}
	if err := p.Check("imbalance", []string{"focal"}, nil); err != nil {
		t.Errorf("an experiment of another suite: got error %v", err)
	}
}

func TestBaseOfItself(t *testing.T) {
	fs := fstest.MapFS{"a.json": {Data: []byte(`{"version": 1, "name": "a", "base": "a"}`)}}
	if _, err := Load("a", fs); err == nil || !strings.Contains(err.Error(), "its own base") {
		t.Errorf("got error %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"version": 1, "name": "my", "all": {"optim": {"rate": 1}}}`))
	f.Add([]byte(`{"version": 1, "suites": {"a": []}}`))
	f.Add([]byte("{\"a\": {\"b\": [1, {\"c\": 2}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse(data, "f")
		if err == nil && p.Version != Version {
			t.Error("accepted another version")
		}
	})
}
