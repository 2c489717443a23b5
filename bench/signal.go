package bench

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	interrupted = 130 // the exit code
	// grace is how long a run may take to save what it has. Whoever sent the signal
	// will not wait much longer.
	grace = 3500 * time.Millisecond
)

// goesOn says how to go on.
func (r *Runner) goesOn() string {
	if r.opt.Fresh {
		return "the same command without -fresh goes on from there"
	}
	return "the same command goes on from there"
}

// interruptible returns a context that ends with the first signal to end. A second
// one ends the program at once, and so does the time if a step on the device, which
// cannot be interrupted, takes longer than grace: such steps are saved one by one
// (see train.Task).
func (r *Runner) interruptible() (context.Context, func()) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as by nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	over := make(chan struct{})
	go func() {
		select {
		case <-ctx.Done():
		case <-over:
			return
		}
		stop() // a second signal is not caught
		select {
		case <-time.After(grace):
			fmt.Fprintf(r.opt.Stderr, "trainbench: interrupted in a step that does not end; what was saved before is kept in %s: %s\n", r.folder(), r.goesOn())
			os.Exit(interrupted)
		case <-over:
		}
	}()
	return ctx, func() {
		close(over)
		stop()
	}
}
