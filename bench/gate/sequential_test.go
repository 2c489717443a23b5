package gate

import (
	"testing"

	"trainbench/bench/record"
)

// TestCrossing compares with Pocock's table of constants (Jennison and Turnbull
// 2000, table 2.1, alpha 0.05, two-sided).
func TestCrossing(t *testing.T) {
	for looks, constant := range map[int]float64{1: 1.960, 2: 2.178, 3: 2.289, 5: 2.413, 10: 2.555, 20: 2.672} {
		var times []float64
		for k := range looks {
			times = append(times, float64(k+1))
		}
		if got := crossing(constant, times); !close(got, .025, .003) {
			t.Errorf("%d looks at %v standard deviations: %v, want 0.025", looks, constant, got)
		}
	}
	// The grid must follow steps that shrink.
	few := []float64{1, 2, 2.01, 2.011}
	if got, want := crossing(2, few), crossing(2, few[:2]); got < want || got > want+.004 {
		t.Errorf("two looks give %v, and two more just after them %v", want, got)
	}
}

func TestPocock(t *testing.T) {
	c := newPocock(10, 10)
	for _, p := range []float64{1e-12, 1e-6, .004, .05, .3} {
		joined := c.join(p)
		if joined <= p || joined > 10*p {
			t.Errorf("join(%v) = %v: want between one and ten times as much", p, joined)
		}
		information := make([]float64, 10)
		for k := range information {
			information[k] = 1 / (1./10 + 1/float64(k+1))
		}
		if want := crossing(normalQuantile(p), information); p >= leastLevel && !close(joined, want, .01) {
			t.Errorf("join(%v) interpolates %v, want %v", p, joined, want)
		}
		if got := c.split(joined); !close(got, p, 1e-9) {
			t.Errorf("split(join(%v)) = %v", p, got)
		}
	}
	if c.join(0) != 0 || c.join(1) != 1 {
		t.Errorf("join(0) = %v, join(1) = %v", c.join(0), c.join(1))
	}
	if one := (pocock{}); one.join(.3) != .3 || one.split(.3) != .3 {
		t.Error("a single look is not left alone")
	}
}

func TestNext(t *testing.T) {
	opt := DefaultOptions()
	opt.MaxSeeds = 4
	tests := []struct {
		why       string
		baseline  *record.Record
		candidate *record.Record
		want      Outcome // of the first verdict, empty for none
		more      bool
	}{
		{"nothing was trained yet", made("e", ten...), made("e"), "", true},
		{"a disaster needs one seed", made("e", ten...), made("e", 60), Fail, false},
		{"a reproduced seed is enough", predicted(made("e", 80, 81), "a", "b"), predicted(made("e", 80), "a"), Reproduced, false},
		{"one seed at the mean proves nothing", made("e", ten...), made("e", 80), Inconclusive, true},
		{"in the end it stays unknown", made("e", ten...), made("e", 79, 80, 81, 80), Inconclusive, false},
		{"seeds at the mean pass at last", made("e", ten...), made("e", 80, 80.1, 79.95, 80.05), Pass, false},
		{"a diverged seed is a verdict", made("e", ten...), diverge(made("e", 80), 1), Fail, false},
		{"what cannot be compared needs no more", made("e", ten...),
			with(made("e", 80), func(r *record.Record) { r.ConfigSHA256 = "x" }), Error, false},
		{"a first baseline is made of all seeds", nil, made("e", 80), New, true},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			baselines := []*record.Record{made("other", ten...)}
			if test.baseline != nil {
				baselines = append(baselines, test.baseline)
			}
			opt := opt
			opt.Margins = map[string]float64{record.F1: .5}
			s, err := NewSequential(baselines, opt)
			if err != nil {
				t.Fatal(err)
			}
			verdicts, more := s.Next(test.candidate)
			got := Outcome("")
			if len(verdicts) > 0 {
				got = verdicts[0].Outcome
			}
			if got != test.want || more != test.more {
				t.Errorf("got %q, more %v: %+v; want %q, %v", got, more, verdicts, test.want, test.more)
			}
			if len(test.candidate.Samples) == 0 {
				return
			}
			final, err := Judge(Input{Baselines: baselines, Candidates: []*record.Record{test.candidate}}, opt)
			if err != nil || final.Verdicts[0].Outcome != got {
				t.Errorf("Judge says %+v, error %v", final.Verdicts, err)
			}
		})
	}
	s, err := NewSequential(nil, opt)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := s.Against([]*record.Record{made("e", ten...)}).Next(made("e", 60)); v[0].Outcome != Fail {
		t.Errorf("against baselines given later: %+v", v)
	}
	if v, _ := s.Next(made("e", 60)); v[0].Outcome != New {
		t.Errorf("Against has changed what it was called on: %+v", v)
	}
	if _, err := NewSequential(nil, DefaultOptions()); err == nil {
		t.Error("no error without MaxSeeds")
	}
}
