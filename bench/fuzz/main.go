//go:build unix

// Command fuzz runs every fuzz target of the module, one after the other, each for
// some time, and prints a table of what came of it:
//
//	go run ./bench/fuzz [-time 10m] [-only 'record|weights']
//
// A reader that crashes, hangs for a minute, or breaks a promise of its target
// leaves the input in its testdata/fuzz, as go test -fuzz does, and the exit status
// is 1. What was found to be interesting goes to Go's cache, where the next run
// takes it up.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

func main() {
	budget := flag.Duration("time", 10*time.Minute, "for each target")
	only := flag.String("only", "", "`pattern` of the targets to run, as in bench/record.FuzzDecode")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	pattern, err := regexp.Compile(*only)
	if err == nil {
		err = run(ctx, os.Stdout, *budget, pattern)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, budget time.Duration, only *regexp.Regexp) error {
	packages, err := list(ctx)
	if err != nil {
		return err
	}
	cache, err := exec.CommandContext(ctx, "go", "env", "GOCACHE").Output()
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	fmt.Fprintln(out, "| target | minutes | executions | crashes | peak memory, MB | slowest input below, s |")
	fmt.Fprintln(out, "|---|--:|--:|--:|--:|--:|")
	crashes := 0
	for _, p := range packages {
		binary := ""
		for _, name := range p.targets {
			id := p.path + "." + name
			if !only.MatchString(id) {
				continue
			}
			if binary == "" {
				binary = filepath.Join(temp, strings.ReplaceAll(p.path, "/", "-")+".test")
				build := exec.CommandContext(ctx, "go", "test", "-c", "-fuzz", ".", "-o", binary, p.dir)
				if said, err := build.CombinedOutput(); err != nil {
					return fmt.Errorf("%s: %w\n%s", p.path, err, said)
				}
			}
			t := target{dir: p.dir, binary: binary, name: name, cache: filepath.Join(strings.TrimSpace(string(cache)), "fuzz", p.module, p.path)}
			r, err := t.fuzz(ctx, budget)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				crashes++
				fmt.Fprintln(os.Stderr, err)
			}
			fmt.Fprintf(out, "| %s | %.1f | %d | %d | %d | %d |\n", id, r.took.Minutes(), r.executions, r.crashes, r.peak>>20, int((r.standstill + 4*time.Second).Seconds()))
		}
	}
	if crashes > 0 {
		return fmt.Errorf("%d targets failed", crashes)
	}
	return nil
}

// pkg is a package with fuzz targets.
type pkg struct {
	dir, module, path string // path is within the module
	targets           []string
}

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// list finds all fuzz targets of the module in the working directory.
func list(ctx context.Context) ([]pkg, error) {
	const format = "{{.Dir}}\t{{.Module.Path}}\t{{.ImportPath}}\t{{range .TestGoFiles}}{{.}} {{end}}{{range .XTestGoFiles}}{{.}} {{end}}"
	out, err := exec.CommandContext(ctx, "go", "list", "-f", format, "./...").Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	var packages []pkg
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if len(f) < 4 {
			continue // no tests
		}
		p := pkg{dir: f[0], module: f[1], path: strings.TrimPrefix(f[2], f[1]+"/")}
		for _, file := range strings.Fields(f[3]) {
			data, err := os.ReadFile(filepath.Join(p.dir, file))
			if err != nil {
				return nil, err
			}
			for _, m := range fuzzFunc.FindAllSubmatch(data, -1) {
				p.targets = append(p.targets, string(m[1]))
			}
		}
		packages = append(packages, p)
	}
	return packages, nil
}

// target is a fuzz target in a test binary that was built for fuzzing.
type target struct{ dir, binary, name, cache string }

// result is what fuzzing a target gave.
type result struct {
	took       time.Duration
	executions int64
	crashes    int
	peak       int64         // resident bytes, of the largest process
	standstill time.Duration // the longest between two reports of executions; there is one every 3 seconds
}

// hang is how long a reader may take for one input.
const hang = time.Minute

// fuzz runs a target with one worker. An error tells what it failed with.
func (t target) fuzz(ctx context.Context, budget time.Duration) (result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, t.binary, "-test.run", "^$", "-test.fuzz", "^"+t.name+"$", "-test.fuzztime", budget.String(),
		// Go would make an interesting input smaller for a minute, and count none of that.
		"-test.fuzzminimizetime", "100x", "-test.parallel", "1", "-test.fuzzcachedir", t.cache)
	cmd.Dir = t.dir
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) } // its worker ends with it
	cmd.WaitDelay = 10 * time.Second
	m := &meter{last: time.Now(), hung: func() { cancel(fmt.Errorf("no execution for %v", hang)) }}
	cmd.Stdout, cmd.Stderr = m, m
	start := time.Now()
	err := cmd.Run()
	r := result{took: time.Since(start), executions: m.executions, standstill: m.longest, peak: peak(cmd.ProcessState)}
	if err == nil {
		return r, nil
	}
	r.crashes = 1
	return r, fmt.Errorf("%s in %s: %w\n%s", t.name, t.dir, errors.Join(err, context.Cause(ctx)), m.text.String())
}

// meter reads what go's fuzzer says every three seconds.
type meter struct {
	text       strings.Builder
	executions int64
	last       time.Time // of the last execution
	longest    time.Duration
	hung       func()
}

var execs = regexp.MustCompile(`elapsed: .*, execs: (\d+) `)

func (m *meter) Write(p []byte) (int, error) {
	m.text.Write(p)
	for _, match := range execs.FindAllSubmatch(p, -1) {
		n, err := strconv.ParseInt(string(match[1]), 10, 64)
		if err != nil {
			return 0, err
		}
		now := time.Now()
		m.longest = max(m.longest, now.Sub(m.last))
		if n > m.executions {
			m.executions, m.last = n, now
		}
		if m.longest > hang {
			m.hung()
		}
	}
	return len(p), nil
}
