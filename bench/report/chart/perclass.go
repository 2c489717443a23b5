package chart

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
)

// manyClasses is the number of classes from which on nobody looks one up: they are
// in the order of their sizes and scores then, in wider panels.
const manyClasses = 30

// PerClass draws the F1 of every class: a panel for each experiment with bars for
// the means over seeds, whiskers from the least to the greatest, and ticks at
// what the first experiment reaches. The first panel is the number of training
// images of the classes, unless all have as many.
func PerClass(s report.Suite) *Figure {
	rows := slices.DeleteFunc(slices.Clone(s.Rows), func(r report.Row) bool { return len(classF1(r)) == 0 })
	if len(rows) == 0 {
		return nil
	}
	f := &Figure{
		Name: s.Name + "-classes", Title: s.Name + ": F1 by class",
		Caption: "Bars are means over the seeds, whiskers go from the least to the greatest of them.",
		key:     []entry{bandKey("F1 of a class", clear(blue, 0xA0))},
	}
	if len(rows) > 1 {
		f.key = append(f.key, lineKey("the same class in "+rows[0].Experiment, line(ink, 1.6)))
	}
	names := gate.ClassNames(rows[0].Record)
	reference, _, _ := summaries(classF1(rows[0]))
	order, columns := seq(len(reference)), maxColumns
	sizes := classSizes(rows[0])
	even := len(sizes) == 0 || slices.Min(sizes) == slices.Max(sizes)
	if even && len(sizes) > 0 {
		f.Caption += fmt.Sprintf(" Every class has %g images to train on.", sizes[0])
	}
	if len(order) >= manyClasses {
		columns = maxColumns / 2
		by := "F1 in " + rows[0].Experiment
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(reference[b], reference[a]) })
		if !even {
			by = "size, and then of " + by
			slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(sizes[b], sizes[a]) })
		}
		f.Caption += " Classes are in the order of " + by + "."
	}

	var panels []*plot.Plot
	if !even {
		p := bars("images to train on", order, names, sizes, nil, nil, nil)
		p.Y.Label.Text = "images"
		_, p.Y.Max = span(sizes...)
		panels = append(panels, p)
	}
	for i, row := range rows {
		mean, lo, hi := summaries(classF1(row))
		order, ticks := order, reference
		if i == 0 {
			ticks = nil
		}
		if len(mean) != len(reference) { // other classes
			order, ticks = seq(len(mean)), nil
		}
		p := bars(row.Experiment, order, names, mean, lo, hi, ticks)
		p.Y.Max = 100
		if i == 0 || len(panels)%columns == 0 {
			p.Y.Label.Text = "F1 %"
		}
		panels = append(panels, p)
	}
	columns = min(columns, len(panels))
	for group := range slices.Chunk(panels, columns) {
		f.panels = append(f.panels, append(group, make([]*plot.Plot, columns-len(group))...))
	}
	f.Width = 60 + 160*vg.Length(max(2, columns))
	if len(order) >= manyClasses {
		f.Width = max(f.Width, 560)
	}
	f.Height = 90 + 130*vg.Length(len(f.panels))
	return f
}

// seq returns 0, 1, ... n-1.
func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// classF1 returns the F1 of all classes in per cent, for each good seed.
func classF1(row report.Row) [][]float64 {
	var out [][]float64
	for _, c := range confusions(row) {
		var scores []float64
		for _, class := range c.PerClass() {
			scores = append(scores, 100*class.F1)
		}
		out = append(out, scores)
	}
	return out
}

func classSizes(row report.Row) []float64 {
	for _, s := range row.Record.Samples {
		if s.Status == record.OK && len(s.Data.TrainPerClass) > 0 {
			var sizes []float64
			for _, n := range s.Data.TrainPerClass {
				sizes = append(sizes, float64(n))
			}
			return sizes
		}
	}
	return nil
}

// summaries returns mean, least and greatest of every class over the seeds.
func summaries(scores [][]float64) (mean, lo, hi []float64) {
	for class := range scores[0] {
		var xs []float64
		for _, seed := range scores {
			xs = append(xs, seed[class])
		}
		least, greatest := span(xs...)
		mean, lo, hi = append(mean, report.MeanOf(xs).Mean), append(lo, least), append(hi, greatest)
	}
	return mean, lo, hi
}

// bars draws one bar a class, in an order of them, grey if there are no whiskers.
func bars(title string, order []int, names []string, heights, lo, hi, reference []float64) *plot.Plot {
	p := newPanel(title, "class", "")
	withGrid(p, false, true)
	p.X.Min, p.X.Max = -.7, float64(len(heights))-.3
	labelClasses(p, len(heights), names)
	if !slices.IsSorted(order) {
		p.X.Tick.Marker = plot.ConstantTicks{{Label: " "}} // numbers would say nothing
	}
	p.X.Tick.LineStyle.Width = 0
	p.Y.Tick.Marker = few(5)
	p.Y.Min = 0
	p.Add(painter(func(c draw.Canvas, p *plot.Plot) {
		point := func(x, y float64) vg.Point { return vg.Point{X: c.X(p.X.Norm(x)), Y: c.Y(p.Y.Norm(y))} }
		for place, i := range order {
			x, h := float64(place), heights[i]
			fill := clear(blue, 0xA0)
			if hi == nil {
				fill = clear(grid, 0xC0)
			}
			c.FillPolygon(fill, []vg.Point{point(x-.38, 0), point(x+.38, 0), point(x+.38, h), point(x-.38, h)})
			if hi != nil {
				c.StrokeLines(line(ink, .8), []vg.Point{point(x, lo[i]), point(x, hi[i])})
			}
			if reference != nil {
				c.StrokeLines(line(ink, 1.6), []vg.Point{point(x-.46, reference[i]), point(x+.46, reference[i])})
			}
		}
	}))
	return p
}

// labelClasses makes the X axis one of classes, with names upright if they are
// longer than numbers.
func labelClasses(p *plot.Plot, n int, names []string) {
	ticks := classTicks(n, names)
	if slices.ContainsFunc(ticks, func(t plot.Tick) bool { return len(t.Label) > 2 }) && n <= maxNumbers {
		p.X.Tick.Label.Rotation = math.Pi / 2
		p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YCenter
		for i := range ticks { // away from the axis
			ticks[i].Label += "\u00a0\u00a0"
		}
	}
	p.X.Tick.Marker = ticks
}

// classTicks labels every class, by its name if that is known, or of many every
// tenth or hundredth.
func classTicks(n int, names []string) plot.ConstantTicks {
	if n <= maxNumbers && len(names) == n {
		var ticks plot.ConstantTicks
		for i, name := range names {
			ticks = append(ticks, plot.Tick{Value: float64(i), Label: name})
		}
		return ticks
	}
	step := 1
	for n > 20*step {
		step *= 10
	}
	var ticks plot.ConstantTicks
	for i := 0; i < n; i += step {
		ticks = append(ticks, plot.Tick{Value: float64(i), Label: strconv.Itoa(i)})
	}
	return ticks
}
