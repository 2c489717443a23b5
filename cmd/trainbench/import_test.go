package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/record"
)

const benchOutput = `goos: linux
cpu: 8
Unit top1-pct better=higher
BenchmarkSkip/method=resnet20/seed=42-2   1   1000000 ns/op   64.98 top1-pct
BenchmarkSkip/method=resnet20/seed=43-2   1   1000000 ns/op   65.10 top1-pct
BenchmarkSkip/method=plain20/width=16/seed=42   1   1000000 ns/op   61.42 top1-pct
PASS
`

// TestImport imports from the standard input and prints what is in the records.
func TestImport(t *testing.T) {
	tests := []struct {
		why   string
		args  []string
		input string
		want  []string // "experiment seed config metrics"
	}{
		{"columns named by flags", []string{"-format", "csv", "-experiment", "run", "-seed", "s", "-metric", "top1-pct=acc*100", "-config", "lr"},
			"run,s,lr,acc\na,7,0.1,0.5\nb,7,0.2,0.25\n", []string{`a 7 {"lr":"0.1"} map[top1-pct:50]`, `b 7 {"lr":"0.2"} map[top1-pct:25]`}},
		{"every number is a metric, and rows are numbered", []string{"-format", "csv", "-name", "net"},
			"acc,note,f1\n80,x,79\n81,,78\n", []string{"net 1 {} map[acc:80 f1:79]", "net 2 {} map[acc:81 f1:78]"}},
		{"spreadsheets write a byte order mark and spaces", []string{"-format", "csv"},
			"\ufeffexperiment, seed ,acc\na,1,80\n", []string{"a 1 {} map[acc:80]"}},
		{"a loss that is not finite is a diverged training", []string{"-format", "csv"},
			"experiment,seed,loss\na,1,nan\na,2,1e999\na,3,0.5\n", []string{"a 1 {} diverged: loss is nan in -:2", "a 2 {} diverged: loss is 1e999 in -:3", "a 3 {} map[loss:0.5]"}},
		{"JSON lines, nested", []string{"-format", "jsonl", "-metric", "top1-pct=test.acc", "-experiment", "cfg.model"},
			`{"cfg":{"model":"A_b"},"seed":3,"test":{"acc":81.5,"list":[1]},"ok":true}` + "\n\n", []string{"a-b 3 {} map[top1-pct:81.5]"}},
		{"JSON has no NaN but as text", []string{"-format", "jsonl"},
			`{"experiment":"a","seed":3,"acc":"NaN"}`, []string{"a 3 {} diverged: acc is NaN in -:1"}},
		{"the output of go test -bench", []string{"-format", "bench", "-metric", "top1-pct=top1-pct"}, benchOutput,
			[]string{"plain20+16 42 {} map[top1-pct:61.42]", "resnet20 42 {} map[top1-pct:64.98]", "resnet20 43 {} map[top1-pct:65.1]"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			results := t.TempDir()
			args := append(append([]string{"import", "-o", results}, test.args...), "-")
			if code, stdout, stderr := trainbench(test.input, args...); code != 0 {
				t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
			}
			records, err := record.LoadResults(results)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range records {
				for _, s := range r.Samples {
					what := fmt.Sprint(s.Metrics)
					if s.Status != record.OK {
						what = fmt.Sprintf("%s: %s", s.Status, s.Detail)
					}
					got = append(got, fmt.Sprintf("%s %d %s %s", r.Experiment, s.Seed, r.Config, what))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	recipe := func(text string) string {
		path := filepath.Join(t.TempDir(), "recipe.json")
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		why   string
		args  []string
		input string
		want  string
	}{
		{"a format that cannot be guessed", nil, "", "say -format"},
		{"no rows", []string{"-format", "csv"}, "seed,acc\n", "no trainings"},
		{"no header", []string{"-format", "csv"}, "", "names of the columns"},
		{"two columns of one name", []string{"-format", "csv"}, "acc,acc\n1,2\n", "two columns"},
		{"a row that is too short", []string{"-format", "csv"}, "seed,acc\n1\n", "line 2"},
		{"a column that is not there", []string{"-format", "csv", "-metric", "top1-pct=accuracy"}, "seed,acc\n1,80\n", `-:2: no column "accuracy"; there are acc, seed`},
		{"a metric that is no number", []string{"-format", "csv", "-metric", "acc=acc"}, "seed,acc\n1,80\n2,n/a\n", `-:3: acc is "n/a"`},
		{"a seed that is none", []string{"-format", "csv"}, "seed,acc\n-1,80\n", `the seed is "-1"`},
		{"one seed twice would narrow every interval", []string{"-format", "csv"}, "seed,acc\n1,80\n1,80\n", "-:3: seed 1 of stdin is there already, in -:2"},
		{"no numbers at all", []string{"-format", "csv", "-name", "a"}, "x,y\nb,c\n", "no column with numbers"},
		{"two recipes under one name", []string{"-format", "csv", "-name", "a", "-config", "lr"}, "lr,acc\n.1,80\n.2,80\n", "another config"},
		{"a name of nothing", []string{"-format", "csv"}, "experiment,acc\n//,80\n", "no name of an experiment"},
		{"a line that is no JSON", []string{"-format", "jsonl"}, "{\"acc\":1}\n{acc:1}\n", "-:2: want one JSON object"},
		{"two objects in a line", []string{"-format", "jsonl"}, `{"acc":1}{"acc":1}`, "more than one"},
		{"names of columns that would take gigabytes", []string{"-format", "jsonl"}, strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000), "-:1: objects nested deeper than 20"},
		{"a recipe that is no JSON", []string{"-config-file", recipe("{lr: 1}")}, "acc\n1\n", "recipe.json is not JSON"},
		{"a recipe that would fill the memory", []string{"-config-file", recipe("1" + strings.Repeat(" ", record.MaxConfig))}, "acc\n1\n", "recipe.json: more than 1 MiB"},
		{"a factor that is none", []string{"-format", "csv", "-metric", "a=b*x"}, "b\n1\n", "is no number"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			results := filepath.Join(t.TempDir(), "r")
			args := append(append([]string{"import", "-o", results}, test.args...), "-")
			code, _, stderr := trainbench(test.input, args...)
			if code != 2 || !strings.Contains(stderr, test.want) {
				t.Errorf("exit code %d: %s\nwant %q", code, stderr, test.want)
			}
			if _, err := os.Stat(results); err == nil {
				t.Error("something was written")
			}
		})
	}
}

func TestImportAgain(t *testing.T) {
	results, dir := t.TempDir(), t.TempDir()
	args := []string{"import", "-o", results, "-suite", "cifar", "-experiment", "model", "-config", "lr", "-dataset", "CIFAR-100",
		"-metric", "top1-pct=val_acc*100", runs(t, dir, .5, .6)}
	must(t, args...)
	args[len(args)-1] = runs(t, dir, .7)
	if code, _, stderr := trainbench("", args...); code != 2 || !strings.Contains(stderr, "-replace") {
		t.Errorf("over what is there: exit code %d: %s", code, stderr)
	}
	must(t, append([]string{"import", "-replace"}, args[1:]...)...)
	records, err := record.LoadResults(results)
	if err != nil || len(records) != 1 || len(records[0].Samples) != 2 || records[0].Samples[0].Metrics[record.Top1] != 70 {
		t.Errorf("replaced: %+v, error %v", records, err)
	}
	suites, err := record.LoadSuites(results)
	if err != nil || len(suites) != 1 || !cmp.Equal(suites[0].Experiments, []string{"resnet-20"}) {
		t.Errorf("suites: %+v, error %v", suites, err)
	}
}

// endless is a file that never ends.
type endless struct{ text string }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	return n, nil
}

func TestBounds(t *testing.T) {
	for format, text := range map[string]string{"csv": strings.Repeat(" ", 1<<16), "jsonl": "\n", "bench": strings.Repeat("x", 1<<10) + "\n"} {
		_, err := parseRows(&bounded{r: endless{text}, most: 1 << 20}, "f", format)
		if err == nil || !strings.Contains(err.Error(), "more than 1 MiB") {
			t.Errorf("%s: read what never ends: %v", format, err)
		}
	}
}

func FuzzReadRows(f *testing.F) {
	f.Add("csv", "seed,acc\n1,80\n")
	f.Add("csv", "\ufeffexperiment, seed ,acc\n\"a\nb\",1,nan\n")
	f.Add("csv", "seed,acc,acc\n1,80\n")
	f.Add("jsonl", `{"seed":1,"test":{"acc":80}}`)
	f.Add("jsonl", "{\"experiment\":\"a\",\"acc\":\"-Inf\"}\n\n{\"experiment\":\"b\",\"acc\":1e400}")
	f.Add("bench", benchOutput)
	f.Add("bench", "BenchmarkA/seed=1e3 1 NaN top1-pct +Inf f1-pct\n")
	f.Fuzz(func(t *testing.T, format, data string) {
		rows, err := readRows(strings.NewReader(data), "f", format)
		if err != nil {
			return
		}
		im := &importer{
			experimentColumn: "experiment", seedColumn: "seed", name: "n",
			experiments: map[string]*record.Record{}, where: map[string]string{},
		}
		for _, r := range rows {
			if im.add(r, "f") != nil {
				return
			}
		}
		for _, r := range im.experiments {
			r.Suite = "s"
			if _, err := r.Encode(); err != nil {
				t.Errorf("imported a record that cannot be stored: %v", err)
			}
		}
	})
}
