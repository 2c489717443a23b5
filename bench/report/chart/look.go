package chart

import (
	"image/color"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The colours are those of Okabe and Ito ("Color Universal Design", 2008), which
// people with any kind of colour vision tell apart. A page that shows a figure on
// a dark ground may exchange paper and ink, and only these.
var (
	paper     = color.RGBA{255, 255, 255, 255}
	ink       = color.RGBA{0, 0, 0, 255}
	faint     = color.RGBA{0x76, 0x76, 0x76, 255} // readable on white and on black
	grid      = color.NRGBA{0x80, 0x80, 0x80, 0x48}
	blue      = color.NRGBA{0x00, 0x72, 0xB2, 255}
	vermilion = color.NRGBA{0xD5, 0x5E, 0x00, 255}
	green     = color.NRGBA{0x00, 0x9E, 0x73, 255}
)

func clear(c color.NRGBA, alpha uint8) color.NRGBA {
	c.A = alpha
	return c
}

func line(c color.Color, width vg.Length, dashes ...vg.Length) draw.LineStyle {
	return draw.LineStyle{Color: c, Width: width, Dashes: dashes}
}

// newPanel returns an empty plot in the look of this package.
func newPanel(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.TextStyle = style(textSize)
	p.Title.TextStyle.XAlign, p.Title.TextStyle.YAlign = text.XCenter, text.YTop
	p.Title.Padding = 4
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		label, tick := axis.Label.TextStyle, axis.Tick.Label
		axis.Label.TextStyle, axis.Tick.Label = style(textSize), style(smallSize)
		axis.Label.TextStyle.XAlign, axis.Label.TextStyle.YAlign = label.XAlign, label.YAlign
		axis.Label.TextStyle.Rotation = label.Rotation
		axis.Tick.Label.XAlign, axis.Tick.Label.YAlign = tick.XAlign, tick.YAlign
		axis.LineStyle, axis.Tick.LineStyle = line(faint, .5), line(faint, .5)
		axis.Tick.Length = 3
		axis.Padding = 0
	}
	return p
}

// withGrid adds lines at the ticks, under everything else.
func withGrid(p *plot.Plot, vertical, horizontal bool) {
	g := plotter.NewGrid()
	g.Vertical, g.Horizontal = line(grid, .5), line(grid, .5)
	if !vertical {
		g.Vertical.Color = nil
	}
	if !horizontal {
		g.Horizontal.Color = nil
	}
	p.Add(g)
}

// rows makes the Y axis one of names, the first on top: row i is at -i.
func rows(p *plot.Plot, names []string, labelled bool) {
	ticks := make(plot.ConstantTicks, len(names))
	for i, name := range names {
		ticks[i] = plot.Tick{Value: -float64(i), Label: name}
		if !labelled {
			ticks[i].Label = " " // an empty one would be a minor tick
		}
	}
	p.Y.Tick.Marker = ticks
	p.Y.Tick.Length = 0
	p.Y.LineStyle.Width = 0
	p.Y.Min, p.Y.Max = .5-float64(len(names)), .5
}

// few are plain decimal ticks, about n of them, that fit in narrow panels.
func few(n int) plot.Ticker {
	return plot.TickerFunc(func(lo, hi float64) []plot.Tick {
		step := math.Pow(10, math.Floor(math.Log10((hi-lo)/float64(n))))
		for _, k := range []float64{1, 2, 5, 10} {
			if (hi-lo)/(k*step) <= float64(n) {
				step *= k
				break
			}
		}
		digits := max(0, int(-math.Floor(math.Log10(step)+1e-9)))
		var ticks []plot.Tick
		for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
			ticks = append(ticks, plot.Tick{Value: i * step, Label: number(i*step, digits)})
		}
		return ticks
	})
}

// span returns the least and the greatest of xs that are numbers.
func span(xs ...float64) (lo, hi float64) {
	xs = slices.DeleteFunc(slices.Clone(xs), func(x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	if len(xs) == 0 {
		return 0, 1
	}
	return slices.Min(xs), slices.Max(xs)
}

// pad widens a range by a fraction at both ends, and one of no width by 1.
func pad(lo, hi, fraction float64) (float64, float64) {
	d := (hi - lo) * fraction
	if d == 0 {
		d = 1
	}
	return lo - d, hi + d
}

// wrap breaks s at spaces into lines that fit a width, if words allow it.
func wrap(s text.Style, str string, width vg.Length) []string {
	var lines []string
	current := ""
	for _, word := range strings.Fields(str) {
		next := strings.TrimSpace(current + " " + word)
		if current != "" && s.Width(next) > width {
			lines = append(lines, current)
			next = word
		}
		current = next
	}
	return append(lines, current)
}

// lineKey and glyphKey explain a line and a marker.

func lineKey(label string, s draw.LineStyle) entry {
	return entry{label, func(c *draw.Canvas, at vg.Point) {
		c.StrokeLine2(s, at.X-keyWidth/2, at.Y, at.X+keyWidth/2, at.Y)
	}}
}

func glyphKey(label string, s draw.GlyphStyle) entry {
	return entry{label, func(c *draw.Canvas, at vg.Point) { c.DrawGlyphNoClip(s, at) }}
}

func bandKey(label string, fill color.Color) entry {
	return entry{label, func(c *draw.Canvas, at vg.Point) {
		x, y := vg.Length(keyWidth/2), vg.Length(4)
		c.FillPolygon(fill, []vg.Point{{X: at.X - x, Y: at.Y - y}, {X: at.X + x, Y: at.Y - y}, {X: at.X + x, Y: at.Y + y}, {X: at.X - x, Y: at.Y + y}})
	}}
}

// painter is a Plotter of one function.
type painter func(c draw.Canvas, p *plot.Plot)

func (f painter) Plot(c draw.Canvas, p *plot.Plot) { f(c, p) }

// raised is how much text that is centred by its height must go up to be centred
// by its lower-case letters.
const raised = 1.2

// verticals draws lines from bottom to top at the given values of X.
func verticals(s draw.LineStyle, xs ...float64) plot.Plotter {
	return painter(func(c draw.Canvas, p *plot.Plot) {
		for _, x := range xs {
			at := c.X(p.X.Norm(x))
			c.StrokeLine2(s, at, c.Min.Y, at, c.Max.Y)
		}
	})
}

func sortedKeys[V any](m map[int]V) []int { return slices.Sorted(maps.Keys(m)) }

// number writes x with so many decimals, and a minus that is as wide as a plus.
func number(x float64, digits int) string {
	s := strconv.FormatFloat(x, 'f', digits, 64)
	if strings.Trim(s, "-0.") == "" {
		return strings.TrimPrefix(s, "-")
	}
	return strings.Replace(s, "-", "−", 1)
}
