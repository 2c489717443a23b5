// Package chart draws what package report has joined: learning curves, forest
// plots of differences and claims, F1 by class, confusion, seeds.
//
// A function of this package takes a report.Suite (or one of its rows) and
// returns a [Figure], which is written as SVG or PNG. It returns nil if the
// records do not hold what the figure shows.
//
// Panels of one figure that show the same quantity have the same axes. Nothing is
// told by colour alone: lines differ by dashes and markers by shape, the few
// colours are those of Okabe and Ito, and shades run from light to dark.
//
// The package computes means and ranges over seeds and nothing else: intervals
// and verdicts are those of the gate.
package chart

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"trainbench/bench/atomicfile"
	"trainbench/bench/report"
)

// Figure is panels under a title and a key, over a caption.
type Figure struct {
	// Name is that of a file, without its extension: "skip-curves".
	Name    string
	Title   string
	Caption string // what cannot be seen: what a band is, of how many seeds
	// Width and Height are those of the whole picture.
	Width, Height vg.Length

	key    []entry
	panels [][]*plot.Plot // rows of equal length; nil is an empty place
}

// entry explains one mark.
type entry struct {
	label string
	draw  func(c *draw.Canvas, at vg.Point) // the mark, keyWidth wide, centred at a point
}

// Distances in every figure.
const (
	margin   = 8
	keyWidth = 22
	gap      = 14 // between panels
	titleSize, textSize,
	smallSize = 12, 9, 8
)

// WriteSVG writes f as SVG. Text stays text, in Liberation Sans or what the viewer
// has, and is as wide as it was measured in any font.
func (f *Figure) WriteSVG(w io.Writer) error {
	canvas := vgsvg.New(f.Width, f.Height)
	f.draw(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return fmt.Errorf("chart %s: %w", f.Name, err)
	}
	text := regexp.MustCompile(`<text ([^>]*)font-family:Liberation Sans;([^>]*font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)
	svg := text.ReplaceAllFunc(b.Bytes(), func(element []byte) []byte {
		part := text.FindSubmatch(element)
		size, err := strconv.ParseFloat(string(part[3]), 64)
		if err != nil {
			return element // the expression lets only numbers through
		}
		width := style(vg.Length(size)).Width(html.UnescapeString(string(part[4])))
		return fmt.Appendf(nil, `<text textLength="%.4g" lengthAdjust="spacingAndGlyphs" %sfont-family:Liberation Sans,Arial,Helvetica,sans-serif;%s>%s</text>`,
			width.Points(), part[1], part[2], part[4])
	})
	_, err := w.Write(svg)
	return err
}

// WritePNG writes f as PNG with dpi pixels an inch.
func (f *Figure) WritePNG(w io.Writer, dpi int) error {
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.Width, f.Height), vgimg.UseDPI(dpi))}
	f.draw(draw.New(canvas))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("chart %s: %w", f.Name, err)
	}
	return nil
}

func (f *Figure) draw(c draw.Canvas) {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	c = f.drawTitle(c)
	c = f.drawKey(c)
	c = f.drawCaption(c)
	tiles := draw.Tiles{Rows: len(f.panels), Cols: len(f.panels[0]), PadX: gap, PadY: gap}
	for i, row := range plot.Align(f.panels, tiles, c) {
		for j, place := range row {
			if f.panels[i][j] != nil {
				f.panels[i][j].Draw(place)
			}
		}
	}
}

// drawTitle, drawKey and drawCaption return what they leave of c.

func (f *Figure) drawTitle(c draw.Canvas) draw.Canvas {
	s := style(titleSize)
	s.YAlign = text.YTop
	lines := wrap(s, f.Title, c.Max.X-c.Min.X)
	y := c.Max.Y
	for _, line := range lines {
		c.FillText(s, vg.Point{X: c.Min.X, Y: y}, line)
		y -= titleSize * 1.3
	}
	return draw.Crop(c, 0, 0, 0, y-c.Max.Y)
}

func (f *Figure) drawKey(c draw.Canvas) draw.Canvas {
	if len(f.key) == 0 {
		return draw.Crop(c, 0, 0, 0, -margin)
	}
	s := style(textSize)
	s.YAlign = text.YCenter
	at := vg.Point{X: c.Min.X, Y: c.Max.Y - textSize}
	for _, e := range f.key {
		width := keyWidth + 4 + s.Width(e.label)
		if at.X > c.Min.X && at.X+width > c.Max.X {
			at.X, at.Y = c.Min.X, at.Y-textSize*1.5
		}
		e.draw(&c, vg.Point{X: at.X + keyWidth/2, Y: at.Y})
		c.FillText(s, vg.Point{X: at.X + keyWidth + 4, Y: at.Y + raised}, e.label)
		at.X += width + gap
	}
	return draw.Crop(c, 0, 0, 0, at.Y-textSize*1.6-c.Max.Y)
}

func (f *Figure) drawCaption(c draw.Canvas) draw.Canvas {
	if f.Caption == "" {
		return c
	}
	s := style(smallSize)
	s.Color = faint
	s.YAlign = text.YTop
	lines := wrap(s, f.Caption, c.Max.X-c.Min.X)
	height := vg.Length(len(lines)) * smallSize * 1.3
	for i, line := range lines {
		c.FillText(s, vg.Point{X: c.Min.X, Y: c.Min.Y + height - vg.Length(i)*smallSize*1.3}, line)
	}
	return draw.Crop(c, 0, 0, height+margin, 0)
}

// All returns the figures of a suite that its records allow: curves, differences,
// claims, seeds, classes, and the confusion of every experiment.
func All(s report.Suite) []*Figure {
	figures := []*Figure{Curves(s), Differences(s), Claims(s), Seeds(s), PerClass(s)}
	for _, row := range s.Rows {
		figures = append(figures, Confusion(s.Name, row))
	}
	return slices.DeleteFunc(figures, func(f *Figure) bool { return f == nil })
}

// Write writes <folder>/<name>.svg and .png for all figures of all suites, and
// returns the paths.
func Write(folder string, suites []report.Suite) ([]string, error) {
	var paths []string
	for _, s := range suites {
		for _, f := range All(s) {
			for ext, write := range map[string]func(io.Writer) error{
				".svg": f.WriteSVG,
				".png": func(w io.Writer) error { return f.WritePNG(w, fileDPI) },
			} {
				var b bytes.Buffer
				if err := write(&b); err != nil {
					return nil, err
				}
				path := filepath.Join(folder, f.Name+ext)
				if err := atomicfile.Write(path, b.Bytes()); err != nil {
					return nil, err
				}
				paths = append(paths, path)
			}
		}
	}
	slices.Sort(paths)
	return paths, nil
}

// fileDPI is the resolution of PNG files: sharp on a screen of twice the usual.
const fileDPI = 144

// style is text of one size.
func style(size vg.Length) text.Style {
	return text.Style{
		Color:   ink,
		Font:    font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size),
		Handler: plot.DefaultTextHandler,
	}
}
