package bench

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"trainbench/bench/experiment"
	"trainbench/bench/profile"
	"trainbench/bench/record"
)

// TestSaboteurs: each changes the recipe of an experiment that has all that they
// change, and says so if there is nothing to change.
func TestSaboteurs(t *testing.T) {
	rich := experiment.Default()
	rich.Suite, rich.Name = "s", "rich"
	rich.Loss.Kind = experiment.BalancedSoftmax
	rich.Sampling.MixupAlpha = 1
	poor := experiment.Default()
	poor.Suite, poor.Name = "s", "poor"
	poor.Data.CropPadding, poor.Data.Flip = 0, false
	poor.Model.Trainable = experiment.Head
	poor.Sampling.Order = experiment.Sequential
	poor.Optim.Momentum, poor.Optim.WeightDecay = 0, 0
	always := map[string]bool{"rate x 0.1": true, "5 % label noise": true, "a tenth of the data missing": true}
	for _, s := range Saboteurs() {
		t.Run(s.Name, func(t *testing.T) {
			changed, ok := s.change(rich)
			if !ok || changed.SHA256() == rich.SHA256() || changed.Name == rich.Name {
				t.Errorf("did %v, to %s; the recipe is the same: %v", ok, changed.Name, changed.SHA256() == rich.SHA256())
			}
			if err := changed.Validate(); err != nil {
				t.Error(err)
			}
			if _, ok := s.change(poor); ok != always[s.Name] {
				t.Errorf("says %v of an experiment that has nothing to change", ok)
			}
		})
	}
}

// TestAuditTables judges made-up samples: a disaster that one seed shows, and an
// honest re-run.
func TestAuditTables(t *testing.T) {
	training := func(name string, values ...float64) *record.Record {
		r := &record.Record{Suite: "s", Experiment: name}
		for i, x := range values {
			r.Samples = append(r.Samples, record.Sample{
				Seed: uint64(100*values[0]) + uint64(i), Status: record.OK, Timing: record.Timing{Train: 2, Eval: .5},
				Metrics: map[string]float64{record.Top1: x, record.F1: x - .5, record.Loss: 1 - x/100},
			})
		}
		return r
	}
	a := &audit{Runner: NewRunner(DefaultOptions()), seeds: 3}
	a.profile = &profile.Profile{Name: "p", Margin: 1}
	for _, name := range []string{"a", "b"} {
		a.baselines = append(a.baselines, training(name, 80.3, 79.9, 80.1, 80, 79.8, 80.2, 79.7, 80.4, 80.1, 79.9))
	}
	a.honest = []rerun{{"none: honest re-run 1", []*record.Record{training("a", 80.05, 80.2, 79.9), training("b", 79.95, 80.1, 80)}}}
	a.sabotaged = []rerun{{"no momentum", []*record.Record{training("a", 60.05, 60, 61), training("b", 80.06, 80, 80.1)}}}
	var got bytes.Buffer
	if err := a.write(&got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Profile p, margin 1 pp: baselines of 10 seeds, re-runs of 3.",
		"| none: honest re-run 1 | 2 | no FAIL |  | no FAIL |",
		"| no momentum | 2 | FAIL | a | FAIL after 1 | a: ",
		fmt.Sprintf("| -seeds 3 | 0 of 1 | 100 %% | 6.0 | %.0f | 1 of 1 | 6.0 | %.0f |", 15., 15.),
		"| -seeds auto, at most 3 | 0 of 1 | 100 % |",
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("no %q in\n%s", want, got.String())
		}
	}
}
