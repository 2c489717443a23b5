package train

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/batch"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/parity"
)

// The speeds that docs/speed.md tells, on pure Go and on every plugin found:
//
//	go test -run '^$' -bench . -benchtime 5x -timeout 0 ./bench/train
//
// Steps are of the nets that the profiles train. Compiling is apart: it happens
// before the clock starts and is the metric compile-s.

// net is what is trained at some scale.
type net struct {
	name                  string
	size, channels, batch int
	steps                 int // of an epoch
	classes               int
	change                func(*experiment.Experiment)
}

func nets() []net {
	smoke := func(depth, width int, trainable experiment.Trainable) func(*experiment.Experiment) {
		return func(e *experiment.Experiment) {
			e.Model.Depth, e.Model.Stages, e.Model.Width, e.Model.Trainable = depth, 2, width, trainable
			e.Data.CropPadding, e.Data.Flip = 1, false
		}
	}
	return []net{
		{"resnet20", 32, 3, 128, 4, 100, func(*experiment.Experiment) {}},
		{"smoke-skip", 8, 1, 32, 32, 10, smoke(26, 8, experiment.All)},
		{"smoke-imbalance", 8, 1, 32, 32, 10, smoke(6, 16, experiment.All)},
		{"smoke-head", 8, 1, 32, 32, 5, smoke(6, 8, experiment.Head)},
	}
}

// task trains a net on bytes that mean nothing, which cost as much as images do.
func (n net) task(d *backend.Device) *Task {
	e := experiment.Default()
	e.Suite, e.Name = "speed", n.name
	e.Data.Mean, e.Data.Std = make([]float64, n.channels), make([]float64, n.channels)
	for i := range n.channels {
		e.Data.Mean[i], e.Data.Std[i] = .5, .25
	}
	e.Sampling.Batch = n.batch
	n.change(&e)
	split := func(count int) dataset.Split {
		s := dataset.Split{
			Height: n.size, Width: n.size, Channels: n.channels,
			Pixels: parity.Bytes(n.name, count*n.size*n.size*n.channels), Labels: make([]int32, count),
		}
		for i := range s.Labels {
			s.Labels[i] = int32(i % n.classes)
		}
		return s
	}
	return &Task{
		Experiment: e, Seed: 1, Device: d, Classes: n.classes,
		Train: split(n.steps * n.batch), Test: split(evalBatch),
	}
}

// eachNet runs a benchmark for every net and backend.
func eachNet(b *testing.B, bench func(b *testing.B, n net, r *run)) {
	for _, d := range parity.Backends(b) {
		for _, n := range nets() {
			b.Run("net="+n.name+"/backend="+d.Name, func(b *testing.B) {
				task := n.task(d)
				r, err := task.start()
				if err != nil {
					b.Fatal(err)
				}
				defer r.close()
				bench(b, n, r)
			})
		}
	}
}

// BenchmarkStep is the bare step: one call of the compiled graph after the other,
// with everything on the device.
func BenchmarkStep(b *testing.B) {
	eachNet(b, func(b *testing.B, n net, r *run) {
		s := newBare(b, r)
		start := time.Now()
		s.step(b)
		compile := time.Since(start)
		for b.Loop() {
			s.step(b)
		}
		b.ReportMetric(compile.Seconds(), "compile-s")
		b.ReportMetric(float64(b.N*n.batch)/b.Elapsed().Seconds(), "images/s")
	})
}

// BenchmarkSideBySide is the bare step of as many trainings at the same time as there
// are cores, together.
func BenchmarkSideBySide(b *testing.B) {
	eachNet(b, func(b *testing.B, n net, r *run) {
		trainings := make([]*bare, runtime.GOMAXPROCS(0))
		for i := range trainings {
			trainings[i] = newBare(b, r)
			trainings[i].step(b)
		}
		b.ResetTimer()
		var wait sync.WaitGroup
		for _, s := range trainings {
			wait.Go(func() {
				for range b.N {
					s.step(b)
				}
			})
		}
		wait.Wait()
		b.ReportMetric(float64(b.N*n.batch*len(trainings))/b.Elapsed().Seconds(), "images/s")
	})
}

// BenchmarkLoop is training as it is done: epochs, with their plans, transfers and
// scores. Each is followed by as many bare steps, so that loop/step compares the
// two in the same minutes.
func BenchmarkLoop(b *testing.B) {
	eachNet(b, func(b *testing.B, n net, r *run) {
		bare := newBare(b, r)
		bare.step(b)
		epoch := func(number int) time.Duration {
			r.progress = progress{}
			start := time.Now()
			if _, _, err := r.epoch(context.Background(), number); err != nil {
				b.Fatal(err)
			}
			return time.Since(start)
		}
		epoch(1)
		var loop, steps time.Duration
		for b.Loop() {
			loop += epoch(1)
			start := time.Now()
			for range n.steps {
				bare.step(b)
			}
			steps += time.Since(start)
		}
		b.ReportMetric(float64(b.N*n.batch*n.steps)/loop.Seconds(), "images/s")
		b.ReportMetric(steps.Seconds()/loop.Seconds(), "loop/step")
	})
}

// BenchmarkTraffic is an epoch on a device that counts (see TestTraffic): what
// reaches it, and what the host does while it waits.
func BenchmarkTraffic(b *testing.B) {
	for _, d := range parity.Backends(b) {
		for _, n := range nets() {
			b.Run("net="+n.name+"/backend="+d.Name, func(b *testing.B) {
				device, on := count(d)
				r, err := n.task(device).start()
				if err != nil {
					b.Fatal(err)
				}
				defer r.close()
				epoch := func() {
					r.progress = progress{}
					if _, _, err := r.epoch(context.Background(), 1); err != nil {
						b.Fatal(err)
					}
				}
				epoch()
				on.take()
				on.busy = 0
				for b.Loop() {
					epoch()
				}
				all, steps := sumUp(on.take()), float64(b.N*n.steps)
				b.ReportMetric(float64(all.sent)/steps, "sent-B/step")
				b.ReportMetric(float64(all.calls)/steps, "calls/step")
				b.ReportMetric((b.Elapsed()-on.busy).Seconds()/steps, "host-s/step")
			})
		}
	}
}

// BenchmarkEvaluate is an evaluation of one batch.
func BenchmarkEvaluate(b *testing.B) {
	eachNet(b, func(b *testing.B, n net, r *run) {
		evaluate := func() float64 {
			_, _, compile, err := r.session.evaluate(r.session.testSet, func(int) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
			return compile
		}
		compile := evaluate()
		for b.Loop() {
			evaluate()
		}
		b.ReportMetric(compile, "compile-s")
		b.ReportMetric(float64(b.N*r.Test.Len())/b.Elapsed().Seconds(), "images/s")
	})
}

// bare steps through a plan that is on the device, again and again.
type bare struct {
	*session
	constant []*tensors.Tensor
	counter  *tensors.Tensor
	done     int
	steps    int
}

// newBare returns a session of its own with the program of a run. Its first step
// compiles, unless the run has.
func newBare(b *testing.B, r *run) *bare {
	b.Helper()
	s, err := newSession(r.Task, r.session.Program, r.session.net.Init(batch.Stream(1, batch.Init, 0)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(s.free)
	plan := r.planner.Epoch(0)
	constant := append([]*tensors.Tensor{s.fixed, s.trainSet.pixels, s.trainSet.labels, tensors.FromScalar(float32(.01))},
		s.planTensors(plan, 0, plan.Steps(), plan.Batch)...)
	return &bare{session: s, constant: constant, steps: plan.Steps()}
}

func (s *bare) step(b *testing.B) {
	b.Helper()
	if s.done%s.steps == 0 {
		s.counter = tensors.FromScalar(int32(0))
	}
	s.done++
	out, err := s.session.step(s.counter, s.constant)
	if err != nil {
		b.Error(err)
		return
	}
	s.params, s.velocity, s.stats, s.counter = out[inParams], out[inVelocity], out[inStats], out[inStep]
	for _, t := range out[outLoss:] {
		t.MustFinalizeAll()
	}
}
