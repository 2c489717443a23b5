package chart

import (
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"trainbench/bench/record"
	"trainbench/bench/report"
)

// PerClass draws the F1 of every class: a panel for each experiment with bars for
// the means over seeds, whiskers from the least to the greatest, and ticks at
// what the first experiment reaches. The first panel is the number of training
// images of the classes.
func PerClass(s report.Suite) *Figure {
	var panels []*plot.Plot
	var first []float64
	for _, row := range s.Rows {
		scores := classF1(row)
		if len(scores) == 0 {
			continue
		}
		mean, lo, hi := summaries(scores)
		if panels == nil {
			if sizes := classSizes(row); len(sizes) > 0 {
				p := bars("images to train on", sizes, nil, nil, nil)
				p.Y.Label.Text = "images"
				_, p.Y.Max = span(sizes...)
				panels = append(panels, p)
			}
		}
		p := bars(row.Experiment, mean, lo, hi, first)
		p.Y.Max = 100
		if first == nil || len(panels)%maxColumns == 0 {
			p.Y.Label.Text = "F1 %"
		}
		if first == nil {
			first = mean
		}
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return nil
	}
	f := &Figure{
		Name: s.Name + "-classes", Title: s.Name + ": F1 by class",
		Caption: "Bars are means over the seeds, whiskers go from the least to the greatest of them.",
		key:     []entry{bandKey("F1 of a class", clear(blue, 0xA0))},
	}
	if len(panels) > 2 {
		f.key = append(f.key, lineKey("the same class in "+firstTrained(s), line(ink, 1.6)))
	}
	columns := min(maxColumns, len(panels))
	for group := range slices.Chunk(panels, columns) {
		f.panels = append(f.panels, append(group, make([]*plot.Plot, columns-len(group))...))
	}
	f.Width = 60 + 160*vg.Length(max(2, columns))
	f.Height = 90 + 130*vg.Length(len(f.panels))
	return f
}

// firstTrained is the experiment of the first panel of F1.
func firstTrained(s report.Suite) string {
	i := slices.IndexFunc(s.Rows, func(r report.Row) bool { return len(classF1(r)) > 0 })
	return s.Rows[i].Experiment
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

// bars draws one bar a class, grey if there are no whiskers.
func bars(title string, heights, lo, hi, reference []float64) *plot.Plot {
	p := newPanel(title, "class", "")
	withGrid(p, false, true)
	p.X.Min, p.X.Max = -.7, float64(len(heights))-.3
	p.X.Tick.Marker = classTicks(len(heights))
	p.X.Tick.LineStyle.Width = 0
	p.Y.Tick.Marker = few(5)
	p.Y.Min = 0
	p.Add(painter(func(c draw.Canvas, p *plot.Plot) {
		point := func(x, y float64) vg.Point { return vg.Point{X: c.X(p.X.Norm(x)), Y: c.Y(p.Y.Norm(y))} }
		for i, h := range heights {
			x := float64(i)
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

// classTicks labels every class, or of many every tenth or hundredth.
func classTicks(n int) plot.ConstantTicks {
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
