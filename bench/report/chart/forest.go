package chart

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"trainbench/bench/gate"
	"trainbench/bench/record"
	"trainbench/bench/report"
)

// Differences draws the difference of every experiment to its baseline, each
// metric for itself, with the gate's interval and outcome. A dashed line marks
// the margin.
func Differences(s report.Suite) *Figure {
	var estimates []estimate
	margin := 0.
	for _, row := range s.Rows {
		for _, v := range row.Verdicts {
			if v.Metric == "" || v.Baseline.N == 0 || v.Candidate.N == 0 {
				continue // no number to draw
			}
			estimates = append(estimates, estimate{
				label: row.Experiment + ", " + gate.Label(v.Metric), outcome: string(v.Outcome),
				x: v.Difference, interval: v.Interval,
			})
			margin = max(margin, v.Margin)
		}
	}
	if len(estimates) == 0 {
		return nil
	}
	f := forest(estimates, "difference to the stored baseline")
	f.Name, f.Title = s.Name+"-differences", s.Name+": differences to the stored baseline"
	f.Caption = "Right of 0 is better than the baseline (left, for a loss). A loss smaller than the margin is one that nobody cares about."
	for _, e := range estimates {
		if e.interval != nil {
			f.Caption += fmt.Sprintf(" Whiskers: %g %% intervals.", 100*e.interval.Level)
			break
		}
	}
	p := f.panels[0][0]
	if margin > 0 {
		p.Add(verticals(line(vermilion, 1, 4, 2), -margin))
		p.X.Min, p.X.Max = min(p.X.Min, -1.3*margin), max(p.X.Max, margin)
		f.key = append(f.key, lineKey(fmt.Sprintf("margin: −%g", margin), line(vermilion, 1, 4, 2)))
	}
	return f
}

// Claims draws by how much every claim of a suite is met: the estimate less what
// is claimed, so that an interval right of 0 supports the claim. Claims of no
// difference are drawn as the difference itself, with brackets at the greatest
// that is claimed.
func Claims(s report.Suite) *Figure {
	var estimates []estimate
	equivalence := false
	for _, c := range s.Claims {
		if c.Outcome == gate.ClaimNotRun {
			continue
		}
		e := estimate{label: c.Claim.Text + ": " + report.Target(c.Claim), outcome: string(c.Outcome), x: c.Estimate, interval: c.Interval}
		if c.Claim.Kind == record.Equivalent {
			e.within, equivalence = c.Claim.Gap, true
		} else {
			e.x -= c.Claim.Gap
			if c.Interval != nil {
				e.interval = &gate.Interval{Lo: c.Interval.Lo - c.Claim.Gap, Hi: c.Interval.Hi - c.Claim.Gap, Level: c.Interval.Level}
			}
		}
		estimates = append(estimates, e)
	}
	if len(estimates) == 0 {
		return nil
	}
	f := forest(estimates, "estimate less what is claimed")
	f.Name, f.Title = s.Name+"-claims", s.Name+": claims"
	f.Caption = "0 is what is claimed: whiskers right of it support a claim, left of it they refute it."
	if equivalence {
		f.Caption += " Brackets are the bounds of a claim of no difference: whiskers within them support it."
	}
	return f
}

// estimate is one line of a forest plot.
type estimate struct {
	label, outcome string
	x              float64
	interval       *gate.Interval // nil if unknown
	within         float64        // half the distance of the brackets; 0 is none
}

func forest(estimates []estimate, label string) *Figure {
	f := &Figure{Width: 560}
	p := newPanel("", label+" (percentage points)", "")
	var names []string
	xs := []float64{0}
	for _, e := range estimates {
		names = append(names, e.label)
		xs = append(xs, e.x, -e.within, e.within)
		if e.interval != nil {
			xs = append(xs, e.interval.Lo, e.interval.Hi)
		}
	}
	withGrid(p, true, false)
	p.Add(verticals(line(ink, .8), 0))
	for i, e := range estimates {
		p.Add(painter(func(c draw.Canvas, p *plot.Plot) { e.draw(c, p, -float64(i)) }))
	}
	p.Add(values{estimates})
	lo, hi := span(xs...)
	p.X.Min, p.X.Max = pad(lo, hi, .05)
	p.X.Tick.Marker = few(6)
	rows(p, names, true)
	for i, name := range names { // long ones on two lines
		p.Y.Tick.Marker.(plot.ConstantTicks)[i].Label = twoLines(name)
	}
	f.panels = [][]*plot.Plot{{p}}
	f.Height = 110 + 26*vg.Length(len(estimates))
	return f
}

// draw draws the whiskers, the brackets and the marker of e at height y.
func (e estimate) draw(c draw.Canvas, p *plot.Plot, y float64) {
	at := c.Y(p.Y.Norm(y))
	x := func(v float64) vg.Length { return c.X(p.X.Norm(v)) }
	if e.within > 0 {
		for _, side := range []float64{-1, 1} {
			edge, tip := x(side*e.within), vg.Length(-3*side)
			c.StrokeLines(line(vermilion, 1), []vg.Point{{X: edge + tip, Y: at - 6}, {X: edge, Y: at - 6}, {X: edge, Y: at + 6}, {X: edge + tip, Y: at + 6}})
		}
	}
	if e.interval != nil {
		c.StrokeLine2(line(ink, 1.2), x(e.interval.Lo), at, x(e.interval.Hi), at)
		for _, end := range []float64{e.interval.Lo, e.interval.Hi} {
			c.StrokeLine2(line(ink, 1.2), x(end), at-3, x(end), at+3)
		}
	}
	c.DrawGlyphNoClip(marker(e.outcome), vg.Point{X: x(e.x), Y: at})
}

// marker tells outcomes apart by shape, and by colour as well.
func marker(outcome string) draw.GlyphStyle {
	switch outcome {
	case string(gate.Fail), string(gate.Error), string(gate.Refuted):
		return draw.GlyphStyle{Color: vermilion, Radius: 4, Shape: draw.BoxGlyph{}}
	case string(gate.Improved):
		return draw.GlyphStyle{Color: green, Radius: 5, Shape: draw.PyramidGlyph{}}
	case string(gate.Inconclusive), string(gate.Undecided):
		return draw.GlyphStyle{Color: ink, Radius: 4, Shape: hollow{}}
	}
	return draw.GlyphStyle{Color: blue, Radius: 4, Shape: draw.CircleGlyph{}}
}

// hollow is a circle that hides what is under it.
type hollow struct{}

func (hollow) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	var circle vg.Path
	circle.Move(vg.Point{X: at.X + s.Radius, Y: at.Y})
	circle.Arc(at, s.Radius, 0, 2*math.Pi)
	circle.Close()
	c.SetColor(paper)
	c.Fill(circle)
	c.SetLineStyle(line(s.Color, 1.2))
	c.Stroke(circle)
}

// values writes numbers and outcomes to the right of a forest.
type values struct{ estimates []estimate }

func (v values) text(e estimate) string {
	s := number(e.x, 2)
	if e.x > 0 {
		s = "+" + s
	}
	return s + "  " + e.outcome
}

func (v values) Plot(c draw.Canvas, p *plot.Plot) {
	s := style(smallSize)
	s.YAlign = text.YCenter
	for i, e := range v.estimates {
		c.FillText(s, vg.Point{X: c.Max.X + 8, Y: c.Y(p.Y.Norm(-float64(i))) + raised}, v.text(e))
	}
}

// GlyphBoxes reserves the room.
func (v values) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	s := style(smallSize)
	width := vg.Length(0)
	for _, e := range v.estimates {
		width = max(width, s.Width(v.text(e)))
	}
	return []plot.GlyphBox{{X: 1, Y: .5, Rectangle: vg.Rectangle{Max: vg.Point{X: width + 8}}}}
}

// twoLines breaks a long label near its middle.
func twoLines(label string) string {
	s := style(smallSize)
	lines := wrap(s, label, max(170, .6*s.Width(label)))
	out := lines[0]
	for _, l := range lines[1:] {
		out += "\n" + l
	}
	return out
}
