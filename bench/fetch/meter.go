package fetch

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
)

// A meter shows how far a download is: as a bar on a terminal, and elsewhere as
// a line at a fixed pace.
type meter struct {
	w       io.Writer
	name    string
	total   int64 // 0 if unknown
	pace    time.Duration
	bar     *progressbar.ProgressBar // nil without a terminal
	started time.Time                // of the bytes since began,
	began   int64                    // which are the ones that tell the rate
	shown   time.Time
}

func newMeter(w io.Writer, name string, total int64, pace time.Duration) *meter {
	m := &meter{w: w, name: name, total: total, pace: pace}
	if total > 0 && isTerminal(w) {
		m.bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetRenderBlankState(false), progressbar.OptionThrottle(100*time.Millisecond))
	}
	return m
}

// isTerminal reports whether a person looks at w as it is written.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("CI") != "" || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Name() != "null"
}

// start tells that bytes from done on are about to come.
func (m *meter) start(done int64) {
	now := time.Now()
	m.started, m.began = now, done
	if m.shown.IsZero() {
		m.shown = now
	}
}

// set tells how many bytes there are.
func (m *meter) set(done int64) {
	now := time.Now()
	if m.bar != nil {
		if now.Sub(m.shown) < 100*time.Millisecond && done != m.total {
			return
		}
		m.shown = now
		m.bar.Describe(m.line(done, now))
		_ = m.bar.Set64(min(done, m.total)) // a bar that cannot be drawn is no reason to stop
		return
	}
	if now.Sub(m.shown) >= m.pace {
		m.shown = now
		fmt.Fprintln(m.w, m.line(done, now))
	}
}

// line describes the state, with the rate since the connection began and the time
// that the rest takes at it.
func (m *meter) line(done int64, now time.Time) string {
	s := fmt.Sprintf("%s: %.1f MB", m.name, megabytes(done))
	if m.total > 0 {
		s = fmt.Sprintf("%s: %.1f of %.1f MB", m.name, megabytes(done), megabytes(m.total))
	}
	seconds := now.Sub(m.started).Seconds()
	if seconds < .1 || done <= m.began {
		return s
	}
	rate := float64(done-m.began) / seconds
	s += fmt.Sprintf(", %.1f MB/s", rate/1e6)
	if m.total > done {
		left := time.Duration(float64(m.total-done) / rate * float64(time.Second))
		s += fmt.Sprintf(", %s to go", left.Round(time.Second))
	}
	return s
}

func megabytes(n int64) float64 { return float64(n) / 1e6 }

// say writes a line of its own.
func (m *meter) say(line string) {
	if m.bar != nil {
		_ = m.bar.Clear()
	}
	fmt.Fprintln(m.w, line)
}

func (m *meter) close() {
	if m.bar != nil && !m.shown.IsZero() {
		fmt.Fprintln(m.w)
	}
}
