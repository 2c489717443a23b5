package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"trainbench/bench/doctor"
)

const doctorUsage = `usage: trainbench doctor [flags]

Doctor says what trainings can be computed on here, which data sets are there, what
is missing, and the command that gets it. It exits with 0 whatever it finds; with
-strict it exits with 1 if anything is missing.

`

// runDoctor is the command "trainbench doctor".
func runDoctor(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := newFlags("doctor", doctorUsage, stderr)
	data := fs.String("data", dataFolder(), "`folder` of the data sets (default $"+dataEnv+", or data)")
	asJSON := fs.Bool("json", false, "write JSON")
	strict := fs.Bool("strict", false, "exit with 1 if anything is missing")
	load := fs.Bool("load", true, "try whether backends open; compiles a small program first")
	if err := parse(fs, args, 0); err != nil {
		return err
	}
	dir, err := filepath.Abs(*data)
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	s := doctor.ThisSystem(dir)
	s.Load = *load
	r := doctor.Examine(ctx, s)
	if *asJSON {
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "\t")
		enc.SetEscapeHTML(false) // commands have && in them
		err = enc.Encode(r)
	} else {
		err = r.WriteText(stdout)
	}
	if err != nil {
		return fmt.Errorf("doctor: %w", err)
	}
	if *strict && len(r.Missing) > 0 {
		return exitCode(1)
	}
	return nil
}
