package bench

import (
	"context"
	"embed"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"strconv"
	"testing"

	"trainbench/bench/backend"
	"trainbench/bench/gate"
	"trainbench/bench/profile"
	"trainbench/bench/record"
)

//go:embed profiles/full.json
var embedded embed.FS

// fullProfile is the file system of the one profile that every suite has.
func fullProfile() fs.FS {
	sub, err := fs.Sub(embedded, "profiles")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// units tell benchstat what the metrics mean.
const units = `Unit top1-pct better=higher
Unit f1-pct better=higher
Unit images/sec better=higher
Unit sec/epoch better=lower
`

// Main is what TestMain returns the exit code of: it adds the flags of a run to
// those of go test, runs tests and benchmarks, and, if a suite was run, gates it
// and writes its tables. The exit code is that of go test, or the gate's: 1 for a
// regression or a claim that no longer holds, 2 for what cannot be compared.
// Inconclusive verdicts and new experiments do not fail a run.
//
// Flags: -profile, -seeds, -backend, -data, -results, -baselines,
// -published, -update, -reason, -fresh, -parallel, -save-every, -quiet, -audit. See
// [Options].
func (r *Runner) Main(m *testing.M) int {
	r.flags(flag.CommandLine)
	if err := flag.Set("test.benchtime", "1x"); err != nil {
		fmt.Fprintln(r.opt.Stderr, "trainbench:", err)
		return 2
	}
	flag.Parse()
	r.goFlags()
	benchmarks := flag.Lookup("test.bench").Value.String() != ""
	if !benchmarks && !r.opt.Audit {
		return m.Run()
	}
	backend.Tune(r.opt.Backend)
	ctx, stop := r.interruptible()
	defer stop()
	trainings, cancel := context.WithCancel(ctx)
	defer cancel()
	r.ctx = trainings
	if err := r.open(); err != nil {
		fmt.Fprintln(r.opt.Stderr, "trainbench:", err)
		return 2
	}
	end := func() {}
	if benchmarks {
		fmt.Fprint(r.opt.Stdout, units)
		end = r.tell()
		r.aheadAll()
	}
	code := m.Run()
	cancel() // what nobody has waited for
	if r.pool != nil {
		r.pool.close()
	}
	end()
	if ctx.Err() != nil {
		fmt.Fprintf(r.opt.Stderr, "trainbench: interrupted; what was done is kept in %s: %s\n", r.folder(), r.goesOn())
		return interrupted
	}
	status, err := r.finish()
	if err != nil {
		fmt.Fprintln(r.opt.Stderr, "trainbench:", err)
		return max(code, 2)
	}
	return max(code, status)
}

// flags declares the flags, with the options as defaults.
func (r *Runner) flags(set *flag.FlagSet) {
	o := &r.opt
	names := fmt.Sprint(profile.Names(o.Profiles))
	set.StringVar(&o.Profile, "profile", o.Profile, "scale: one of "+names+", or the path of a .json file")
	set.Func("seeds", "seeds of every experiment, or \"auto\": one after the other until the verdict stands (default: as the profile says)", func(v string) error {
		o.Seeds, o.Auto = 0, v == "auto"
		if o.Auto {
			return nil
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return errors.New("want a number from 1, or auto")
		}
		o.Seeds = n
		return nil
	})
	set.StringVar(&o.Backend, "backend", o.Backend, "auto, go, xla:cpu, xla:cuda or xla:/path/to/plugin.so")
	set.StringVar(&o.Data, "data", o.Data, "folder of CIFAR (default $TRAINBENCH_DATA)")
	set.StringVar(&o.Results, "results", o.Results, "folder of results")
	set.StringVar(&o.Baselines, "baselines", o.Baselines, "folder of baselines")
	set.StringVar(&o.Published, "published", o.Published, "folder of papers' numbers")
	set.BoolVar(&o.Fresh, "fresh", o.Fresh, "train also what the results hold already")
	set.IntVar(&o.Parallel, "parallel", o.Parallel, "samples to train side by side (default: one for each core on pure Go, 1 elsewhere)")
	set.DurationVar(&o.SaveEvery, "save-every", o.SaveEvery, "time between checkpoints of a training")
	set.BoolVar(&o.Quiet, "quiet", o.Quiet, "write no progress")
	set.BoolVar(&o.Audit, "audit", o.Audit, "run the audit of the gate, with -run Audit")
	set.BoolVar(&o.Update, "update", o.Update, "store this run's records as baselines")
	set.StringVar(&o.Reason, "reason", o.Reason, "why the baselines change, with -update")
}

// goFlags takes what go test keeps for itself: its own -parallel hides ours.
func (r *Runner) goFlags() {
	flag.Visit(func(f *flag.Flag) {
		if n, err := strconv.Atoi(f.Value.String()); err == nil && f.Name == "test.parallel" && r.opt.Parallel == 0 {
			r.opt.Parallel = n
		}
	})
}

// finish gates what was run, writes tables, and stores baselines if asked to. It
// returns the exit code.
func (r *Runner) finish() (int, error) {
	var candidates []*record.Record
	for _, id := range r.order {
		if r.records[id] == nil {
			continue // not selected by -bench, or failed
		}
		if _, err := r.records[id].Encode(); err != nil { // sorts and checks
			return 0, err
		}
		candidates = append(candidates, r.records[id])
	}
	if len(candidates) == 0 {
		return 0, nil
	}
	for _, s := range r.suites {
		if err := record.WriteSuite(r.folder(), s); err != nil {
			return 0, err
		}
	}
	judged, err := r.judge(candidates)
	if err != nil {
		return 0, err
	}
	if err := r.tables(candidates, judged); err != nil {
		return 0, err
	}
	if err := gate.WriteText(r.opt.Stderr, judged); err != nil {
		return 0, err
	}
	if r.opt.Update {
		return 0, r.update(candidates)
	}
	if status := judged.Status(); status != gate.StatusInconclusive {
		return status.ExitCode(), nil
	}
	return 0, nil
}
