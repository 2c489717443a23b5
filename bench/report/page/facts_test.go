package page

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFlatten(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	tests := []struct {
		why, config string
		want        []fact
	}{
		{"leaves in their order", `{"optim":{"rate":0.1,"decay":[1,2]},"name":"x"}`, []fact{{"optim.rate", "0.1"}, {"optim.decay", "[1,2]"}, {"name", "x"}}},
		{"what is empty is left out", `{"a":"","b":{}}`, []fact{}},
		{"time must not grow with the square of the depth", deep, []fact{{"a" + strings.Repeat(".a", maxDepth-1), deep[5*maxDepth : len(deep)-maxDepth]}}},
	}
	for _, test := range tests {
		got := flatten(json.RawMessage(test.config))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%.1000s", test.why, diff)
		}
	}
}

// FuzzFlatten reads the configuration in a record, of which it is only known that
// it is JSON.
func FuzzFlatten(f *testing.F) {
	f.Add([]byte(`{"optim":{"rate":0.1,"decay":[1,2]},"name":"x"}`))
	f.Add([]byte(`{"a":{"b":{}},"a":[{"c":"d"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) {
			return
		}
		for _, fact := range flatten(data) {
			if fact.Value == "" {
				t.Errorf("%q is empty", fact.Name)
			}
		}
	})
}
