package chart

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"trainbench/bench/record"
	"trainbench/bench/report"
)

// maxColumns is the number of panels beside each other.
const maxColumns = 4

// fewPoints is the number of evaluations up to which each is marked: between them
// nothing was measured.
const fewPoints = 12

// Curves draws loss and top-1 over the epochs: a column of two panels for each
// experiment with the curves of train, validation and test as means over the
// seeds, in a band from the least to the greatest of them. Dotted lines mark the
// epochs at which the rate drops.
func Curves(s report.Suite) *Figure {
	var trained []report.Row
	for _, row := range s.Rows {
		if len(average(row, trainSplit, lossOf).epochs) > 1 {
			trained = append(trained, row)
		}
	}
	if len(trained) == 0 {
		return nil
	}
	f := &Figure{
		Name: s.Name + "-curves", Title: s.Name + ": learning curves",
		Caption: "Lines are means over the seeds, bands go from the least to the greatest of them. " +
			"Training is measured on augmented images while the weights change.",
		key: curveKey(trained),
	}
	columns := min(maxColumns, len(trained))
	for group := range slices.Chunk(trained, columns) {
		f.panels = append(f.panels,
			curvePanels(trained, group, columns, "loss", lossOf),
			curvePanels(trained, group, columns, "top-1 %", top1Of))
	}
	f.Width = 60 + 160*vg.Length(max(2, columns))
	f.Height = 90 + 130*vg.Length(len(f.panels))
	return f
}

// split is where a curve is measured.
type split int

const (
	trainSplit split = iota
	validationSplit
	testSplit
)

var splitNames = [...]string{"train", "validation", "test"}

func (s split) style() draw.LineStyle {
	switch s {
	case trainSplit:
		return line(vermilion, 1.2, 4, 2)
	case validationSplit:
		return line(green, 1.2, 1, 1.5)
	}
	return line(blue, 1.6)
}

func (s split) scores(p record.Point) *record.Scores {
	switch s {
	case trainSplit:
		return &p.Train
	case validationSplit:
		return p.Validation
	}
	return p.Test
}

func lossOf(s record.Scores) float64 { return s.Loss }
func top1Of(s record.Scores) float64 { return s.Top1 }

// curve is one line of a panel and its band.
type curve struct {
	epochs, mean, lo, hi []float64
}

// average returns the curve of an experiment over its good seeds. At an epoch
// that some seeds did not reach it is of the others.
func average(row report.Row, s split, value func(record.Scores) float64) curve {
	if row.Record == nil {
		return curve{}
	}
	at := map[int][]float64{}
	for _, sample := range row.Record.Samples {
		for _, p := range sample.Curve {
			if scores := s.scores(p); scores != nil && sample.Status == record.OK {
				at[p.Epoch] = append(at[p.Epoch], value(*scores))
			}
		}
	}
	var c curve
	for _, epoch := range sortedKeys(at) {
		lo, hi := span(at[epoch]...)
		c.epochs = append(c.epochs, float64(epoch))
		c.mean = append(c.mean, report.MeanOf(at[epoch]).Mean)
		c.lo, c.hi = append(c.lo, lo), append(c.hi, hi)
	}
	return c
}

// drops returns the epochs after which the rate is lower than before.
func drops(row report.Row) []float64 {
	var out []float64
	for _, sample := range row.Record.Samples {
		for i, p := range sample.Curve {
			if i > 0 && p.Rate < sample.Curve[i-1].Rate && !slices.Contains(out, float64(p.Epoch-1)) {
				out = append(out, float64(p.Epoch-1))
			}
		}
	}
	return out
}

// curvePanels returns the panels of one quantity for a group of experiments, with
// axes for all of them.
func curvePanels(all, group []report.Row, columns int, label string, value func(record.Scores) float64) []*plot.Plot {
	panels := make([]*plot.Plot, columns)
	for i, row := range group {
		p := newPanel("", "", "")
		if label == "loss" { // the upper of two
			p.Title.Text = row.Experiment
		} else {
			p.X.Label.Text = "epoch"
		}
		if i == 0 {
			p.Y.Label.Text = label
		}
		p.X.Tick.Marker, p.Y.Tick.Marker = few(4), few(5)
		withGrid(p, false, true)
		p.Add(verticals(line(faint, .8, 1, 2), drops(row)...))
		for s := trainSplit; s <= testSplit; s++ {
			if c := average(row, s, value); len(c.epochs) > 0 {
				p.Add(band(c, s.style().Color), polyline(c.epochs, c.mean, s.style()))
				if len(c.epochs) <= fewPoints {
					p.Add(points(c, s.style().Color))
				}
			}
		}
		shareAxes(p, all, value)
		panels[i] = p
	}
	return panels
}

// shareAxes sets the range of p so that the curves of all experiments fit.
func shareAxes(p *plot.Plot, all []report.Row, value func(record.Scores) float64) {
	var xs, ys []float64
	for _, row := range all {
		for s := trainSplit; s <= testSplit; s++ {
			c := average(row, s, value)
			xs = append(xs, c.epochs...)
			ys = append(append(ys, c.lo...), c.hi...)
		}
	}
	lo, hi := span(ys...)
	p.X.Min, p.X.Max = span(append(xs, 0)...)
	p.Y.Min, p.Y.Max = pad(lo, hi, .03)
}

func curveKey(rows []report.Row) []entry {
	var key []entry
	for s := trainSplit; s <= testSplit; s++ {
		if slices.ContainsFunc(rows, func(r report.Row) bool { return len(average(r, s, lossOf).epochs) > 0 }) {
			key = append(key, lineKey(splitNames[s], s.style()))
		}
	}
	if slices.ContainsFunc(rows, func(r report.Row) bool { return len(drops(r)) > 0 }) {
		key = append(key, lineKey("the rate drops", line(faint, .8, 1, 2)))
	}
	return key
}

// band fills the area between the seeds.
func band(c curve, fill color.Color) plot.Plotter {
	var outline plotter.XYs
	for i, x := range c.epochs {
		outline = append(outline, plotter.XY{X: x, Y: c.hi[i]})
	}
	for i, x := range slices.Backward(c.epochs) {
		outline = append(outline, plotter.XY{X: x, Y: c.lo[i]})
	}
	r, g, b, _ := fill.RGBA()
	return &plotter.Polygon{XYs: []plotter.XYs{outline}, Color: color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 0x38}}
}

func polyline(xs, ys []float64, s draw.LineStyle) plot.Plotter {
	points := make(plotter.XYs, len(xs))
	for i := range xs {
		points[i] = plotter.XY{X: xs[i], Y: ys[i]}
	}
	return &plotter.Line{XYs: points, LineStyle: s}
}

// points marks what was measured.
func points(c curve, fill color.Color) plot.Plotter {
	return painter(func(canvas draw.Canvas, p *plot.Plot) {
		mark := draw.GlyphStyle{Color: fill, Radius: 2, Shape: draw.CircleGlyph{}}
		for i, x := range c.epochs {
			canvas.DrawGlyphNoClip(mark, vg.Point{X: canvas.X(p.X.Norm(x)), Y: canvas.Y(p.Y.Norm(c.mean[i]))})
		}
	})
}
