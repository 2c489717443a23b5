package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const log = `=== RUN   TestNets
    parity_test.go:10: parity: TestNets/go/plain20: logits in training: 2.0e-06, allowed 1e-05
    parity_test.go:10: parity: TestNets/go/full: logits in training: 3.0e-06, allowed 1e-05 (fc, the worst of 3)
    parity_test.go:10: parity: TestNets/xla:cpu/full: logits in training: 1.0e-06, allowed 1e-05
    sklearn_test.go:59: parity: TestSklearn/absent: 1.1e-16, allowed 1e-12
--- PASS: TestNets (0.1s)
`

const table = `| test | what | cases | pure Go | XLA CPU | allowed |
|---|---|--:|--:|--:|--:|
| TestNets | logits in training | 2 | 3.0e-06 | 1.0e-06 | 1e-05 |
| TestSklearn | – | 1 | 1.1e-16 | – | 1e-12 |
`

func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(strings.NewReader(log), &out, ""); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(table, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("before\n"+begin+"old\n"+end+"after\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := run(strings.NewReader(log), nil, path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("before\n"+begin+"\n"+table+"\n"+end+"after\n", string(got)); diff != "" {
		t.Errorf("in a file (-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	unmarked := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(unmarked, []byte("text\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ why, log, path string }{
		{"no deviations", "ok trainbench/bench 1s\n", ""},
		{"a failed test", log + "--- FAIL: TestNets (0.1s)\n", ""},
		{"a file without marks", log, unmarked},
		{"no such file", log, unmarked + "x"},
	}
	for _, test := range tests {
		if err := run(strings.NewReader(test.log), &bytes.Buffer{}, test.path); err == nil {
			t.Errorf("%s: no error", test.why)
		}
	}
}
