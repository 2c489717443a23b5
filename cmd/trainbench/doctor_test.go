package main

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"trainbench/bench/doctor"
)

func TestDoctor(t *testing.T) {
	dir := t.TempDir()
	var r doctor.Report
	if err := json.Unmarshal([]byte(must(t, "doctor", "-json", "-load=false", "-data", dir)), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Missing) == 0 || r.Files[0].Says != "not in "+filepath.Clean(dir) {
		t.Errorf("an empty folder misses nothing: %+v", r)
	}
	if code, _, stderr := trainbench("", "doctor", "-strict", "-load=false", "-data", dir); code != 1 {
		t.Errorf("-strict with something missing: exit code %d, want 1\n%s", code, stderr)
	}
	if code, _, _ := trainbench("", "doctor", "now"); code != 2 {
		t.Errorf("an argument: exit code %d, want 2", code)
	}
}
