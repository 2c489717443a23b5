package suites

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trainbench/bench"
	"trainbench/bench/dataset"
	"trainbench/bench/model"
	"trainbench/bench/profile"
	"trainbench/bench/record"
)

func all() []bench.Suite { return []bench.Suite{skip(), transfer(), imbalance()} }

// TestProfiles checks that every suite is complete at every scale that is in the
// folder: experiments are valid, their nets can be built, claims are of
// experiments, and the profile speaks of nothing that is not there.
func TestProfiles(t *testing.T) {
	builtin := os.DirFS("profiles")
	for _, name := range profile.Names(builtin) {
		t.Run(name, func(t *testing.T) {
			p, err := profile.Load(name, builtin)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range all() {
				var names, claims []string
				for _, e := range s.Experiments {
					e.Suite = s.Name
					names = append(names, e.Name)
					scaled, err := p.Experiment(e)
					if err != nil {
						t.Error(err)
						continue
					}
					if _, err := model.New(scaled.Model, model.Shape{Height: 32, Width: 32, Channels: len(scaled.Data.Mean), Classes: 10}); err != nil {
						t.Errorf("%s: %v", e.ID(), err)
					}
				}
				for _, c := range s.Claims {
					claims = append(claims, c.Text)
					for _, of := range []string{c.A, c.B} {
						if of != "" && !strings.Contains(" "+strings.Join(names, " ")+" ", " "+of+" ") {
							t.Errorf("%s: claim %q is about %q, which the suite does not have", s.Name, c.Text, of)
						}
					}
				}
				if err := p.Check(s.Name, names, claims); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestPublishedRecipes holds the suites to what the studies say of themselves.
func TestPublishedRecipes(t *testing.T) {
	published, err := record.LoadPublished(filepath.Join("..", "baselines", "published"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, s := range all() {
		for _, e := range s.Experiments {
			rows[s.Name+"/"+e.Name] = true
			if e.Sampling.Batch != 128 || e.Optim.Rate != 0.1 || e.Optim.Momentum != 0.9 || e.Model.Depth != 20 {
				t.Errorf("%s/%s: batch %d, rate %v, momentum %v, depth %d: want 128, 0.1, 0.9, 20",
					s.Name, e.Name, e.Sampling.Batch, e.Optim.Rate, e.Optim.Momentum, e.Model.Depth)
			}
		}
	}
	count := 0
	for _, p := range published {
		for _, row := range p.Rows {
			count++
			if !rows[p.Suite+"/"+row.Experiment] {
				t.Errorf("the published row %s/%s has no experiment", p.Suite, row.Experiment)
			}
		}
	}
	if count != 7 {
		t.Errorf("%d published rows, want 7", count)
	}
}

// TestDigitsStatistics holds the normalisation of the smoke profile to the data.
func TestDigitsStatistics(t *testing.T) {
	d, err := dataset.Open("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Load("smoke", os.DirFS("profiles"))
	if err != nil {
		t.Fatal(err)
	}
	e := skip().Experiments[0]
	e.Suite = "skip"
	if e, err = p.Experiment(e); err != nil {
		t.Fatal(err)
	}
	mean, std := dataset.Stats(d.Train)
	if diff := e.Data.Mean[0] - mean[0]; diff > 5e-5 || diff < -5e-5 {
		t.Errorf("mean %v, want %.4f", e.Data.Mean, mean[0])
	}
	if diff := e.Data.Std[0] - std[0]; diff > 5e-5 || diff < -5e-5 {
		t.Errorf("std %v, want %.4f", e.Data.Std, std[0])
	}
}
