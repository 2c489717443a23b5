package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"trainbench/bench/gate"
)

const acceptUsage = `usage: trainbench accept [flags] BASELINES RESULTS

Accept shows what the records in RESULTS would change in the folder BASELINES, and
with -reason stores them there, each in place of the old one. Results with samples
that diverged or failed are refused, and then nothing is stored.

`

// runAccept is the command "trainbench accept".
func runAccept(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := newFlags("accept", acceptUsage, stderr)
	a := gate.Acceptance{Time: time.Now()}
	fs.StringVar(&a.Reason, "reason", "", "`why` the old baselines are no longer right; without it nothing is stored")
	fs.StringVar(&a.Commit, "commit", "", "`revision` of the code that was trained (default: git describe)")
	fs.BoolVar(&a.Force, "force", false, "accept samples that diverged, too")
	run := fs.String("run", "", "accept only experiments (SUITE/EXPERIMENT) that match this `regexp`")
	if err := parse(fs, args, 2); err != nil {
		return err
	}
	a.Baselines, a.Results = fs.Arg(0), fs.Arg(1)
	if *run != "" {
		re, err := regexp.Compile(*run)
		if err != nil {
			return fmt.Errorf("accept: -run: %w", err)
		}
		a.Select = re.MatchString
	}
	if a.Reason == "" {
		changes, err := a.Plan()
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		show(stdout, changes)
		fmt.Fprintln(stdout, "nothing was stored: say why with -reason")
		return nil
	}
	if a.Commit == "" {
		a.Commit = describe(ctx)
	}
	changes, err := a.Accept()
	show(stdout, changes)
	if err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	return nil
}

func show(w io.Writer, changes []gate.Change) {
	for _, c := range changes {
		fmt.Fprint(w, c)
	}
}

// describe returns the revision of the work tree, empty if there is none.
func describe(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=12").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
