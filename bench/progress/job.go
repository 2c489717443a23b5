package progress

import "time"

// Job is one training of a run. Its methods are safe for concurrent use, and so
// quick that every step can call them.
type Job struct {
	r    *Reporter
	name string
	work float64
	done float64

	epochs, epoch int // to do, done
	loss          float64
	rate          float64 // images a second
	images        int     // trained on
	started       time.Time
	stepped       time.Time // the first time, so that compiling does not count
}

// Begin starts a job, planned or not, of some work and some epochs.
func (r *Reporter) Begin(name string, work float64, epochs int) *Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.planned, name)
	j := &Job{r: r, name: name, work: work, epochs: epochs, started: r.Clock()}
	r.active = append(r.active, j)
	return j
}

// Resume tells that an earlier run did some of the work and of the epochs.
func (j *Job) Resume(work float64, epochs int) {
	j.r.mu.Lock()
	defer j.r.mu.Unlock()
	j.work = max(0, j.work-work)
	j.epoch = epochs
}

// Step adds work that has been done, and the images that it has trained on.
func (j *Job) Step(work float64, images int) {
	j.r.mu.Lock()
	defer j.r.mu.Unlock()
	if j.stepped.IsZero() {
		j.stepped = j.r.Clock()
		if j.r.began.IsZero() {
			j.r.began = j.stepped
		}
	}
	j.done += work
	j.images += images
}

// Epoch tells that an epoch is done, its mean loss and its images a second.
func (j *Job) Epoch(number int, loss, rate float64) {
	j.r.mu.Lock()
	defer j.r.mu.Unlock()
	j.epoch, j.loss, j.rate = number, loss, rate
}

// End ends the job, whatever is left of its work.
func (j *Job) End() {
	j.r.mu.Lock()
	defer j.r.mu.Unlock()
	j.r.end(j)
}

// speed returns images a second: of the last epoch, or of the steps so far, of
// which the device may still compute some.
func (j *Job) speed(now time.Time) float64 {
	if j.rate > 0 {
		return j.rate
	}
	if seconds := now.Sub(j.stepped).Seconds(); !j.stepped.IsZero() && seconds > .5 {
		return float64(j.images) / seconds
	}
	return 0
}
