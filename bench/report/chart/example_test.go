package chart_test

import (
	"fmt"
	"os"
	"path/filepath"

	"trainbench/bench/report"
	"trainbench/bench/report/chart"
	"trainbench/bench/report/internal/made"
)

// skip is the suite of the examples. That of a run comes from record.LoadSuites
// and record.LoadResults.
func skip() report.Suite {
	return report.New(report.Input{Suites: made.Suites(), Records: made.Records(5), Published: made.Published(), Judged: made.Judged()})[1]
}

// draw writes a figure to a folder that is removed again, and says how wide and
// high it is.
func draw(f *chart.Figure) {
	dir, err := os.MkdirTemp("", "chart")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	file, err := os.Create(filepath.Join(dir, f.Name+".svg"))
	if err != nil {
		panic(err)
	}
	defer file.Close()
	if err := f.WriteSVG(file); err != nil {
		panic(err)
	}
	fmt.Printf("%s: %v x %v points\n", filepath.Base(file.Name()), f.Width, f.Height)
}

func ExampleCurves() {
	draw(chart.Curves(skip()))
	// Output: skip-curves.svg: 380 x 350 points
}

func ExampleDifferences() {
	draw(chart.Differences(skip()))
	// Output: skip-differences.svg: 560 x 162 points
}

func ExampleClaims() {
	draw(chart.Claims(skip()))
	// Output: skip-claims.svg: 560 x 162 points
}

func ExampleSeeds() {
	draw(chart.Seeds(skip()))
	// Output: skip-seeds.svg: 550 x 160 points
}

func ExamplePerClass() {
	draw(chart.PerClass(skip()))
	// Output: skip-classes.svg: 380 x 220 points
}

func ExampleConfusion() {
	s := skip()
	draw(chart.Confusion(s.Name, s.Rows[1]))
	// Output: skip-confusion-resnet20.svg: 370 x 400 points
}
