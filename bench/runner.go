package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/model"
	"trainbench/bench/profile"
	"trainbench/bench/progress"
	"trainbench/bench/record"
)

// Options are what a Runner works with. Flags of the test binary override those
// that they name; see [Runner.Main].
type Options struct {
	// Profiles holds the built-in profiles, NAME.json each.
	Profiles fs.FS
	// Profile is the name of one of them, or a file's path.
	Profile string
	// Results, Baselines and Published are folders: samples and tables go to
	// Results/<profile>, baselines are in Baselines/<profile>, and papers' numbers in
	// Published (none if empty).
	Results, Baselines, Published string
	// Data is where CIFAR lies; see dataset.Open.
	Data string
	// Backend is a name that backend.Open takes.
	Backend string
	// Seeds is the number of seeds; 0 takes the profile's. With Auto it is the
	// greatest number: an experiment gets one seed after the other until its verdict
	// stands (gate.Sequential). One without a baseline gets the profile's number.
	Seeds int
	Auto  bool
	// Parallel is the number of samples that are trained side by side. 0 is as many
	// as there are cores where one training uses one core (pure Go), and else 1.
	Parallel int
	// Fresh trains also what the results hold already.
	Fresh bool
	// Update stores the records of the run as baselines, for the given Reason.
	Update bool
	Reason string
	// Audit tells that an audit is wanted: it takes long. See [Runner.Audit].
	Audit bool
	// SaveEvery is the time between checkpoints of a training. An interrupted one is
	// saved at once.
	SaveEvery time.Duration
	// Quiet writes no progress.
	Quiet bool
	// Datasets opens datasets by name that package dataset does not know. What they
	// return is checked and hashed, if dataset.New has not done so.
	Datasets map[string]func() (*dataset.Dataset, error)
	// Nets are nets by name that package model does not have: what
	// experiment.Model.Net may name.
	Nets model.Nets
	// Suites are all suites of the program, for the time to go alone: without them it
	// is that of the suites that have begun.
	Suites []Suite
	Stdout io.Writer
	Stderr io.Writer
	Clock  func() time.Time
}

// DefaultOptions returns the options of a suite in a folder beside results/ and
// baselines/, with the profile "full" alone.
func DefaultOptions() Options {
	return Options{
		Profiles: fullProfile(),
		Profile:  "full",
		Results:  "../results", Baselines: "../baselines", Published: "../baselines/published",
		Data:    os.Getenv("TRAINBENCH_DATA"),
		Backend: backend.Auto,
		Stdout:  os.Stdout, Stderr: os.Stderr,
		SaveEvery: time.Minute, Clock: time.Now,
	}
}

// Runner trains suites. It is not safe for concurrent use.
type Runner struct {
	opt      Options
	profile  *profile.Profile
	ctx      context.Context
	code     string // hash of this program
	began    time.Time
	progress *progress.Reporter
	pool     *pool // made with the first experiment
	programs programs

	suites []record.Suite
	told   map[string]bool // "suite/experiment" that the pool and the progress know
	order  []string        // those that were asked for

	// Trainings side by side share what follows.
	mu       sync.Mutex
	device   *backend.Device
	datasets map[string]*dataset.Dataset
	records  map[string]*record.Record // by "suite/experiment", of this run
}

// WantsAudit reports whether an audit was asked for.
func (r *Runner) WantsAudit() bool { return r.opt.Audit }

// NewRunner returns a Runner; the profile and the backend are opened when they
// are needed.
func NewRunner(opt Options) *Runner {
	return &Runner{
		opt:      opt,
		datasets: map[string]*dataset.Dataset{},
		records:  map[string]*record.Record{},
		told:     map[string]bool{},
		ctx:      context.Background(),
		progress: progress.New(io.Discard),
	}
}

// Run trains every experiment of a suite with every seed of the profile, each as
// a sub-benchmark method=<experiment>/seed=<seed>, and keeps the samples. What the
// results hold already, made by this program on this machine, is not trained
// again.
func (r *Runner) Run(b *testing.B, s Suite) {
	b.Helper()
	experiments, asked, err := r.scale(s)
	if err != nil {
		b.Fatal(err)
	}
	r.suites = append(r.suites, asked)
	r.ahead(experiments)
	for _, e := range experiments {
		if !slices.Contains(r.order, e.ID()) {
			r.order = append(r.order, e.ID())
		}
		for i := 0; ; i++ {
			more, err := r.wants(e, i)
			if err != nil {
				b.Fatal(err)
			}
			if !more {
				break
			}
			j := r.job(e, i)
			b.Run(fmt.Sprintf("method=%s/seed=%d", e.Name, j.seed), func(b *testing.B) {
				r.benchmark(b, j)
			})
		}
	}
}

// scale applies the profile to a suite.
func (r *Runner) scale(s Suite) ([]experiment.Experiment, record.Suite, error) {
	asked := record.Suite{Name: s.Name, Question: s.Question}
	if err := r.open(); err != nil {
		return nil, asked, err
	}
	asked.Profile = r.profile.Name
	var experiments []experiment.Experiment
	var all, texts []string
	for _, e := range s.Experiments {
		e.Suite = s.Name
		all = append(all, e.Name)
		skip, err := r.profile.Skips(e.ID())
		if err != nil {
			return nil, asked, err
		}
		if skip {
			continue
		}
		if e, err = r.profile.Experiment(e); err != nil {
			return nil, asked, err
		}
		if err := r.knows(e); err != nil {
			return nil, asked, err
		}
		experiments = append(experiments, e)
		asked.Experiments = append(asked.Experiments, e.Name)
	}
	for _, c := range s.Claims {
		texts = append(texts, c.Text)
		change := r.profile.Claim(s.Name + "/" + c.Text)
		if change.Gap != nil {
			c.Gap = *change.Gap
		}
		trained := slices.Contains(asked.Experiments, c.A) && (c.B == "" || slices.Contains(asked.Experiments, c.B))
		if !change.Drop && trained {
			asked.Claims = append(asked.Claims, c)
		}
	}
	return experiments, asked, r.profile.Check(s.Name, all, texts)
}

// knows returns an error if an experiment or its source is of a net that nobody
// stated.
func (r *Runner) knows(e experiment.Experiment) error {
	if err := r.opt.Nets.Check(e.Model); err != nil {
		return fmt.Errorf("%s: %w (bench.Options.Nets)", e.ID(), err)
	}
	if from := e.Model.Source; from != nil && from.Experiment != nil {
		if err := r.opt.Nets.Check(from.Experiment.Model); err != nil {
			return fmt.Errorf("%s: source: %w (bench.Options.Nets)", e.ID(), err)
		}
	}
	return nil
}

// open opens profile and backend, once.
func (r *Runner) open() error {
	var err error
	if r.profile == nil {
		if r.profile, err = profile.Load(r.opt.Profile, r.opt.Profiles); err != nil {
			return err
		}
	}
	if r.code == "" {
		if r.code, err = codeHash(); err != nil {
			return err
		}
		r.began = r.opt.Clock()
	}
	return nil
}

// deviceFor opens the backend, once. Precision is a choice of the process, so all
// experiments of a run must agree on TF32.
func (r *Runner) deviceFor(e experiment.Experiment) (*backend.Device, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	tf32 := e.Model.Precision == experiment.TF32
	if r.device == nil {
		d, err := backend.Open(r.opt.Backend, backend.Options{TF32: tf32})
		if err != nil {
			return nil, err
		}
		r.device = d
		if !r.opt.Quiet {
			fmt.Fprintf(r.opt.Stderr, "# profile %s on %s (%s)\n", r.profile.Name, d, d.Why)
		}
	}
	if tf32 && r.device.Name != backend.CUDA {
		return nil, fmt.Errorf("%s asks for tf32, which %s does not have: set model.precision to f32 or use -backend %s",
			e.ID(), r.device.Name, backend.CUDA)
	}
	return r.device, nil
}

// dataset opens a dataset, once.
func (r *Runner) dataset(name string) (*dataset.Dataset, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if d := r.datasets[name]; d != nil {
		return d, nil
	}
	d, err := r.openDataset(name)
	if err != nil {
		return nil, err
	}
	r.datasets[name] = d
	return d, nil
}

// benchmark is one sub-benchmark. Go writes its line when it returns. Its time is
// that of the training, whenever that was.
func (r *Runner) benchmark(b *testing.B, j *job) {
	r.progress.Show()
	defer r.progress.Hide()
	var s *record.Sample
	for b.Loop() {
		if s != nil {
			b.Fatal("a training is one iteration: run with -benchtime 1x")
		}
		var err error
		if s, err = r.pool.get(j); err != nil {
			if errors.Is(err, context.Canceled) {
				b.Skip("interrupted")
			}
			b.Fatal(err)
		}
	}
	for _, name := range []string{record.Top1, record.F1} {
		if v, ok := s.Metrics[name]; ok {
			b.ReportMetric(v, name)
		}
	}
	b.ReportMetric(s.Timing.Total()*1e9, "ns/op")
	b.ReportMetric(s.Timing.ImagesSec, "images/sec")
	b.ReportMetric(s.Timing.PerEpoch, "sec/epoch")
}
