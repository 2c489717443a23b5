package chart

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"trainbench/bench/gate"
	"trainbench/bench/metrics"
	"trainbench/bench/record"
	"trainbench/bench/report"
)

// maxNumbers is the number of classes up to which cells carry numbers.
const maxNumbers = 12

// Confusion draws where the images of each class went, in per cent of the class,
// over all seeds together. The shade follows the square root of the share, so
// that rare mistakes can be seen.
func Confusion(suite string, row report.Row) *Figure {
	all := confusions(row)
	if len(all) == 0 {
		return nil
	}
	n := all[0].Classes
	share := shares(all)
	p := newPanel("", "predicted class", "true class")
	names := gate.ClassNames(row.Record)
	labelClasses(p, n, names)
	p.X.Min, p.X.Max = -.5, float64(n)-.5
	p.X.Tick.LineStyle.Width, p.Y.Tick.LineStyle.Width = 0, 0
	ticks := classTicks(n, names)
	for i := range ticks {
		ticks[i].Value = -ticks[i].Value // class 0 on top
	}
	p.Y.Tick.Marker = ticks
	p.Y.Min, p.Y.Max = .5-float64(n), .5
	p.Add(cells{n, share})
	f := &Figure{
		Name: suite + "-confusion-" + row.Experiment, Title: suite + ", " + row.Experiment + ": confusion",
		Caption: fmt.Sprintf("Per cent of the images of a class; seeds: %d.", len(all)),
		Width:   370, Height: 400,
		panels: [][]*plot.Plot{{p}},
	}
	for _, percent := range []float64{0, 1, 5, 25, 50, 100} {
		f.key = append(f.key, swatch(strconv.Itoa(int(percent)), shade(percent/100)))
	}
	return f
}

// confusions returns the counts of all good seeds that have the same classes.
func confusions(row report.Row) []*metrics.Confusion {
	var out []*metrics.Confusion
	if row.Record == nil {
		return nil
	}
	for _, s := range row.Record.Samples {
		if s.Status != record.OK {
			continue
		}
		// A sample without predictions, or with damaged ones, has nothing to show.
		if c, err := s.Confusion(); err == nil && (len(out) == 0 || out[0].Classes == c.Classes) {
			out = append(out, c)
		}
	}
	return out
}

// shares returns for [true*n+predicted] the part of the images of the true class,
// in [0, 1]; 0 for a class without images.
func shares(all []*metrics.Confusion) []float64 {
	n := all[0].Classes
	share := make([]float64, n*n)
	for label := range n {
		total := 0
		for predicted := range n {
			for _, c := range all {
				share[label*n+predicted] += float64(c.Counts[label*n+predicted])
				total += c.Counts[label*n+predicted]
			}
		}
		for predicted := range n {
			share[label*n+predicted] /= float64(max(1, total))
		}
	}
	return share
}

// shade goes from near white to dark blue with the square root of x in [0, 1], at
// a lightness that falls evenly.
func shade(x float64) color.NRGBA {
	stops := []color.NRGBA{{0xF7, 0xFB, 0xFF, 255}, {0x9E, 0xCA, 0xE1, 255}, {0x31, 0x82, 0xBD, 255}, {0x08, 0x30, 0x6B, 255}}
	at := math.Sqrt(min(1, max(0, x))) * float64(len(stops)-1)
	i := min(int(at), len(stops)-2)
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (at-float64(i))*(float64(b)-float64(a)))) }
	a, b := stops[i], stops[i+1]
	return color.NRGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// cells draws n x n shares, as an image if they are too many for numbers.
type cells struct {
	n     int
	share []float64
}

func (h cells) Plot(c draw.Canvas, p *plot.Plot) {
	if h.n > maxNumbers {
		img := image.NewNRGBA(image.Rect(0, 0, h.n, h.n))
		for i, x := range h.share {
			img.Set(i%h.n, i/h.n, shade(x))
		}
		c.DrawImage(c.Rectangle, enlarged(img))
		return
	}
	s := style(smallSize)
	s.XAlign, s.YAlign = text.XCenter, text.YCenter
	for i, x := range h.share {
		col, row := float64(i%h.n), -float64(i/h.n)
		corner := func(dx, dy float64) vg.Point { return vg.Point{X: c.X(p.X.Norm(col + dx)), Y: c.Y(p.Y.Norm(row + dy))} }
		c.FillPolygon(shade(x), []vg.Point{corner(-.5, -.5), corner(.5, -.5), corner(.5, .5), corner(-.5, .5)})
		if x > 0 {
			s.Color = onShade(x)
			c.FillText(s, corner(0, 0), percent(x))
		}
	}
}

// onShade is the colour of a number on a shade. It is neither paper nor ink, which
// a page may exchange.
func onShade(x float64) color.Color {
	if x > .45 {
		return color.NRGBA{0xFE, 0xFE, 0xFE, 255}
	}
	return color.NRGBA{0x08, 0x10, 0x20, 255}
}

// percent writes a share in as few digits as it needs: "97", "0.5", ".03".
func percent(x float64) string {
	switch p := 100 * x; {
	case p >= .95:
		return strconv.Itoa(int(math.Round(p)))
	case p >= .05:
		return strconv.FormatFloat(p, 'f', 1, 64)
	}
	return "<.1"
}

// enlarged keeps a viewer from blurring the cells of an image into each other.
func enlarged(img *image.NRGBA) *image.NRGBA {
	const k = 4
	b := img.Bounds()
	out := image.NewNRGBA(image.Rect(0, 0, k*b.Dx(), k*b.Dy()))
	for y := range k * b.Dy() {
		for x := range k * b.Dx() {
			out.Set(x, y, img.At(x/k, y/k))
		}
	}
	return out
}

func swatch(label string, fill color.Color) entry {
	e := bandKey(label, fill)
	return entry{e.label, func(c *draw.Canvas, at vg.Point) {
		e.draw(c, at)
		x, y := vg.Length(keyWidth/2), vg.Length(4)
		c.StrokeLines(line(faint, .5), []vg.Point{{X: at.X - x, Y: at.Y - y}, {X: at.X + x, Y: at.Y - y}, {X: at.X + x, Y: at.Y + y}, {X: at.X - x, Y: at.Y + y}, {X: at.X - x, Y: at.Y - y}})
	}}
}
