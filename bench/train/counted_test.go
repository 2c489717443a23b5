package train

import (
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/shapes"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// counted is a backend that writes down its traffic. It denies that it shares memory
// with the host, as an accelerator would, so that every byte has to be sent.
type counted struct {
	compute.Backend
	mu     sync.Mutex
	events []event
	busy   time.Duration // spent in calls
}

// event is one call of a compiled graph, or one array that is sent to the device or
// read back.
type event struct {
	kind  string // "send", "call" or "read"
	bytes int
}

func (c *counted) HasSharedBuffers() bool { return false }

func (c *counted) Builder(name string) compute.Builder {
	return countedBuilder{c.Backend.Builder(name), c}
}

func (c *counted) BufferFromFlatData(n compute.DeviceNum, flat any, shape shapes.Shape) (compute.Buffer, error) {
	c.add("send", flat)
	b, err := c.Backend.BufferFromFlatData(n, flat, shape)
	return countedBuffer{b, c}, err
}

func (c *counted) add(kind string, flat any) {
	e := event{kind: kind}
	if v := reflect.ValueOf(flat); flat != nil {
		e.bytes = v.Len() * int(v.Type().Elem().Size())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events = append(c.events, e)
}

// take returns the events since the last time.
func (c *counted) take() []event {
	c.mu.Lock()
	defer c.mu.Unlock()
	events := c.events
	c.events = nil
	return events
}

type countedBuilder struct {
	compute.Builder
	on *counted
}

func (b countedBuilder) Compile() (compute.Executable, error) {
	e, err := b.Builder.Compile()
	return countedExecutable{e, b.on}, err
}

type countedExecutable struct {
	compute.Executable
	on *counted
}

func (e countedExecutable) Execute(inputs []compute.Buffer, donate []bool, n compute.DeviceNum) ([]compute.Buffer, error) {
	e.on.add("call", nil)
	plain := make([]compute.Buffer, len(inputs))
	for i, b := range inputs {
		plain[i] = b.(countedBuffer).Buffer
	}
	start := time.Now()
	out, err := e.Executable.Execute(plain, donate, n)
	e.on.busy += time.Since(start)
	for i, b := range out {
		out[i] = countedBuffer{b, e.on}
	}
	return out, err
}

type countedBuffer struct {
	compute.Buffer
	on *counted
}

func (b countedBuffer) Backend() compute.Backend { return b.on }

func (b countedBuffer) ToFlatData(flat any) error {
	b.on.add("read", flat)
	return b.Buffer.ToFlatData(flat)
}

// count wraps a device.
func count(d *backend.Device) (*backend.Device, *counted) {
	c := &counted{Backend: d.Backend}
	wrapped := *d
	wrapped.Backend = c
	return &wrapped, c
}

// traffic sums up events.
type traffic struct {
	calls, sends, sent, reads int // sent in bytes
	readsBetweenCalls         int // reads after the first call and before the last
}

func sumUp(events []event) (t traffic) {
	last, pending := 0, 0
	for _, e := range events {
		switch e.kind {
		case "call":
			if t.calls++; t.calls > 1 {
				t.readsBetweenCalls += pending
			}
			last, pending = t.calls, 0
		case "read":
			t.reads++
			if last > 0 {
				pending++
			}
		case "send":
			t.sends++
			t.sent += e.bytes
		}
	}
	return t
}

// TestTraffic holds what a training may cost beyond the device's own work, in the
// worst case (mixup): the images go to the device once, as bytes; an epoch sends at
// most 16 bytes an image, calls the device at most once a step, and reads nothing
// back before its last step is under way.
func TestTraffic(t *testing.T) {
	parity.Each(t, func(t *testing.T, d *backend.Device) {
		device, on := count(d)
		task := digits(t, device, func(e *experiment.Experiment) {
			e.Sampling.MixupAlpha, e.Train.Epochs, e.Train.EvalEvery = 1, 4, 4
		})
		task.Validation = task.Validation.Subset(nil)
		var epochs []traffic
		task.EpochDone = func(e Epoch) error {
			if e.Number == 1 {
				images := len(task.Train.Pixels) + len(task.Test.Pixels)
				state := 16 * (task.Train.Len() + task.Test.Len() + 40_000) // labels, indices, weights
				first := sumUp(on.take())
				if first.sent < images || first.sent > images+state {
					t.Errorf("%d bytes were sent up to the end of the first epoch, for images of %d bytes", first.sent, images)
				}
			} else if e.Test == nil {
				epochs = append(epochs, sumUp(on.take()))
			}
			return nil
		}
		mustRun(t, task)
		const steps = 5
		if len(epochs) != 2 {
			t.Fatalf("%d epochs counted, want 2", len(epochs))
		}
		for i, e := range epochs {
			t.Logf("epoch %d: %+v", i+2, e)
			if e.calls == 0 || e.calls > steps {
				t.Errorf("%d calls for %d steps", e.calls, steps)
			}
			if e.sent == 0 || e.sent > 16*task.Train.Len() {
				t.Errorf("%d bytes sent for %d images, want at most 16 an image", e.sent, task.Train.Len())
			}
			if e.readsBetweenCalls > 0 {
				t.Errorf("%d arrays were read back inside the epoch: each waits for the device", e.readsBetweenCalls)
			}
		}
		if epochs[0] != epochs[1] {
			t.Errorf("epochs differ: %+v", epochs)
		}
	})
}
