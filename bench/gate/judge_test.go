package gate

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/record"
)

// made returns a record of suite "s" with one sample for each value of F1, seeds
// from 42 on. Predictions are told apart by their hash alone.
func made(name string, f1 ...float64) *record.Record {
	r := &record.Record{Profile: "p", Suite: "s", Experiment: name, Config: json.RawMessage(`{"rate":0.1}`), ConfigSHA256: "c"}
	for i, x := range f1 {
		r.Samples = append(r.Samples, record.Sample{
			Seed: uint64(42 + i), Status: record.OK, Metrics: map[string]float64{record.F1: x},
			Data: record.Data{Dataset: "d", SHA256: "d1", SubsetSHA256: "s1"},
		})
	}
	return r
}

func with(r *record.Record, change func(*record.Record)) *record.Record {
	change(r)
	return r
}

// predicted gives every sample the predictions with these hashes.
func predicted(r *record.Record, hashes ...string) *record.Record {
	for i := range r.Samples {
		r.Samples[i].Predictions = &record.Predictions{SHA256: hashes[i]}
	}
	return r
}

func diverge(r *record.Record, n int) *record.Record {
	for i := range r.Samples[:n] {
		s := &r.Samples[i]
		s.Status, s.Metrics, s.Predictions, s.Detail = record.Diverged, nil, nil, "loss is NaN at step 3"
	}
	return r
}

// ten are baseline values with a mean of 80 and a standard deviation of 0.3.
var ten = []float64{79.55, 79.73, 79.8, 79.9, 79.97, 80.03, 80.1, 80.2, 80.27, 80.45}

func shifted(xs []float64, by float64) []float64 {
	var out []float64
	for _, x := range xs {
		out = append(out, x+by)
	}
	return out
}

func TestOutcomes(t *testing.T) {
	five := []float64{79.7, 79.9, 80, 80.1, 80.3}
	tests := []struct {
		why                 string
		baseline, candidate *record.Record
		want                Outcome
		reason              string // part of Reason or Detail
	}{
		{"no change, enough seeds", made("e", ten...), made("e", five...), Pass, "a loss of 0.5 pp is ruled out"},
		{"a loss of twice the margin", made("e", ten...), made("e", shifted(five, -1)...), Fail, "macro-F1 -1.00 pp ["},
		{"a gain", made("e", ten...), made("e", shifted(five, +1)...), Improved, "a gain is shown"},
		{"one seed of a noisy training settles nothing", made("e", shifted(ten, 0)...), made("e", 79.9), Inconclusive, "more seed"},
		{"one seed shows a disaster", made("e", ten...), made("e", 60), Fail, "a loss is shown"},
		{"one seed a side, and nothing to borrow from", made("e", 80), made("e", 60), Inconclusive, "no spread"},
		{"a shown loss within the margin is what we do not care about",
			made("e", slices.Repeat(ten, 4)...), made("e", shifted(slices.Repeat(ten, 4), -.3)...), Pass, "a smaller one is shown"},
		{"a loss in the sixth digit is exact, and within the margin", made("e", 80, 80, 80), made("e", 79.999999), Pass, "ruled out"},
		{"a deterministic pair with a loss", made("e", 80, 80, 80), made("e", 79), Fail, "-1.00 pp [-1.00, -1.00]"},
		{"a deterministic pair with a gain", made("e", 80, 80, 80), made("e", 81, 81, 81), Improved, "+1.00"},
		{"two seeds that tie are not deterministic", made("e", 80, 80), made("e", 80.2, 80.2), Inconclusive, "no spread"},
		{"a net that collapsed gives the same for every seed", made("e", ten...), made("e", 10, 10, 10), Fail, "-70.00"},

		{"equal predictions", predicted(made("e", 80, 81), "a", "b"), predicted(made("e", 80, 81), "a", "b"), Reproduced, "2 seeds"},
		{"one seed of those in the baseline", predicted(made("e", 80, 81), "a", "b"), predicted(made("e", 80), "a"), Reproduced, "1 seed "},
		{"other code, equal predictions", predicted(made("e", 80), "a"), with(predicted(made("e", 80), "a"), func(r *record.Record) {
			r.Samples[0].Env.Code = "new"
		}), Reproduced, "bit for bit"},
		{"equal predictions elsewhere", predicted(made("e", 80), "a"), with(predicted(made("e", 80), "a"), func(r *record.Record) {
			r.Samples[0].Env.Backend = "xla:cuda"
		}), Pass, "other backend"},
		{"equal means without predictions are not reproduced", made("e", 80, 81), made("e", 80, 81), Inconclusive, ""},
		{"one seed of two differs", predicted(made("e", 80, 81), "a", "b"), predicted(made("e", 80, 81), "a", "x"), Inconclusive, ""},

		{"another config", made("e", ten...), with(made("e", ten...), func(r *record.Record) {
			r.ConfigSHA256, r.Config = "x", json.RawMessage(`{"rate":0.2}`)
		}), Error, `"rate":`},
		{"another subset", made("e", ten...), with(made("e", ten...), func(r *record.Record) {
			r.Samples[3].Data.SubsetSHA256 = "s2"
		}), Error, "the baseline has d s1 and the candidate, seed 45, d s2"},
		{"another dataset", made("e", ten...), with(made("e", ten...), func(r *record.Record) {
			r.Samples[0].Data.SHA256 = "d2"
		}), Error, "another dataset"},
		{"another profile", made("e", ten...), with(made("e", ten...), func(r *record.Record) { r.Profile = "q" }), Error, "profile"},
		{"NaN is no number to average", made("e", ten...), made("e", 80, math.NaN()), Error, "seed 43 is NaN"},
		{"a metric went missing", made("e", ten...), with(made("e", 80), func(r *record.Record) {
			r.Samples[0].Metrics = map[string]float64{record.Loss: 1}
		}), Error, "the candidate does not"},
		{"a seed failed", made("e", ten...), with(made("e", ten...), func(r *record.Record) {
			s := &r.Samples[1]
			s.Status, s.Metrics, s.Detail = record.Failed, nil, "out of memory"
		}), Error, "seed 43 failed: out of memory"},
		{"no samples at all", made("e", ten...), made("e"), Error, "no samples"},

		{"it never diverged before", made("e", ten...), diverge(made("e", five...), 1), Fail, "seed 42 diverged: loss is NaN at step 3 (1 of 5 seeds; none of 10"},
		{"it diverges as often as before", diverge(made("e", ten...), 3), diverge(made("e", five...), 1), Pass, ""},
		{"it diverges more often", diverge(made("e", ten...), 1), diverge(made("e", five...), 4), Fail, "more often"},
		{"it diverges where it did", diverge(predicted(made("e", 1, 80), "", "b"), 1), diverge(predicted(made("e", 1, 80), "", "b"), 1), Reproduced, "2 seeds"},
		{"the same training, and bad luck with a new seed", predicted(made("e", 80, 81), "a", "b"),
			with(predicted(made("e", 80, 81, 1), "a", "b", ""), func(r *record.Record) {
				r.Samples[2].Status, r.Samples[2].Metrics, r.Samples[2].Predictions = record.Diverged, nil, nil
			}), Reproduced, "2 seeds"},
		{"every seed diverges where it did", diverge(made("e", ten...), 5), diverge(made("e", 1, 2), 2), Reproduced, "2 seeds diverged"},
		{"nothing left to compare", diverge(made("e", ten...), 5), with(diverge(made("e", 1, 2), 2), func(r *record.Record) {
			r.Samples[0].Detail = "loss is NaN at step 4"
		}), Inconclusive, "all of 2 seeds diverged"},
		{"a baseline that always diverged", diverge(made("e", five...), 5), made("e", five...), Error, "accept another"},
		{"no baseline", nil, made("e", 80), New, "-update"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			in := Input{Candidates: []*record.Record{test.candidate}}
			if test.baseline != nil {
				in.Baselines = []*record.Record{test.baseline}
			}
			got, err := Judge(in, DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Verdicts) != 1 {
				t.Fatalf("%d verdicts, want 1: %+v", len(got.Verdicts), got.Verdicts)
			}
			v := got.Verdicts[0]
			if brief, err := Decide(in, DefaultOptions()); err != nil || brief[0].Outcome != v.Outcome {
				t.Errorf("Decide says %+v, error %v", brief, err)
			}
			if v.Outcome != test.want || !strings.Contains(v.Reason+v.Detail, test.reason) {
				t.Errorf("got %s: %s\n%s\nwant %s with %q", v.Outcome, v.Reason, v.Detail, test.want, test.reason)
			}
			if _, err := json.Marshal(got); err != nil {
				t.Errorf("the report cannot be written: %v", err)
			}
		})
	}
}

func TestLowerIsBetter(t *testing.T) {
	loss := func(xs []float64) *record.Record {
		r := made("e", xs...)
		for i, x := range xs {
			r.Samples[i].Metrics = map[string]float64{record.Loss: x}
		}
		return r
	}
	opt := DefaultOptions()
	opt.Margins = map[string]float64{record.Loss: .5}
	for by, want := range map[float64]Outcome{+1: Fail, -1: Improved} {
		got, err := Judge(Input{
			Baselines:  []*record.Record{loss(ten)},
			Candidates: []*record.Record{loss(shifted(ten, by))},
		}, opt)
		if err != nil {
			t.Fatal(err)
		}
		if v := got.Verdicts[0]; v.Outcome != want || math.Abs(v.Difference-by) > 1e-9 {
			t.Errorf("loss %+v: got %s, difference %v, want %s", by, v.Outcome, v.Difference, want)
		}
	}
}

func TestMissingCandidates(t *testing.T) {
	in := Input{
		Baselines:  []*record.Record{made("a", ten...), made("b", ten...)},
		Candidates: []*record.Record{made("a", ten...)},
	}
	opt := DefaultOptions()
	got, err := Judge(in, opt)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status() != StatusPass || !cmp.Equal(got.NotRun, []string{"s/b"}) {
		t.Errorf("selected: status %s, not run %q", got.Status(), got.NotRun)
	}
	opt.RequireAll = true
	if got, _ = Judge(in, opt); got.Status() != StatusError || got.Find("s/b", record.F1).Outcome != Error {
		t.Errorf("required: status %s", got.Status())
	}
}

func TestSpreadIsBorrowed(t *testing.T) {
	var baselines []*record.Record
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		baselines = append(baselines, made(name, ten...))
	}
	baselines = append(baselines, made("f", 80))
	got, err := Judge(Input{Baselines: baselines, Candidates: []*record.Record{made("f", 60)}}, DefaultOptions())
	if err != nil {
		t.Fatal(err)
	}
	v := got.Find("s/f", record.F1)
	if v.Outcome != Fail || v.Borrowed != "5 baselines, pooled" || !strings.Contains(v.Reason, "spread from 5 baselines, pooled") {
		t.Errorf("one seed a side beside five baselines: %s, borrowed %q: %s", v.Outcome, v.Borrowed, v.Reason)
	}
}

func TestClaims(t *testing.T) {
	low, high := shifted(ten, 0), shifted(ten, 4)
	claim := func(kind record.ClaimKind, a, b string, gap float64) record.Claim {
		return record.Claim{Text: "x", Kind: kind, A: a, B: b, Metric: record.F1, Gap: gap}
	}
	tests := []struct {
		why        string
		claim      record.Claim
		want       ClaimOutcome
		regression bool
	}{
		{"far above the target", claim(record.AtLeast, "low", "", 70), Supported, false},
		{"far below the target", claim(record.AtLeast, "high", "", 90), Refuted, true},
		{"at the target", claim(record.AtLeast, "low", "", 80), Undecided, false},
		{"a gap that is there", claim(record.Greater, "high", "low", 3), Supported, false},
		{"a gap that is too large", claim(record.Greater, "high", "low", 5), Refuted, true},
		{"a gap that is about it", claim(record.Greater, "high", "low", 4), Undecided, false},
		{"equal within 1", claim(record.Equivalent, "low", "low", 1), Supported, false},
		{"not equal within 1", claim(record.Equivalent, "high", "low", 1), Refuted, true},
		{"equal within what the samples cannot see", claim(record.Equivalent, "low", "low", .01), Undecided, false},
		{"one seed has no spread but that of the baselines", claim(record.Greater, "one", "low", 1), Supported, false},
		{"an experiment that was not selected", claim(record.Greater, "absent", "low", 1), ClaimNotRun, false},
		{"a kind from the future", claim("almost", "high", "low", 1), Undecided, false},
		{"already false in the baseline", claim(record.Greater, "low", "old", 1), Refuted, false},
	}
	candidates := []*record.Record{made("low", low...), made("high", high...), made("one", 99), made("old", low...)}
	baselines := []*record.Record{made("low", low...), made("old", high...), made("other", low...)}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			got, err := Judge(Input{
				Baselines: baselines, Candidates: candidates,
				Suites: []record.Suite{{Name: "s", Claims: []record.Claim{test.claim}}},
			}, DefaultOptions())
			if err != nil {
				t.Fatal(err)
			}
			if r := got.Claims[0]; r.Outcome != test.want || r.Regression != test.regression {
				t.Errorf("got %s, regression %v: %s\nwant %s, %v", r.Outcome, r.Regression, r.Reason, test.want, test.regression)
			}
		})
	}
}

func TestStatus(t *testing.T) {
	tests := []struct {
		why      string
		outcomes []Outcome
		want     Status
		exit     int
	}{
		{"nothing was run", nil, StatusPass, 0},
		{"what is new is no failure", []Outcome{New, Pass, Improved, Reproduced}, StatusPass, 0},
		{"not knowing outweighs passing", []Outcome{Pass, Inconclusive}, StatusInconclusive, 3},
		{"not comparable outweighs not knowing", []Outcome{Inconclusive, Error}, StatusError, 2},
		{"a shown loss outweighs all", []Outcome{Error, Fail, Inconclusive}, StatusRegression, 1},
	}
	for _, test := range tests {
		var r Report
		for _, o := range test.outcomes {
			r.Verdicts = append(r.Verdicts, Verdict{Outcome: o})
		}
		if got := r.Status(); got != test.want || got.ExitCode() != test.exit {
			t.Errorf("%s: %s with exit code %d, want %s with %d", test.why, got, got.ExitCode(), test.want, test.exit)
		}
	}
	r := Report{Claims: []ClaimResult{{Outcome: Refuted, Regression: true}}}
	if r.Status() != StatusRegression {
		t.Error("a newly refuted claim does not fail the run")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for why, change := range map[string]func(*Options){
		"alpha":    func(o *Options) { o.Alpha = 0 },
		"margin":   func(o *Options) { o.Margins = map[string]float64{"x": math.NaN()} },
		"nothing":  func(o *Options) { o.Margins = nil },
		"trifling": func(o *Options) { o.Trifling = 1 },
	} {
		opt := DefaultOptions()
		change(&opt)
		if _, err := Judge(Input{}, opt); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: got error %v", why, err)
		}
	}
}
