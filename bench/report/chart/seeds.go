package chart

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
)

// Seeds draws every seed of every experiment as a dot, under it the mean with its
// 95 % interval, and beside them the published number: filled if it is of the
// same dataset and length of training, hollow if not.
func Seeds(s report.Suite) *Figure {
	f := &Figure{
		Name: s.Name + "-seeds", Title: s.Name + ": seeds",
		Caption: fmt.Sprintf("Whiskers: %g %% interval of the mean over seeds, within 0 and 100.", 100*report.Confidence),
		key:     []entry{glyphKey("a seed", seedMark()), glyphKey("mean", meanMark())},
	}
	if !s.Imported() {
		f.Caption = "Last epoch, test set. " + f.Caption
	}
	var names []string
	var published, foreign bool
	for _, row := range s.Rows {
		names = append(names, row.Experiment)
		published = published || len(row.Published) > 0 && !row.Foreign
		foreign = foreign || len(row.Published) > 0 && row.Foreign
	}
	if published {
		f.key = append(f.key, glyphKey("published", publishedMark(false)))
	}
	if foreign {
		f.key = append(f.key, glyphKey("published, of another training", publishedMark(true)))
	}
	var panels []*plot.Plot
	for _, metric := range s.Metrics {
		if metric == record.Loss {
			continue
		}
		if p := seedPanel(s.Rows, metric); p != nil {
			rows(p, names, len(panels) == 0)
			panels = append(panels, p)
		}
	}
	if len(panels) == 0 {
		return nil
	}
	f.panels = [][]*plot.Plot{panels}
	f.Width = 110 + 220*vg.Length(max(2, len(panels)))
	f.Height = 100 + 30*vg.Length(len(names))
	return f
}

// seedPanel returns nil if no seed has the metric.
func seedPanel(suiteRows []report.Row, metric string) *plot.Plot {
	p := newPanel("", gate.Label(metric)+" %", "")
	var xs []float64
	found := false
	withGrid(p, true, true)
	for i, row := range suiteRows {
		seeds := valuesOf(row, metric)
		found = found || len(seeds) > 0
		xs = append(xs, seeds...)
		mean := row.Means[metric]
		// An interval of Student's t knows nothing of the bounds of a percentage.
		mean.Lo, mean.Hi = max(mean.Lo, 0), min(mean.Hi, 100)
		if mean.N > 1 {
			xs = append(xs, mean.Lo, mean.Hi)
		}
		number, ok := row.Published[metric]
		if ok {
			xs = append(xs, number)
		}
		p.Add(painter(func(c draw.Canvas, p *plot.Plot) {
			y := c.Y(p.Y.Norm(-float64(i)))
			at := func(x float64, above vg.Length) vg.Point { return vg.Point{X: c.X(p.X.Norm(x)), Y: y + above} }
			if mean.N > 1 {
				lo, hi := at(mean.Lo, -5), at(mean.Hi, -5)
				c.StrokeLine2(line(ink, 1.2), lo.X, lo.Y, hi.X, hi.Y)
			}
			if mean.N > 0 {
				c.DrawGlyphNoClip(meanMark(), at(mean.Mean, -5))
			}
			for _, x := range seeds {
				c.DrawGlyphNoClip(seedMark(), at(x, 4))
			}
			if ok {
				c.DrawGlyphNoClip(publishedMark(row.Foreign), at(number, 0))
			}
		}))
	}
	if !found {
		return nil
	}
	lo, hi := span(xs...)
	p.X.Min, p.X.Max = pad(lo, hi, .06)
	p.X.Tick.Marker = few(6)
	return p
}

func valuesOf(row report.Row, metric string) []float64 {
	var xs []float64
	if row.Record == nil {
		return nil
	}
	for _, s := range row.Record.Samples {
		if x, ok := s.Metrics[metric]; ok && s.Status == record.OK {
			xs = append(xs, x)
		}
	}
	return xs
}

func seedMark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: clear(blue, 0x90), Radius: 3, Shape: draw.CircleGlyph{}}
}

func meanMark() draw.GlyphStyle {
	return draw.GlyphStyle{Color: ink, Radius: 3, Shape: draw.BoxGlyph{}}
}

func publishedMark(foreign bool) draw.GlyphStyle {
	return draw.GlyphStyle{Color: vermilion, Radius: 5, Shape: diamond{hollow: foreign}}
}

// diamond is a square on its tip.
type diamond struct{ hollow bool }

func (d diamond) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	r := s.Radius
	corners := []vg.Point{{X: at.X - r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y - r}}
	if d.hollow {
		c.StrokeLines(line(s.Color, 1.2), append(corners, corners[0], corners[1]))
		return
	}
	c.FillPolygon(s.Color, corners)
}
