package suites

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"trainbench/bench/record"
)

// fromFile makes transfer/fixed start from a file. More is of the source, and model
// of the net.
func fromFile(path, more, model string) string {
	return fmt.Sprintf(`, "experiments": {"transfer/fixed": {"model": {%s"source": {"experiment": null, "file": %q%s}}}}`, model, path, more)
}

// TestSources: a source is trained once for each seed, whoever needs it; its
// weights can be taken as a file by another run; and a file that does not serve is
// an error that says why and what to do.
func TestSources(t *testing.T) {
	dir := t.TempDir()
	out, status := run(t, dir, "", "-test.bench", "Transfer")
	wantStatus(t, status, 0, out)
	if n := strings.Count(out, "# source of"); n != 2 {
		t.Errorf("%d sources were trained, want 2: one for each seed, for both experiments:\n%s", n, out)
	}
	sources, err := filepath.Glob(filepath.Join(dir, "results", "tiny", "sources", "*.safetensors"))
	if err != nil || len(sources) != 2 {
		t.Fatalf("sources %v, %v: want 2", sources, err)
	}

	other := t.TempDir()
	out, status = run(t, other, fromFile(sources[0], `, "pretrained_on": "digits 0 to 4"`, ""), "-test.bench", "Transfer/method=fixed")
	wantStatus(t, status, 0, out)
	wantText(t, out, "Weights pretrained on digits 0 to 4.")
	records, err := record.LoadResults(filepath.Join(other, "results", "tiny"))
	if err != nil || len(records) != 1 {
		t.Fatalf("%d records, %v: want 1", len(records), err)
	}
	for _, s := range records[0].Samples {
		if s.Weights.SourceSHA256 == "" || s.Weights.InitialSHA256 == s.Weights.FinalSHA256 {
			t.Errorf("seed %d: source %q, initial and final weights %q and %q", s.Seed, s.Weights.SourceSHA256, s.Weights.InitialSHA256, s.Weights.FinalSHA256)
		}
	}

	tests := []struct {
		why, more string
		says      []string
	}{
		{"no such file, but known where to get it", fromFile("resnet20-12fca82f.th", "", ""),
			[]string{"transfer/fixed", "resnet20-12fca82f.th", "trainbench fetch -to DIR resnet20-cifar10"}},
		{"no such file", fromFile("mine.pt", "", ""), []string{"mine.pt", "neither in the working directory nor in the folder of the datasets"}},
		{"another file of that name", fromFile(sources[0], `, "file_sha256": "0123456789"`, ""), []string{"the SHA-256 is", "0123456789"}},
		{"weights of a shallower net", fromFile(sources[0], "", `"depth": 10, `),
			[]string{"missing: layer1.1.conv1.weight"}},
		{"a file that says it saw the target", fromFile(sources[0], `, "saw_target": true`, ""), []string{"not transfer"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			out, _ := run(t, t.TempDir(), test.more, "-test.bench", "Transfer/method=fixed", "-data", t.TempDir())
			wantText(t, out, test.says...)
		})
	}
}

// TestKnownAccuracy evaluates published weights on the real test set, if both are
// there: 9,173 of 10,000 are right, on every backend.
func TestKnownAccuracy(t *testing.T) {
	folder := os.Getenv("TRAINBENCH_DATA")
	if _, err := os.Stat(filepath.Join(folder, "resnet20-12fca82f.th")); folder == "" || err != nil {
		t.Skip("no resnet20-12fca82f.th in $TRAINBENCH_DATA: trainbench fetch resnet20-cifar10 cifar-10")
	}
	backends := []string{"xla:cpu", "go"}
	if os.Getenv("PJRT_PLUGIN_LIBRARY_PATH") == "" {
		backends = backends[1:]
	}
	for _, backend := range backends {
		t.Run(backend, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0], "-test.run", "^$", "-test.bench", "Skip", "-profile", "known-accuracy", "-backend", backend,
				"-results", dir, "-baselines", filepath.Join(dir, "none"), "-published", "")
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			records, err := record.LoadResults(filepath.Join(dir, "known-accuracy"))
			if err != nil || len(records) != 1 {
				t.Fatalf("%d records, %v: want 1\n%s", len(records), err, out)
			}
			s := records[0].Samples[0]
			if got := s.Metrics[record.Top1]; got != 91.73 {
				t.Errorf("top-1 %v %%, want 91.73", got)
			}
			t.Logf("top-1 %.2f %%, macro-F1 %.2f %%, %.0f s", s.Metrics[record.Top1], s.Metrics[record.F1], s.Timing.Compile+s.Timing.Eval)
		})
	}
}
