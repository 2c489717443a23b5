package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
	"trainbench/bench/report/internal/made"
)

var update = flag.Bool("update", false, "write the golden files")

// input is a run of five seeds with every outcome.
func input() report.Input {
	return report.Input{Suites: made.Suites(), Records: made.Records(5), Published: made.Published(), Judged: made.Judged()}
}

func TestFormats(t *testing.T) {
	suites := report.New(input())
	for _, format := range report.Formats() {
		t.Run(format, func(t *testing.T) {
			var got bytes.Buffer
			if err := report.Write(&got, format, suites); err != nil {
				t.Fatal(err)
			}
			golden(t, "suites."+format, got.Bytes())
		})
	}
	if err := report.Write(&bytes.Buffer{}, "pdf", suites); err == nil || !strings.Contains(err.Error(), "latex") {
		t.Errorf("an unknown format: got error %v, want one that lists the formats", err)
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; -update accepts):\n%s", path, diff)
	}
}

func TestMeanOf(t *testing.T) {
	nan := math.NaN()
	tests := []struct {
		why  string
		xs   []float64
		want report.Mean
	}{
		{"nothing has no mean", nil, report.Mean{N: 0, Mean: nan, SD: nan, Lo: nan, Hi: nan}},
		{"one seed has no interval", []float64{3}, report.Mean{N: 1, Mean: 3, SD: nan, Lo: nan, Hi: nan}},
		{"two seeds: t is 12.7062", []float64{1, 3}, report.Mean{N: 2, Mean: 2, SD: math.Sqrt2, Lo: 2 - 12.7062, Hi: 2 + 12.7062}},
		{"equal seeds: no width", []float64{5, 5, 5}, report.Mean{N: 3, Mean: 5, SD: 0, Lo: 5, Hi: 5}},
		{"five seeds: t is 2.7764, over sqrt 5", []float64{1, 2, 3, 4, 5},
			report.Mean{N: 5, Mean: 3, SD: math.Sqrt(2.5), Lo: 3 - 2.7764*math.Sqrt(.5), Hi: 3 + 2.7764*math.Sqrt(.5)}},
	}
	close := cmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-3 })
	for _, test := range tests {
		xs := slices.Clone(test.xs)
		if diff := cmp.Diff(test.want, report.MeanOf(xs), close); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.why, diff)
		}
		if !slices.Equal(xs, test.xs) {
			t.Errorf("%s: the argument was changed", test.why)
		}
	}
}

// TestWhatAReaderMustKnow looks for what a table may not hide.
func TestWhatAReaderMustKnow(t *testing.T) {
	tests := []struct {
		why    string
		change func(*report.Input)
		want   string
	}{
		{"numbers of another dataset are no target", nil, "of cifar-10, this is digits"},
		{"they stand in parentheses", nil, "(79.83 / 79.72)"},
		{"those of the same dataset do not", nil, " 94.98 / 94.91 "},
		{"a seed that diverged is not part of the mean", nil, "Seed 42 diverged: loss is NaN at step 31 (epoch 2); it is not part of the mean."},
		{"how many seeds a mean is of", nil, "4 of 5"},
		{"trainable and total parameters differ", nil, "6,500 of 278,324"},
		{"pretraining on the target", nil, "is no transfer"},
		{"what early stopping watched", nil, "watched the test set"},
		{"the metric of a verdict that the other does not share", nil, "FAIL (top-1)"},
		{"why a claim does not hold", nil, "REFUTED: top-1 92.23 pp"},
		{"what was claimed", nil, "Δ macro-F1 > 5"},
		{"which epoch", nil, "last epoch"},
		{"the best epoch is flagged", nil, "too good by design"},
		{"a row of the suite that was not trained is there", nil, "| logit-adjusted "},
		{"why a verdict is what it is", nil, "resnet20: FAIL: top-1: a loss"},
		{"other lengths of training are no target", func(in *report.Input) {
			in.Published[1].Epochs = 100
		}, "of 100 epochs, this is of 20"},
		{"nor are those that started from other weights", func(in *report.Input) {
			in.Published[1].PretrainedOn = "cifar-100"
			for _, r := range in.Records {
				r.Config = bytes.Replace(r.Config, []byte(`"model":{`), []byte(`"model":{"source":{"pretrained_on":"cifar-10"},`), 1)
			}
		}, "start from weights of cifar-100, this from weights of cifar-10"},
		{"one seed has no interval", func(in *report.Input) {
			for _, r := range in.Records {
				r.Samples = r.Samples[4:]
			}
		}, "One seed: there is no interval."},
		{"test images in the training set", func(in *report.Input) {
			in.Records[0].Samples[0].Data.Overlap = 7
		}, "7 of the 600 test images are in the training set too, pixel for pixel."},
		{"a training that moved in its middle", func(in *report.Input) {
			in.Records[0].Samples[1].Env.Earlier = []string{"h (c, 2 cores)"}
		}, "Seed 43 was trained in pieces, also on h (c, 2 cores)."},
		{"seeds of two environments", func(in *report.Input) {
			in.Records[0].Samples[2].Env.CPU = "another"
			in.Records[0].Samples[3].Env.Backend = "xla:cpu"
		}, "Not one environment: seed 44, 45 differs from seed 42 in backend, cpu."},
		{"a border in a note does not break the table", func(in *report.Input) {
			in.Records[0].Notes = []string{"a | b\n<script>"}
		}, `A \| b &lt;script>.`},
		{"records without a suite have a table", func(in *report.Input) {
			in.Suites = nil
		}, "## skip\n"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			in := input()
			if test.change != nil {
				test.change(&in)
			}
			var got bytes.Buffer
			if err := report.Write(&got, "markdown", report.New(in)); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(got.String(), test.want) {
				t.Errorf("no %q in\n%s", test.want, got.String())
			}
		})
	}
}

// TestHTMLIsBalanced reads the HTML as XML, which it also is, and counts cells.
func TestHTMLIsBalanced(t *testing.T) {
	for _, s := range report.New(input()) {
		var b bytes.Buffer
		if err := report.HTML(&b, s); err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Rows []struct {
				Heads []string `xml:"th"`
				Cells []string `xml:"td"`
			} `xml:"div>table>tbody>tr"`
		}
		if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if got, want := len(doc.Rows), len(s.Rows)+len(s.Claims); got != want {
			t.Fatalf("%s: %d rows, want %d", s.Name, got, want)
		}
		columns := len(s.Table().Columns)
		if row := doc.Rows[0]; len(row.Heads) != 1 || len(row.Cells) != columns-1 {
			t.Errorf("%s: %d heads and %d cells in a row of %d columns", s.Name, len(row.Heads), len(row.Cells), columns)
		}
	}
}

// TestColumns checks that a table has no column that would be empty.
func TestColumns(t *testing.T) {
	bare := report.Input{Records: []*record.Record{{
		Profile: "p", Suite: "s", Experiment: "torch", Config: []byte(`{"lr":0.1}`),
		Samples: []record.Sample{{Seed: 1, Status: record.OK, Metrics: map[string]float64{record.Top1: 50, "recall-pct": 40, "bleu": 3}}},
	}}}
	got := report.New(bare)[0].Table().Columns
	want := []string{"experiment", "seeds", "top-1 %", "bleu", "recall %"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns of a record from elsewhere (-want +got):\n%s", diff)
	}
	bare.Records[0].Samples[0].Env.Backend = record.Imported
	var b bytes.Buffer
	if err := report.Markdown(&b, report.New(bare)[0]); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "last epoch") || !strings.Contains(b.String(), "as they were imported") {
		t.Errorf("of which epoch imported numbers are is not known:\n%s", &b)
	}
}

func TestCSVReadsBack(t *testing.T) {
	var b bytes.Buffer
	if err := report.CSV(&b, report.New(input())); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll() // an error if a line has too many or too few fields
	if err != nil {
		t.Fatal(err)
	}
	if want := 1 + 9*3; len(lines) != want { // nine experiments, three metrics
		t.Errorf("%d lines, want %d", len(lines), want)
	}
}

func TestWriteTables(t *testing.T) {
	dir := t.TempDir()
	paths, err := report.WriteTables(dir, report.New(input()))
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil || !bytes.Contains(readme, []byte("1 FAIL, 1 ERROR")) {
		t.Errorf("README.md does not sum up the verdicts (error %v)", err)
	}
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
		if info, err := os.Stat(p); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", p, err)
		}
	}
	if diff := cmp.Diff([]string{"imbalance.md", "skip.md", "transfer.md", "README.md"}, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	options, err := report.Options(dir)
	if diff := cmp.Diff(made.Judged().Options, options); err != nil || diff != "" {
		t.Errorf("options of the gate (error %v, -want +got):\n%s", err, diff)
	}
	if paths, err := report.WriteTables(filepath.Join(dir, "none"), nil); err != nil || len(paths) != 0 {
		t.Errorf("nothing to write: got %q, error %v", paths, err)
	}
}

// TestOtherRuns checks that a run of one suite keeps the tables of the others.
func TestOtherRuns(t *testing.T) {
	dir := t.TempDir()
	for _, s := range made.Suites() {
		if err := record.WriteSuite(dir, s); err != nil {
			t.Fatal(err)
		}
	}
	suites := report.New(input())
	for _, run := range [][]report.Suite{suites[:2], suites[2:]} {
		if _, err := report.WriteTables(dir, run); err != nil {
			t.Fatal(err)
		}
	}
	readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range suites {
		if n := strings.Count(string(readme), "## "+s.Name+": "); n != 1 {
			t.Errorf("%s is %d times in README.md", s.Name, n)
		}
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		why, content string
		wantErr      bool
	}{
		{"nothing was judged: defaults", "", false},
		{"judged by nobody: defaults", `{"options":{"alpha":0}}`, false},
		{"not JSON is an error, not defaults", `{"options":`, true},
	}
	for _, test := range tests {
		dir := t.TempDir()
		if test.content != "" {
			if err := os.WriteFile(filepath.Join(dir, "gate.json"), []byte(test.content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := report.Options(dir)
		if (err != nil) != test.wantErr {
			t.Errorf("%s: error %v", test.why, err)
		}
		if diff := cmp.Diff(gate.DefaultOptions(), got); !test.wantErr && diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.why, diff)
		}
	}
}
