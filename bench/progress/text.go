package progress

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"
)

// line is what mode Lines writes.
func (r *Reporter) line(now time.Time) string {
	return fmt.Sprintf("# %.0f %%, %s\n", 100*r.fraction(), strings.Join(r.parts(now), ", "))
}

// frame is the bar, as wide as the terminal at most: it could not be cleared if it
// went over two lines.
func (r *Reporter) frame(now time.Time) string {
	columns, bar := r.Width(), 20
	if columns < 120 {
		bar = 10
	}
	const percent = len(" 100% || ") + 3 // spaces that the bar ends with
	text := fit(r.parts(now), columns-bar-percent)
	var frame strings.Builder
	b := progressbar.NewOptions(1000,
		progressbar.OptionSetWriter(&frame), progressbar.OptionSetWidth(bar),
		progressbar.OptionSetRenderBlankState(false), progressbar.OptionThrottle(0),
		progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionSetDescription(text))
	// Full, it would begin a new line; and a builder takes everything.
	_ = b.Set(min(999, int(1000*r.fraction())))
	return "\r\033[2K" + strings.Trim(frame.String(), "\r ")
}

func (r *Reporter) fraction() float64 {
	done, left := r.work()
	if done+left == 0 {
		return 0
	}
	return done / (done + left)
}

// parts are what there is to say of the run, the most important first.
func (r *Reporter) parts(now time.Time) []string {
	var parts []string
	if left, ok := r.toGo(now); ok {
		parts = append(parts, rough(left)+" left")
	}
	j := r.active[0]
	name := j.name
	if others := len(r.active) - 1; others > 0 {
		name += fmt.Sprintf(" (and %d more)", others)
	}
	parts = append(parts, name)
	switch {
	case j.stepped.IsZero():
		return append(parts, "compiling")
	case j.epochs > 0:
		parts = append(parts, fmt.Sprintf("epoch %d of %d", min(j.epoch+1, j.epochs), j.epochs))
	}
	if j.epoch > 0 {
		parts = append(parts, fmt.Sprintf("loss %.4f", j.loss))
	}
	speed := 0.
	for _, j := range r.active {
		speed += j.speed(now)
	}
	if speed > 0 {
		parts = append(parts, count(speed)+" images/s")
	}
	return parts
}

// fit joins as many parts as go into some columns, at least the first, cut.
func fit(parts []string, columns int) string {
	text := parts[0]
	for _, p := range parts[1:] {
		if utf8.RuneCountInString(text)+len(", ")+utf8.RuneCountInString(p) > columns {
			break
		}
		text += ", " + p
	}
	if runes := []rune(text); len(runes) > columns {
		return string(runes[:max(0, columns)])
	}
	return text
}

// rough writes a time as exactly as an estimate can be.
func rough(d time.Duration) string {
	switch minutes := int(d.Round(time.Minute).Minutes()); {
	case d < 10*time.Second:
		return "some seconds"
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", 10*int(d.Round(10*time.Second).Seconds()/10))
	case minutes < 60:
		return fmt.Sprintf("%d min", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours()+12)/24)
}

// count writes a number of images with separators, and small ones with a digit more.
func count(x float64) string {
	if x < 10 {
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	s := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
