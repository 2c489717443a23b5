package trainbench_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// action is what action.yml says.
type action struct {
	Inputs map[string]struct{ Default string }
	Runs   struct{ Steps []step }
}

// step is one of its steps.
type step struct {
	ID, Name, If, Shell, Uses, Run string
	WorkingDirectory               string `yaml:"working-directory"`
	Env                            map[string]string
}

// runner does what GitHub's does with a composite action: it runs the steps in a
// folder, after a failed one only those that say so, and reads what they leave in
// files.
type runner struct {
	dir, temp, path  string
	Summary, Outputs string
	Printed          string
}

func (r *runner) run(t *testing.T, a action, with map[string]string) (failed []string) {
	t.Helper()
	inputs := map[string]string{}
	for name, input := range a.Inputs {
		inputs[name] = input.Default
	}
	for name, value := range with {
		if _, ok := inputs[name]; !ok {
			t.Fatalf("action.yml has no input %s", name)
		}
		inputs[name] = value
	}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, name := range []string{"GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT", "GITHUB_PATH"} {
		files[name] = filepath.Join(r.temp, name)
		if err := os.WriteFile(files[name], nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	read := func(name string) string {
		text, err := os.ReadFile(files[name])
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	r.Printed, r.path = "", os.Getenv("PATH")
	for _, s := range a.Runs.Steps {
		if s.Run == "" || len(failed) > 0 && s.If != "${{ !cancelled() }}" {
			continue
		}
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run)
		cmd.Dir = filepath.Join(r.dir, expanded(t, s.WorkingDirectory, inputs))
		cmd.Env = append(os.Environ(), "GITHUB_ACTION_PATH="+root, "RUNNER_TEMP="+r.temp, "PATH="+r.path, quick)
		for name, path := range files {
			cmd.Env = append(cmd.Env, name+"="+path)
		}
		for name, value := range s.Env {
			cmd.Env = append(cmd.Env, name+"="+expanded(t, value, inputs))
		}
		out, err := cmd.CombinedOutput()
		r.Printed += string(out)
		if err != nil {
			failed = append(failed, s.Name)
		}
		for added := range strings.Lines(read("GITHUB_PATH")) {
			r.path = strings.TrimSpace(added) + ":" + r.path
		}
	}
	r.Summary, r.Outputs = read("GITHUB_STEP_SUMMARY"), read("GITHUB_OUTPUT")
	return failed
}

// expanded replaces the expressions of a workflow that action.yml has.
func expanded(t *testing.T, s string, inputs map[string]string) string {
	t.Helper()
	return regexp.MustCompile(`\$\{\{ (\S+) \}\}`).ReplaceAllStringFunc(s, func(expression string) string {
		name, ok := strings.CutPrefix(strings.Trim(expression, "${} "), "inputs.")
		if _, known := inputs[name]; !ok || !known {
			t.Fatalf("%s is not known here", expression)
		}
		return inputs[name]
	})
}

// TestAction runs the steps of action.yml in the module of docs/experiments.md:
// at first, with a baseline and a bug in the net, and with code that does not
// build; and with rows of another framework.
func TestAction(t *testing.T) {
	text, err := os.ReadFile("action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a action
	if err := yaml.Unmarshal(text, &a); err != nil {
		t.Fatal(err)
	}
	r := &runner{dir: ownModule(t, append(blocks(t, "docs/experiments.md"), blocks(t, "docs/pytorch.md")...)), temp: t.TempDir()}
	suite := map[string]string{"profile": "short.json", "flags": "-backend go -seeds 5"}
	source := filepath.Join(r.dir, "suites", "stripes_test.go")
	tests := []struct {
		why     string
		before  func()
		with    map[string]string
		failed  []string
		outputs string
		summary []string
		printed string
	}{
		{"nothing is accepted yet", func() {}, suite, nil, "status=pass\n",
			[]string{"## hidden: Do more hidden units help?", "| wide       |      1,074 |     5 |", "### Gate: pass", "| NEW | hidden/wide |"}, "::notice title=gate::pass (2 NEW)"},
		{"a net that lost its hidden layer's bend", func() {
			r.shell(t, "trainbench accept -reason first baselines/short results/short")
			edit(t, source, "p.Tape.ReLU(p.Dense", "(p.Dense")
		}, suite,
			[]string{"Make results", "Gate"}, "status=regression\n", []string{"### Gate: regression", "| **FAIL** | hidden/wide | top-1 |"}, "::error title=FAIL hidden/wide top-1::"},
		{"code that does not build", func() {
			edit(t, source, "return &model.Net", "return &model.Net_")
			r.shell(t, "rm -r results")
		}, suite, []string{"Make results", "Post the tables", "Gate"}, "status=error\n", nil, "undefined: model.Net_"},
		{"rows of another framework", func() {}, map[string]string{
			"profile": "pytorch", "gate-flags": "-margin 1",
			"run": "trainbench import -o results/pytorch -suite cifar -experiment model -metric 'top1-pct=val_acc*100' runs.csv\nls results",
		}, nil, "status=pass\n", []string{"| resnet20   |", "| NEW | cifar/resnet20 |"}, "pytorch\n"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			test.before()
			failed := r.run(t, a, test.with)
			if diff := cmp.Diff(test.failed, failed); diff != "" {
				t.Errorf("steps that failed (-want +got):\n%s\n%s", diff, r.Printed)
			}
			if r.Outputs != test.outputs || !strings.Contains(r.Printed, test.printed) {
				t.Errorf("outputs %q, want %q; want %q in\n%s", r.Outputs, test.outputs, test.printed, r.Printed)
			}
			for _, want := range test.summary {
				if !strings.Contains(r.Summary, want) {
					t.Errorf("the summary does not say %q:\n%s", want, r.Summary)
				}
			}
		})
	}
}

// shell runs a command with the PATH of the steps so far.
func (r *runner) shell(t *testing.T, command string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", command)
	cmd.Dir, cmd.Env = r.dir, append(os.Environ(), "PATH="+r.path)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", command, err, out)
	}
}

// TestGitLab runs the script of the job in docs/ci.md, with the clone that it makes
// replaced by this tree: as the job's variables say, and as they are for a profile
// of the module.
func TestGitLab(t *testing.T) {
	type job struct {
		Script    []string
		Variables map[string]string
		Allow     struct {
			Codes int `yaml:"exit_codes"`
		} `yaml:"allow_failure"`
		Artifacts struct {
			Paths   []string
			Reports map[string]string
		}
	}
	var jobs map[string]job
	docs := blocks(t, "docs/ci.md")
	for _, b := range docs {
		if b.file == ".gitlab-ci.yml" {
			if err := yaml.Unmarshal([]byte(b.text), &jobs); err != nil {
				t.Fatal(err)
			}
		}
	}
	j := jobs["trainbench"]
	r := &runner{dir: ownModule(t, blocks(t, "docs/experiments.md")), temp: t.TempDir()}
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	git := "#!/bin/bash\n[ \"$1\" = clone ] && exec ln -sfn " + root + " \"${@: -1}\"\n"
	if err := os.WriteFile(filepath.Join(r.temp, "git"), []byte(git), 0o777); err != nil {
		t.Fatal(err)
	}
	run := func() (string, int) {
		cmd := exec.CommandContext(t.Context(), "bash", "-c", "set -eo pipefail\n"+strings.Join(j.Script, "\n"))
		cmd.Dir = r.dir
		cmd.Env = append(os.Environ(), "PATH="+r.temp+":"+os.Getenv("PATH"), "CI_PROJECT_DIR="+r.dir, quick)
		for name, value := range j.Variables {
			if name == "PROFILE" {
				value = "full"
			}
			cmd.Env = append(cmd.Env, name+"="+value)
		}
		out, _ := cmd.CombinedOutput()
		return string(out), cmd.ProcessState.ExitCode()
	}
	if out, code := run(); code != 0 || !strings.Contains(out, "gate: pass (2 NEW)") {
		t.Errorf("at first: exit status %d\n%s", code, out)
	}
	for _, path := range []string{j.Artifacts.Reports["junit"], strings.Replace(j.Artifacts.Paths[0], j.Variables["PROFILE"], "full", 1) + "index.html"} {
		if _, err := os.Stat(filepath.Join(r.dir, path)); err != nil {
			t.Errorf("an artifact is not there: %v", err)
		}
	}
	r.path = filepath.Join(r.dir, ".bin") + ":" + os.Getenv("PATH")
	r.shell(t, "trainbench accept -reason first baselines/full results/full")
	edit(t, filepath.Join(r.dir, "suites", "stripes_test.go"), "p.Tape.ReLU(p.Dense", "(p.Dense")
	if out, code := run(); code != 1 || !strings.Contains(out, "FAIL          hidden/wide") {
		t.Errorf("with a bug in the net: exit status %d\n%s", code, out)
	}
	for _, b := range docs {
		if b.language == "sh" { // what to do anywhere else, where these results are
			r.shell(t, strings.ReplaceAll(strings.TrimSpace(b.text), "/smoke", "/full")+" || test $? = 1")
		}
	}
	if j.Allow.Codes != 3 {
		t.Errorf("exit codes %d are allowed, want that of more seeds", j.Allow.Codes)
	}
}

// TestActionlint has the workflows of this repository and of the documents checked.
func TestActionlint(t *testing.T) {
	lint := []string{"tool", "-modfile=.ci/tools.mod"}
	if out, err := exec.Command("go", append(lint, "-n", "actionlint")...).CombinedOutput(); err != nil {
		t.Skipf("actionlint is not here: %v\n%s", err, out)
	}
	files, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("workflows: %v, %v", files, err)
	}
	dir := t.TempDir()
	for _, b := range blocks(t, "docs/ci.md") {
		if strings.HasPrefix(b.file, ".github/workflows/") {
			path := filepath.Join(dir, filepath.Base(b.file))
			if err := os.WriteFile(path, []byte(b.text), 0o666); err != nil {
				t.Fatal(err)
			}
			files = append(files, path)
		}
	}
	if len(files) < 3 {
		t.Errorf("docs/ci.md has fewer workflows than it should: %v", files)
	}
	if out, err := exec.Command("go", append(append(lint, "actionlint"), files...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestSchemas holds the action and GitLab's job to the schemas of their makers.
func TestSchemas(t *testing.T) {
	check, err := exec.LookPath("check-jsonschema")
	if err != nil {
		t.Skip("check-jsonschema is not here (pip install check-jsonschema)")
	}
	files := map[string]string{"action.yml": "vendor.github-actions"}
	for _, b := range blocks(t, "docs/ci.md") {
		if b.file == ".gitlab-ci.yml" {
			path := filepath.Join(t.TempDir(), b.file)
			if err := os.WriteFile(path, []byte(b.text), 0o666); err != nil {
				t.Fatal(err)
			}
			files[path] = "vendor.gitlab-ci"
		}
	}
	for path, schema := range files {
		if out, err := exec.Command(check, "--builtin-schema", schema, path).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}

// edit replaces a part of a file, which must be there.
func edit(t *testing.T, path, old, new string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, bytes.Replace(text, []byte(old), []byte(new), 1), 0o666); err != nil {
		t.Fatal(err)
	}
}
