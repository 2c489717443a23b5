package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
	"trainbench/bench/report/chart"
	"trainbench/bench/report/internal/made"
)

var update = flag.Bool("update", false, "write the golden files")

// suite returns one of the made suites: five seeds with every outcome.
func suite(t testing.TB, name string) report.Suite {
	t.Helper()
	for _, s := range report.New(report.Input{Suites: made.Suites(), Records: made.Records(5), Published: made.Published(), Judged: made.Judged()}) {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no suite %s", name)
	return report.Suite{}
}

// golden compares a figure with testdata/<name>.svg and .png.
func golden(t *testing.T, f *chart.Figure) {
	t.Helper()
	if f == nil {
		t.Fatal("no figure")
	}
	var svg, pixels bytes.Buffer
	if err := f.WriteSVG(&svg); err != nil {
		t.Fatal(err)
	}
	if err := f.WritePNG(&pixels, 72); err != nil {
		t.Fatal(err)
	}
	compare(t, f.Name+".svg", svg.Bytes(), equalSVG)
	compare(t, f.Name+".png", pixels.Bytes(), equalPNG)
	checkXML(t, svg.Bytes())
}

func compare(t *testing.T, name string, got []byte, equal func(want, got []byte) error) {
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
	if err := equal(want, got); err != nil {
		t.Errorf("%s: %v (-update accepts)", path, err)
	}
}

var decimal = regexp.MustCompile(`-?\d+(\.\d+)?(e-?\d+)?`)

// equalSVG allows coordinates to differ by rounding, which depends on the
// processor.
func equalSVG(want, got []byte) error {
	if w, g := decimal.ReplaceAll(want, []byte("#")), decimal.ReplaceAll(got, []byte("#")); !bytes.Equal(w, g) {
		return errors.New("another drawing")
	}
	w, g := decimal.FindAll(want, -1), decimal.FindAll(got, -1)
	for i := range w {
		a, errA := strconv.ParseFloat(string(w[i]), 64)
		b, errB := strconv.ParseFloat(string(g[i]), 64)
		if err := errors.Join(errA, errB); err != nil {
			return err
		}
		if math.Abs(a-b) > .02 {
			return fmt.Errorf("number %d is %v, want %v", i, b, a)
		}
	}
	return nil
}

// equalPNG allows a few pixels at edges to differ.
func equalPNG(want, got []byte) error {
	w, errW := png.Decode(bytes.NewReader(want))
	g, errG := png.Decode(bytes.NewReader(got))
	if err := errors.Join(errW, errG); err != nil {
		return err
	}
	if w.Bounds() != g.Bounds() {
		return fmt.Errorf("%v, want %v", g.Bounds(), w.Bounds())
	}
	differ := 0
	for y := range w.Bounds().Dy() {
		for x := range w.Bounds().Dx() {
			if distance(w, g, x, y) > 0x1000 {
				differ++
			}
		}
	}
	if limit := w.Bounds().Dx() * w.Bounds().Dy() / 2000; differ > limit {
		return fmt.Errorf("%d pixels differ, at most %d may", differ, limit)
	}
	return nil
}

func distance(a, b image.Image, x, y int) float64 {
	ar, ag, ab, _ := a.At(x, y).RGBA()
	br, bg, bb, _ := b.At(x, y).RGBA()
	return max(math.Abs(float64(ar)-float64(br)), math.Abs(float64(ag)-float64(bg)), math.Abs(float64(ab)-float64(bb)))
}

func checkXML(t *testing.T, svg []byte) {
	t.Helper()
	dec := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("not XML: %v", err)
		}
	}
	for _, bad := range []string{"NaN", "Inf"} {
		if strings.Contains(string(svg), bad) {
			t.Errorf("%s in the drawing", bad)
		}
	}
}

func TestCurves(t *testing.T) { golden(t, chart.Curves(suite(t, "imbalance"))) }

func TestDifferences(t *testing.T) { golden(t, chart.Differences(suite(t, "imbalance"))) }
func TestClaims(t *testing.T)      { golden(t, chart.Claims(suite(t, "transfer"))) }
func TestSeeds(t *testing.T)       { golden(t, chart.Seeds(suite(t, "imbalance"))) }
func TestPerClass(t *testing.T)    { golden(t, chart.PerClass(suite(t, "imbalance"))) }
func TestConfusion(t *testing.T) {
	golden(t, chart.Confusion("imbalance", suite(t, "imbalance").Rows[0]))
}

// TestOddities draws what real runs leave as well: nothing may panic, and no
// coordinate may be missing.
func TestOddities(t *testing.T) {
	tests := []struct {
		why    string
		change func(*report.Input)
		want   []string // names of some figures
		never  []string
	}{
		{"one seed has no interval", func(in *report.Input) {
			for _, r := range in.Records {
				r.Samples = r.Samples[4:]
			}
		}, []string{"skip-seeds", "skip-curves"}, nil},
		{"no gate was asked", func(in *report.Input) { in.Judged = gate.Report{} }, []string{"skip-seeds"}, []string{"skip-claims", "skip-differences"}},
		{"weights were evaluated, not trained", func(in *report.Input) {
			each(in, func(s *record.Sample) { s.Curve = nil })
		}, []string{"skip-classes"}, []string{"skip-curves"}},
		{"one epoch is no curve", func(in *report.Input) {
			each(in, func(s *record.Sample) { s.Curve = s.Curve[:min(1, len(s.Curve))] })
		}, []string{"skip-classes"}, []string{"skip-curves"}},
		{"another framework gave no predictions", func(in *report.Input) {
			each(in, func(s *record.Sample) { s.Predictions = nil })
		}, []string{"skip-seeds"}, []string{"skip-classes", "skip-confusion-resnet20"}},
		{"seeds that stopped early", func(in *report.Input) {
			each(in, func(s *record.Sample) { s.Curve = s.Curve[:min(len(s.Curve), int(s.Seed%7)+4)] })
		}, []string{"skip-curves"}, nil},
		{"all seeds are equal", func(in *report.Input) {
			each(in, func(s *record.Sample) {
				for m := range s.Metrics {
					s.Metrics[m] = 50
				}
			})
		}, []string{"skip-seeds"}, nil},
		{"every seed diverged", func(in *report.Input) {
			each(in, func(s *record.Sample) { *s = record.Sample{Seed: s.Seed, Status: record.Diverged} })
		}, nil, []string{"skip-seeds", "skip-curves"}},
		{"nothing was trained", func(in *report.Input) { in.Records = nil }, nil, []string{"skip-seeds"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			in := report.Input{Suites: made.Suites(), Records: made.Records(5), Published: made.Published(), Judged: made.Judged()}
			test.change(&in)
			names := map[string]bool{}
			for _, s := range report.New(in) {
				for _, f := range chart.All(s) {
					var svg bytes.Buffer
					if err := f.WriteSVG(&svg); err != nil {
						t.Fatal(err)
					}
					checkXML(t, svg.Bytes())
					names[f.Name] = true
				}
			}
			for _, name := range test.want {
				if !names[name] {
					t.Errorf("no figure %s", name)
				}
			}
			for _, name := range test.never {
				if names[name] {
					t.Errorf("there is a figure %s", name)
				}
			}
		})
	}
}

func each(in *report.Input, change func(*record.Sample)) {
	for _, r := range in.Records {
		for i := range r.Samples {
			change(&r.Samples[i])
		}
	}
}

// TestManyClasses draws 100 classes, which are too many for numbers.
func TestManyClasses(t *testing.T) {
	var labels, predicted []int32
	for i := range int32(3000) {
		labels, predicted = append(labels, i%100), append(predicted, (i%100+max(0, i%7-5))%100)
	}
	p, err := record.NewPredictions(100, labels, predicted)
	if err != nil {
		t.Fatal(err)
	}
	row := report.Row{Experiment: "resnet20", Record: &record.Record{Samples: []record.Sample{{Status: record.OK, Predictions: p}}}}
	golden(t, chart.Confusion("hundred", row))
	golden(t, chart.PerClass(report.Suite{Name: "hundred", Rows: []report.Row{row}}))
}

// TestNamedClasses draws the classes of a dataset that is known by name.
func TestNamedClasses(t *testing.T) {
	s := suite(t, "imbalance")
	s.Name, s.Rows = "named", slices.Clone(s.Rows[:2])
	for i, row := range s.Rows {
		r := *row.Record
		r.Config = []byte(`{"data": {"dataset": "cifar-10"}}`)
		s.Rows[i].Record = &r
	}
	golden(t, chart.Confusion("named", s.Rows[0]))
	golden(t, chart.PerClass(s))
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	paths, err := chart.Write(dir, []report.Suite{suite(t, "transfer")})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	want := []string{"transfer-claims", "transfer-classes", "transfer-confusion-fixed", "transfer-confusion-partial",
		"transfer-curves", "transfer-differences", "transfer-seeds"}
	var files []string
	for _, w := range want {
		files = append(files, w+".png", w+".svg")
	}
	if diff := cmp.Diff(files, names); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
