package gate

import (
	"math/rand/v2"
	"testing"

	"trainbench/bench/record"
)

// TestPlanIsKept trains what the plan asks for, many times, and counts verdicts.
func TestPlanIsKept(t *testing.T) {
	const sd, families = .3, 400
	opt := DefaultOptions()
	opt.Margins = map[string]float64{record.F1: .5}
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int, mean float64) []float64 {
		var xs []float64
		for range n {
			xs = append(xs, mean+sd*rng.NormFloat64())
		}
		return xs
	}
	names := []string{"a", "b", "c", "d", "e", "f"}
	passed, failed, planned := 0, 0, 0
	for range families {
		var in Input
		for _, name := range names {
			in.Baselines = append(in.Baselines, made(name, draw(10, 80)...))
		}
		rows, err := Plan(in.Baselines, opt, DefaultPlanOptions())
		if err != nil {
			t.Fatal(err)
		}
		in.Candidates = []*record.Record{
			made("a", draw(rows[0].ToPass, 80)...),
			made("b", draw(rows[1].ToFail, 79)...),
		}
		for _, name := range names[2:] {
			in.Candidates = append(in.Candidates, made(name, draw(2, 80)...))
		}
		got, err := Judge(in, opt)
		if err != nil {
			t.Fatal(err)
		}
		planned += rows[0].ToPass + rows[1].ToFail
		if o := got.Find("s/a", record.F1).Outcome; o == Pass || o == Improved {
			passed++
		}
		if got.Find("s/b", record.F1).Outcome == Fail {
			failed++
		}
	}
	// Planned for 80 %; whole numbers of seeds give some more.
	if passed < families*76/100 || failed < families*76/100 || passed > families*95/100 || failed > families*97/100 {
		t.Errorf("of %d families %d passed and %d failed, planned for 80 %% (%.1f seeds on average)",
			families, passed, failed, float64(planned)/2/families)
	}
}

func TestPlan(t *testing.T) {
	opt := DefaultOptions()
	opt.Margins = map[string]float64{record.F1: .5}
	rows, err := Plan([]*record.Record{
		made("quiet", ten...), made("loud", shifted([]float64{-1.5, 1.5, -1, 1}, 80)...), made("still", 80, 80, 80),
	}, opt, DefaultPlanOptions())
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("%d rows, want 2: a deterministic training needs one seed, and no plan", len(rows))
	}
	quiet, loud := rows[0], rows[1]
	if quiet.ToPass < 1 || quiet.ToFail < 1 || quiet.ToPass > 10 || quiet.ToFail > 10 || quiet.EachSide != 0 {
		t.Errorf("quiet: %+v", quiet)
	}
	if loud.ToPass != 0 || loud.EachSide < 50 {
		t.Errorf("four seeds that spread over 3 pp cannot rule out 0.5 pp: %+v", loud)
	}
	for i := range quiet.Sees[1:] {
		if quiet.Sees[i+1] >= quiet.Sees[i] {
			t.Errorf("more seeds see less: %v", quiet.Sees)
		}
	}
	for _, bad := range []PlanOptions{{Power: 1, Loss: 2}, {Power: .8, Loss: 1}, {}} {
		if _, err := Plan(nil, opt, bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
