package bench

import (
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"trainbench/bench/experiment"
	"trainbench/bench/record"
)

// pool trains samples ahead of the benchmarks that ask for them, several side by
// side: Go runs one benchmark after the other, and one net may not use all cores.
// Samples are begun in the order in which they were added, but for one that a
// benchmark waits for, which comes first, and for those that another process is at,
// which come last. What a sample is does not depend on that: randomness is of its
// seed alone.
type pool struct {
	limit int // most trainings at a time
	// train makes a sample, and next returns what has become due with it, nil if
	// nothing has.
	train func(experiment.Experiment, uint64) (*record.Sample, error)
	next  func(*job) *job
	// busy reports whether another process is at a sample; nil if none can be.
	busy func(*job) bool

	mu      sync.Mutex
	idle    sync.Cond // signalled when a training ends
	jobs    map[string]*job
	queue   []*job // not begun
	running int
}

// job is a sample that is wanted.
type job struct {
	experiment experiment.Experiment
	number     int // of the seed among those of the experiment, from 0
	seed       uint64
	wanted     bool // a benchmark waits for it

	done   chan struct{} // closed when the next two are known
	sample *record.Sample
	err    error
}

func newPool(limit int, train func(experiment.Experiment, uint64) (*record.Sample, error), next func(*job) *job) *pool {
	p := &pool{limit: limit, train: train, next: next, jobs: map[string]*job{}}
	p.idle.L = &p.mu
	return p
}

// add queues jobs and begins what there is room for.
func (p *pool) add(jobs ...*job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, j := range jobs {
		p.put(j, len(p.queue))
	}
	p.begin()
}

// get returns the sample of a job, of one like it that was added before if there
// is one, and forgets it.
func (p *pool) get(j *job) (*record.Sample, error) {
	p.mu.Lock()
	name := jobName(j.experiment, j.seed)
	if known := p.jobs[name]; known != nil {
		j = known
	}
	if i := slices.Index(p.queue, j); i >= 0 {
		p.queue = slices.Delete(p.queue, i, i+1)
		delete(p.jobs, name)
	}
	j.wanted = true
	p.put(j, 0)
	p.begin()
	p.mu.Unlock()

	<-j.done
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.jobs, name)
	return j.sample, j.err
}

// put queues a job at place i, unless it is known. The mutex is held.
func (p *pool) put(j *job, i int) {
	name := jobName(j.experiment, j.seed)
	if p.jobs[name] == nil {
		if j.done == nil {
			j.done = make(chan struct{})
		}
		p.jobs[name] = j
		p.queue = slices.Insert(p.queue, i, j)
	}
}

// begin starts as many jobs as there is room for. The mutex is held.
func (p *pool) begin() {
	for p.running < p.limit && len(p.queue) > 0 {
		i := slices.IndexFunc(p.queue, func(j *job) bool { return p.busy == nil || !p.busy(j) })
		if i < 0 { // nothing but to wait, for one that somebody waits for
			i = slices.IndexFunc(p.queue, func(j *job) bool { return j.wanted })
		}
		if i < 0 {
			return
		}
		j := p.queue[i]
		p.queue = slices.Delete(p.queue, i, i+1)
		p.running++
		go p.run(j)
	}
}

func (p *pool) run(j *job) {
	j.sample, j.err = p.sample(j)
	due := p.next(j)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running--
	close(j.done)
	if due != nil {
		p.put(due, 0)
	}
	p.begin()
	p.idle.Broadcast()
}

// sample trains. A panic is an error of this sample alone.
func (p *pool) sample(j *job) (s *record.Sample, err error) {
	defer func() {
		if v := recover(); v != nil {
			s, err = nil, fmt.Errorf("%s: panic: %v\n%s", jobName(j.experiment, j.seed), v, debug.Stack())
		}
	}()
	return p.train(j.experiment, j.seed)
}

// close forgets what was not begun, and waits for what was.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queue = nil
	for p.running > 0 {
		p.idle.Wait()
	}
}
