package suites

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"

	"trainbench/bench/record"
)

// tiny is the smoke profile at a scale of seconds.
const tiny = `{
	"version": 1, "name": "tiny", "base": "smoke", "seeds": 2,
	"skip": ["imbalance/balanced-softmax", "imbalance/oversampling", "imbalance/mixup", "imbalance/weighted",
		"imbalance/focal", "imbalance/post-hoc", "imbalance/logit-adjusted"],
	"suites": {
		"skip": {"model": {"depth": 6, "width": 4}, "data": {"per_class": [20]}, "train": {"epochs": 2, "eval_every": 1}},
		"imbalance": {"model": {"width": 4}, "train": {"epochs": 2, "eval_every": 1}},
		"transfer": {"train": {"epochs": 2}, "model": {"source": {"experiment": {"train": {"epochs": 2}}}}}
	},
	"claims": {
		"skip/plain20 learns": {"gap": 0}, "skip/resnet20 learns": {"gap": 0}, "skip/resnet20 beats plain20": {"drop": true},
		"transfer/fixed learns": {"gap": 0}, "imbalance/balanced-mixup helps": {"drop": true}
	}%s
}`

// run runs this program's benchmarks with a profile in a folder of results, as a
// user does, on pure Go.
func run(t *testing.T, dir, more string, flags ...string) (stdout string, status int) {
	t.Helper()
	path := filepath.Join(dir, "tiny.json")
	if err := os.WriteFile(path, []byte(strings.Replace(tiny, "%s", more, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], append([]string{
		"-test.run", "^$", "-test.bench", ".", "-profile", path, "-backend", "go",
		"-results", filepath.Join(dir, "results"), "-baselines", filepath.Join(dir, "baselines"),
	}, flags...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out // as go test joins them
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

func wantStatus(t *testing.T, got, want int, out string) {
	t.Helper()
	if got != want {
		t.Fatalf("exit status %d, want %d:\n%s", got, want, out)
	}
}

func wantText(t *testing.T, out string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(out, text) {
			t.Errorf("the output does not say %q:\n%s", text, out)
		}
	}
}

// TestRun goes through the life of a baseline.
func TestRun(t *testing.T) {
	dir := t.TempDir()

	out, status := run(t, dir, "", "-update", "-reason", "first")
	wantStatus(t, status, 0, out)
	wantText(t, out, "no baseline yet", "# baseline skip/plain20: stored", "| resnet20")
	checkBenchmarkFormat(t, out)

	out, status = run(t, dir, "")
	wantStatus(t, status, 0, out)
	wantText(t, out, "(cached)", "REPRODUCED")
	if n := strings.Count(out, "(cached)"); n != 2*6 {
		t.Errorf("%d samples were cached, want all 12", n)
	}

	out, status = run(t, dir, "", "-fresh", "-test.bench", "Skip")
	wantStatus(t, status, 0, out)
	wantText(t, out, "REPRODUCED    skip/plain20", "REPRODUCED    skip/resnet20")
	if strings.Contains(out, "(cached)") {
		t.Error("-fresh took a stored sample")
	}

	// One seed that gives the same predictions settles it.
	out, status = run(t, dir, "", "-seeds", "auto", "-test.bench", "Skip")
	wantStatus(t, status, 0, out)
	wantText(t, out, "skip/plain20 seed 42", "REPRODUCED    skip/plain20")
	if strings.Contains(out, "seed 43") {
		t.Errorf("-seeds auto went on after the verdict stood:\n%s", out)
	}

	// A baseline that was 30 points better is a regression.
	better(t, record.BaselinePath(filepath.Join(dir, "baselines", "tiny"), "skip", "resnet20"), 30)
	out, status = run(t, dir, "", "-test.bench", "Skip")
	wantStatus(t, status, 1, out)
	wantText(t, out, "FAIL          skip/resnet20", "REPRODUCED    skip/plain20")

	// Another recipe is no regression: it cannot be compared.
	out, status = run(t, dir, `, "experiments": {"skip/plain20": {"optim": {"rate": 0.05}}}`, "-test.bench", "Skip/method=plain20")
	wantStatus(t, status, 2, out)
	wantText(t, out, "ERROR", "skip/plain20", "rate")

	// A training that diverges is a result, and the others go on.
	out, status = run(t, dir, `, "experiments": {"skip/plain20": {"optim": {"rate": 1e30}}}`,
		"-test.bench", "Skip", "-baselines", filepath.Join(dir, "none"))
	wantStatus(t, status, 0, out)
	wantText(t, out, "DIVERGED: the loss was", "step", "skip/resnet20 seed 43: top-1")
}

// TestParallel: samples that are trained side by side are those that are trained one
// after the other, bit for bit, and their lines come in the same order.
func TestParallel(t *testing.T) {
	dir := t.TempDir()
	out, status := run(t, dir, "", "-parallel", "1", "-update", "-reason", "one after the other")
	wantStatus(t, status, 0, out)
	lines := benchmarkNames(out)
	for _, test := range []struct {
		why   string
		flags []string
		seeds int // of each experiment
	}{
		{"more than an experiment has seeds", []string{"-parallel", "3"}, 2},
		{"as go test -parallel says it", []string{"-test.parallel", "3"}, 2},
		{"one is enough where predictions are equal", []string{"-parallel", "3", "-seeds", "auto"}, 1},
	} {
		out, status := run(t, dir, "", append([]string{"-fresh"}, test.flags...)...)
		wantStatus(t, status, 0, out)
		if n := strings.Count(out, "REPRODUCED    "); n != 6 || strings.Contains(out, "(cached)") {
			t.Errorf("%s: %d of 6 experiments are reproduced:\n%s", test.why, n, out)
		}
		want := slices.DeleteFunc(slices.Clone(lines), func(name string) bool {
			return test.seeds == 1 && strings.Contains(name, "seed=43")
		})
		if diff := cmp.Diff(want, benchmarkNames(out)); diff != "" {
			t.Errorf("%s: lines (-want +got):\n%s", test.why, diff)
		}
		s, err := record.Read(record.SamplePath(filepath.Join(dir, "results", "tiny"), "skip", "resnet20", 42))
		if err != nil || s.Samples[0].Timing.Parallel != 3 {
			t.Errorf("%s: the sample does not say that 3 were trained side by side: %v", test.why, err)
		}
	}
}

// benchmarkNames are those of the benchmark lines, in order.
func benchmarkNames(out string) []string {
	var names []string
	for line := range strings.Lines(out) {
		if name, _, ok := strings.Cut(line, " "); ok && strings.HasPrefix(name, "Benchmark") {
			names = append(names, name)
		}
	}
	return names
}

// better rewrites a baseline as if its trainings had been better by some points.
func better(t *testing.T, path string, points float64) {
	t.Helper()
	r, err := record.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Samples {
		r.Samples[i].Predictions = nil
		r.Samples[i].Metrics[record.Top1] += points
		r.Samples[i].Metrics[record.F1] += points
	}
	if err := r.Write(path); err != nil {
		t.Fatal(err)
	}
}

// TestUserErrors checks that a slip says where it is, and costs nothing.
func TestUserErrors(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		why   string
		more  string
		flags []string
		want  []string
	}{
		{"a profile that does not exist", "", []string{"-profile", "fast"}, []string{`"fast"`, "smoke"}},
		{"a field that does not exist", `, "experiments": {"skip/plain20": {"optim": {"lr": 1}}}`, nil, []string{"tiny.json:", "optim.lr"}},
		{"an experiment that does not exist", `, "experiments": {"skip/plain21": {}}`, nil, []string{"tiny.json:", "plain21"}},
		{"a value that is out of range", `, "experiments": {"skip/plain20": {"model": {"depth": 7}}}`, nil, []string{"tiny.json:", "model.depth is 7"}},
		{"a backend that does not exist", "", []string{"-backend", "gpu"}, []string{`"gpu"`, "xla:cuda"}},
		{"a plugin that is not there", "", []string{"-backend", "xla:/nowhere/plugin.so"}, []string{"/nowhere/plugin.so"}},
		{"data that is not there", `, "experiments": {"skip/plain20": {"data": {"dataset": "cifar-10", "mean": [0.5, 0.5, 0.5], "std": [1, 1, 1]}}}`,
			[]string{"-data", "/nowhere"}, []string{"cifar-10", "/nowhere"}},
		{"an update without a reason", "", []string{"-update"}, []string{"-reason"}},
		{"a benchtime that trains twice", "", []string{"-test.benchtime", "2x"}, []string{"-benchtime 1x"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			out, status := run(t, dir, test.more, append([]string{"-test.bench", "Skip/method=plain20"}, test.flags...)...)
			if status == 0 {
				t.Errorf("exit status 0")
			}
			wantText(t, out, test.want...)
			if strings.Contains(out, "goroutine ") || strings.Contains(out, "panic") {
				t.Errorf("a panic reaches the user:\n%s", out)
			}
		})
	}
}

// checkBenchmarkFormat reads output with the library that benchstat reads it with.
func checkBenchmarkFormat(t *testing.T, out string) {
	t.Helper()
	reader := benchfmt.NewReader(strings.NewReader(out), "out")
	results, units := 0, map[string]string{}
	for reader.Scan() {
		switch r := reader.Result().(type) {
		case *benchfmt.SyntaxError:
			t.Error(r)
		case *benchfmt.UnitMetadata:
			units[r.Unit] = r.Value
		case *benchfmt.Result:
			results++
			base, parts := r.Name.Parts()
			if len(parts) < 2 || !strings.HasPrefix(string(parts[0]), "/method=") || !strings.HasPrefix(string(parts[1]), "/seed=") {
				t.Errorf("name %q does not have method and seed", r.Name.Full())
			}
			for _, unit := range []string{record.Top1, record.F1} {
				if v, ok := r.Value(unit); !ok || v < 0 || v > 100 {
					t.Errorf("%s: %s is %v (there: %v), want per cent", base, unit, v, ok)
				}
			}
		}
	}
	if err := reader.Err(); err != nil {
		t.Error(err)
	}
	if results != 2*6 {
		t.Errorf("%d results, want 6 experiments with 2 seeds", results)
	}
	if units[record.Top1] != "higher" || units["sec/epoch"] != "lower" {
		t.Errorf("units: %v", units)
	}
}
