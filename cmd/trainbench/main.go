// Trainbench judges and reports what trainings gave: everything but the training
// itself, which `go test -bench . ./suites` does. It builds without GoMLX and
// serves results from any framework.
//
//	trainbench gate BASELINES RESULTS     verdicts, and an exit code for CI
//	trainbench plan BASELINES             how many seeds a verdict needs
//	trainbench accept BASELINES RESULTS   make results the new baselines
//	trainbench import -o RESULTS FILE...  records from CSV, JSON lines or go test -bench
//	trainbench report RESULTS             tables and plots
//	trainbench fetch NAME...              data sets and trained weights
//	trainbench doctor                     what can be trained on here, and what is missing
//
// `trainbench help COMMAND` lists the flags of a command. Every command exits with
// 0 if all is well and with 2 on wrong usage or failed input and output; gate also
// with 1 for a regression and 3 if it cannot tell.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
)

// command is one row of the table that main dispatches by. run returns
// flag.ErrHelp if help was asked for and given, and an exitCode if all has been
// said and only the code is left.
type command struct {
	name  string
	short string
	run   func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error
}

func commands() []command {
	return []command{
		{"gate", "compare results with baselines; exit 1 on a regression", runGate},
		{"plan", "say how many seeds a verdict needs", runPlan},
		{"accept", "make results the new baselines", runAccept},
		{"import", "make records from CSV, JSON lines or go test -bench output", runImport},
		{"report", "print tables of results, or write them with plots", runReport},
		{"fetch", "get data sets and trained weights", runFetch},
		{"doctor", "say what can be trained on here, and what is missing", runDoctor},
	}
}

// exitCode is an error that has been reported already.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// codeUsage is the exit code for wrong usage and failed input and output.
const codeUsage exitCode = 2

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// execute runs the command that args name and returns the exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return int(codeUsage)
	}
	name, args := args[0], args[1:]
	if name == "help" || name == "-h" || name == "-help" || name == "--help" {
		if len(args) == 0 {
			usage(stdout)
			return 0
		}
		name, args = args[0], []string{"-h"}
	}
	for _, c := range commands() {
		if c.name != name {
			continue
		}
		err := c.run(ctx, args, stdin, stdout, stderr)
		var code exitCode
		switch {
		case err == nil, errors.Is(err, flag.ErrHelp):
			return 0
		case errors.As(err, &code):
			return int(code)
		}
		fmt.Fprintf(stderr, "trainbench: %s\n", err)
		return int(codeUsage)
	}
	fmt.Fprintf(stderr, "trainbench: no command %q\n\n", name)
	usage(stderr)
	return int(codeUsage)
}

func usage(w io.Writer) {
	fmt.Fprint(w, "usage: trainbench COMMAND [flags] ...\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %s\n", c.name, c.short)
	}
	fmt.Fprint(w, "\n`trainbench help COMMAND` lists its flags. Training is done by `go test -bench . ./suites`.\n")
}

// newFlags returns a flag set that prints usage and the flags on -h.
func newFlags(name, usage string, stderr io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("trainbench "+name, flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, usage)
		fs.PrintDefaults()
	}
	return fs
}

// parse parses args, of which n must be left (at least -n, if n is negative). The
// flag package has reported the errors that it finds.
func parse(fs *flag.FlagSet, args []string, n int) error {
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return codeUsage
	}
	if n >= 0 && fs.NArg() == n || n < 0 && fs.NArg() >= -n {
		return nil
	}
	fs.Usage()
	if flagAfter := firstFlag(fs.Args()); flagAfter != "" {
		fmt.Fprintf(fs.Output(), "\nflags come first: %s is behind an argument\n", flagAfter)
	}
	return codeUsage
}

func firstFlag(args []string) string {
	for _, a := range args {
		if strings.HasPrefix(a, "-") && len(a) > 1 {
			return a
		}
	}
	return ""
}
