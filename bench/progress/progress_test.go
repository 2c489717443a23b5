package progress

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// clock is a clock that is moved by hand.
type clock struct{ now time.Time }

func (c *clock) pass(d time.Duration) { c.now = c.now.Add(d) }

func reporter(mode Mode) (*Reporter, *clock, *bytes.Buffer) {
	var out bytes.Buffer
	c := &clock{now: time.Unix(1e9, 0)}
	r := New(&out)
	r.Mode, r.Clock, r.Width = mode, func() time.Time { return c.now }, func() int { return 120 }
	return r, c, &out
}

// TestLines goes through a run of three jobs of which one is there already: at
// each point one tick, and the line it writes.
func TestLines(t *testing.T) {
	r, c, out := reporter(Lines)
	for _, name := range []string{"s/a seed 1", "s/b seed 1", "s/c seed 1"} {
		r.Plan(name, 1000)
	}
	var a, b *Job
	steps := []struct {
		why  string
		do   func()
		pass time.Duration
		want string
	}{
		{"nothing has begun", func() {}, time.Minute, ""},
		{"too early for a line", func() { a = r.Begin("s/a seed 1", 1000, 10) }, 9 * time.Second, ""},
		{"no step yet: the graph is compiled", func() {}, time.Second, "# 0 %, s/a seed 1, compiling\n"},
		{"what is there already is no work: 100 of 2,000 are done", func() { r.Drop("s/c seed 1"); a.Step(0, 0); a.Step(100, 50) },
			10 * time.Second, "# 5 %, 3 min left, s/a seed 1, epoch 1 of 10, 5.0 images/s\n"},
		{"an epoch tells loss and rate", func() { a.Epoch(1, 2.5, 1234.4) },
			10 * time.Second, "# 5 %, 6 min left, s/a seed 1, epoch 2 of 10, loss 2.5000, 1,234 images/s\n"},
		{"two at once: rates are added", func() { b = r.Begin("s/b seed 1", 1000, 10); b.Step(0, 0); b.Epoch(1, 1, 1000) },
			10 * time.Second, "# 5 %, 10 min left, s/a seed 1 (and 1 more), epoch 2 of 10, loss 2.5000, 2,234 images/s\n"},
		{"stopped early: what it left is no work any more", func() { a.Step(400, 0); a.End() },
			10 * time.Second, "# 33 %, 80 s left, s/b seed 1, epoch 2 of 10, loss 1.0000, 1,000 images/s\n"},
		{"what an earlier run did is not this run's rate", func() { b.Resume(500, 5) },
			10 * time.Second, "# 50 %, 50 s left, s/b seed 1, epoch 6 of 10, loss 1.0000, 1,000 images/s\n"},
		{"after the last epoch it is still that one", func() { b.Step(500, 0); b.Epoch(10, .5, 1000) },
			10 * time.Second, "# 100 %, some seconds left, s/b seed 1, epoch 10 of 10, loss 0.5000, 1,000 images/s\n"},
		{"all is done", func() { b.End() }, time.Minute, ""},
	}
	for _, step := range steps {
		out.Reset()
		step.do()
		c.pass(step.pass)
		r.Tick()
		r.Tick() // at the same time: no second line
		if diff := cmp.Diff(step.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.why, diff)
		}
	}
}

// TestBar: what a terminal gets, byte for byte.
func TestBar(t *testing.T) {
	const frame = "\r\033[2K50% |██████████          |  skip/plain20 seed 42, epoch 3 of 4, loss 1.5000, 900 images/s"
	r, c, out := reporter(Bar)
	j := r.Begin("skip/plain20 seed 42", 100, 4)
	j.Step(50, 10)
	j.Epoch(2, 1.5, 900)
	steps := []struct {
		why  string
		do   func()
		want string
	}{
		{"a frame clears the one before", r.Tick, frame},
		{"a message takes the place of the bar", func() { fmt.Fprintln(r, "# message") }, "\r\033[2K# message\n"},
		{"the bar comes again below", r.Tick, frame},
		{"others write: the line is empty", r.Hide, "\r\033[2K"},
		{"and stays so", r.Tick, ""},
		{"a message of a job in the background waits", func() { fmt.Fprintln(r, "# late") }, ""},
		{"until the others have written", r.Show, "# late\n"},
		{"the bar waits for what a pipe holds", r.Tick, ""},
		{"but not for long", func() { c.pass(frameTime); r.Tick() }, frame},
		{"the end", r.Close, "\r\033[2K"},
		{"which is once", r.Close, ""},
	}
	for _, step := range steps {
		out.Reset()
		step.do()
		if diff := cmp.Diff(step.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.why, diff)
		}
	}
}

// TestWidth: a frame is never wider than the terminal.
func TestWidth(t *testing.T) {
	r, c, out := reporter(Bar)
	j := r.Begin("imbalance/balanced-softmax seed 42", 100, 200)
	j.Step(0, 0)
	c.pass(time.Minute)
	j.Step(10, 1000)
	j.Epoch(20, 1.2345678, 12345)
	for _, columns := range []int{0, 1, 20, 40, 60, 79, 80, 99, 100, 119, 120, 121, 200} {
		out.Reset()
		r.Width = func() int { return columns }
		r.Tick()
		got := strings.TrimPrefix(out.String(), "\r\033[2K")
		if n := len([]rune(got)); n >= max(columns, 25) {
			t.Errorf("%d columns: %d are written: %q", columns, n, got)
		}
		if columns >= 40 && !strings.Contains(got, "9 min left") {
			t.Errorf("%d columns: no time to go: %q", columns, got)
		}
	}
}

func TestSilent(t *testing.T) {
	r, c, out := reporter(Silent)
	r.Start()
	r.Begin("a", 1, 1).Step(1, 1)
	c.pass(time.Hour)
	r.Tick()
	fmt.Fprintln(r, "a warning")
	r.Close()
	if got := out.String(); got != "a warning\n" {
		t.Errorf("%q is written, want the warning alone", got)
	}
}

func TestRough(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "some seconds", 14 * time.Second: "10 s", 89 * time.Second: "90 s", 91 * time.Second: "2 min",
		59*time.Minute + 31*time.Second: "1 h 0 min", 26 * time.Hour: "26 h 0 min", 60 * time.Hour: "3 days",
	} {
		if got := rough(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestConcurrent has jobs step side by side while others write: every line that
// comes out is whole, and no work is lost.
func TestConcurrent(t *testing.T) {
	var out bytes.Buffer
	r := New(&out)
	r.Mode, r.Pace = Lines, 0
	r.Start()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			j := r.Begin(fmt.Sprintf("job %d", i), 1000, 1)
			for range 1000 {
				j.Step(1, 1)
				r.Tick()
			}
			fmt.Fprintf(r, "# job %d is done\n", i)
			j.End()
		})
	}
	for range 20 {
		r.Hide()
		r.Show()
	}
	all.Wait()
	r.Close()
	if done, left := r.work(); done != 4000 || left != 0 {
		t.Errorf("done %v, left %v, want 4000 and 0", done, left)
	}
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "# ") || !strings.HasSuffix(line, "\n") || strings.Count(line, "#") != 1 {
			t.Errorf("a broken line: %q", line)
		}
	}
	if n := strings.Count(out.String(), "is done"); n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
}

func BenchmarkStep(b *testing.B) {
	r, _, _ := reporter(Bar)
	j := r.Begin("a", 1, 1)
	for b.Loop() {
		j.Step(1, 128)
	}
}
