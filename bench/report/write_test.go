package report

import "testing"

// FuzzOptions reads gate.json: what is accepted can be judged with.
func FuzzOptions(f *testing.F) {
	f.Add([]byte(`{"status": "pass", "options": {"alpha": 0.05, "margins": {"top1-pct": 0.5}, "trifling": 0.3, "max_seeds": 9}, "verdicts": [{}]}`))
	f.Add([]byte(`{"options": {"alpha": 2}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		opt, err := parseOptions(data)
		if err != nil {
			return
		}
		if err := opt.Validate(); err != nil {
			t.Error(err)
		}
	})
}
