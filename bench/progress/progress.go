// Package progress tells people how far a run of many trainings is and when it
// will be done: as one bar on a terminal, and as plain lines at a fixed pace
// elsewhere.
//
// A [Reporter] is told of jobs, what work each has, and the steps that they do. It
// shares a terminal with other writers: what goes through [Reporter.Write] appears
// above the bar, and between [Reporter.Hide] and [Reporter.Show] nothing is
// written at all, so that lines of others stay whole.
package progress

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"time"
)

// Mode is the way in which progress is told.
type Mode int

const (
	Silent Mode = iota // not at all
	Lines              // a line every [Reporter.Pace]
	Bar                // one line that is drawn again and again, for terminals
)

// Reporter tells the progress of a run. Its methods are safe for concurrent use,
// but for its fields, which are set before. It is an io.Writer for messages that
// must not be disturbed by the bar; they are written in every Mode.
type Reporter struct {
	Mode Mode
	// Pace is the time between lines in mode Lines; New sets 10 s.
	Pace time.Duration
	// Width is the number of columns of the terminal; New asks it.
	Width func() int
	Clock func() time.Time

	w  io.Writer
	mu sync.Mutex
	// planned holds the work of jobs that did not start, by name.
	planned map[string]float64
	active  []*Job // the longest first
	gone    float64
	began   time.Time // the first step of the run

	hidden  bool
	drawn   bool // a bar stands on the terminal
	waiting bytes.Buffer
	last    time.Time // of the last line, or of Show
	stop    chan struct{}
	stopped chan struct{}
}

// New returns a Reporter that writes to w. It draws a bar if w is a terminal and
// the run is not one of continuous integration, whose logs keep every frame.
func New(w io.Writer) *Reporter {
	r := &Reporter{
		w: w, Mode: Lines, Pace: 10 * time.Second,
		Width: func() int { return width(w) }, Clock: time.Now,
		planned: map[string]float64{},
	}
	if IsTerminal(w) {
		r.Mode = Bar
	}
	return r
}

// Start begins to tell, in the background, until Close.
func (r *Reporter) Start() {
	if r.Mode == Silent {
		return
	}
	r.stop, r.stopped = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(r.stopped)
		ticker := time.NewTicker(frameTime)
		defer ticker.Stop()
		for {
			select {
			case <-r.stop:
				return
			case <-ticker.C:
				r.Tick()
			}
		}
	}()
}

// frameTime is the time between two frames of the bar. It is also how long the bar
// stays away after Show, for programs between us and the terminal (tee) to pass on
// the lines of others.
const frameTime = 200 * time.Millisecond

// Close ends the telling, clears the bar and writes what waits.
func (r *Reporter) Close() {
	if r.stop != nil {
		close(r.stop)
		<-r.stopped
		r.stop = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	r.release()
}

// Plan tells of a job ahead and its work, which is in any unit that all jobs
// share. It replaces what was planned for the job before.
func (r *Reporter) Plan(name string, work float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.planned[name] = work
}

// Drop forgets a job that was planned: there is nothing to do.
func (r *Reporter) Drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.planned, name)
}

// Hide clears the bar and holds back every line until Show: others write now.
func (r *Reporter) Hide() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clear()
	r.hidden = true
}

// Show ends Hide.
func (r *Reporter) Show() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.release()
	if r.Mode == Bar {
		r.last = r.Clock()
	}
}

// Write writes whole lines above the bar.
func (r *Reporter) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hidden {
		return r.waiting.Write(p)
	}
	r.clear()
	return r.w.Write(p)
}

// Tick writes a line or draws the bar, if it is time to. Start calls it.
func (r *Reporter) Tick() {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.Clock()
	if r.hidden || len(r.active) == 0 {
		return
	}
	switch r.Mode {
	case Bar:
		if now.Sub(r.last) >= frameTime {
			r.put(r.frame(now))
			r.drawn = true
		}
	case Lines:
		if r.last.IsZero() {
			r.last = r.active[0].started
		}
		if now.Sub(r.last) >= r.Pace {
			r.put(r.line(now))
			r.last = now
		}
	}
}

// put writes what nobody misses if it cannot be written.
func (r *Reporter) put(s string) { _, _ = io.WriteString(r.w, s) }

func (r *Reporter) clear() {
	if r.drawn {
		r.put("\r\033[2K")
		r.drawn = false
	}
}

func (r *Reporter) release() {
	r.hidden = false
	_, _ = r.waiting.WriteTo(r.w)
}

// work returns what is done and what is left to do.
func (r *Reporter) work() (done, left float64) {
	done = r.gone
	for _, w := range r.planned {
		left += w
	}
	for _, j := range r.active {
		done += j.done
		left += max(0, j.work-j.done)
	}
	return done, left
}

// toGo returns the time that what is left takes at the rate of the run so far,
// false if it is too early to tell.
func (r *Reporter) toGo(now time.Time) (time.Duration, bool) {
	done, left := r.work()
	seconds := now.Sub(r.began).Seconds()
	if r.began.IsZero() || seconds < 3 || done <= 0 {
		return 0, false
	}
	return time.Duration(left / done * seconds * float64(time.Second)), true
}

// end takes a job off the list.
func (r *Reporter) end(j *Job) {
	r.gone += j.done
	r.active = slices.DeleteFunc(r.active, func(other *Job) bool { return other == j })
}
