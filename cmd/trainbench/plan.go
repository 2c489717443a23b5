package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

const planUsage = `usage: trainbench plan [flags] BASELINES

Plan says, from the spreads between the seeds of the baselines, how many new seeds
each experiment needs for a verdict, and the smallest loss that a few seeds show.

`

// runPlan is the command "trainbench plan".
func runPlan(_ context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	fs := newFlags("plan", planUsage, stderr)
	opt, plan := gate.DefaultOptions(), gate.DefaultPlanOptions()
	judgeFlags(fs, &opt)
	fs.Float64Var(&plan.Power, "power", plan.Power, "`probability` of the verdict that is planned for")
	fs.Float64Var(&plan.Loss, "loss", plan.Loss, "the loss to be shown, in `margins`")
	fs.Func("seeds", "`numbers` of seeds to tell the smallest loss for (default 1,3,5,10)", func(s string) error {
		plan.Seeds = nil
		for _, field := range strings.Split(s, ",") {
			n, err := strconv.Atoi(field)
			if err != nil || n < 1 {
				return fmt.Errorf("want numbers above 0, with commas between them")
			}
			plan.Seeds = append(plan.Seeds, n)
		}
		return nil
	})
	format := fs.String("format", "text", "`format`: text or json")
	if err := parse(fs, args, 1); err != nil {
		return err
	}
	baselines, err := record.LoadBaselines(fs.Arg(0))
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if len(baselines) == 0 {
		return fmt.Errorf("plan: %s: no baselines there: `trainbench accept` stores some", fs.Arg(0))
	}
	rows, err := gate.Plan(baselines, opt, plan)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	switch *format {
	case "json":
		enc := json.NewEncoder(stdout)
		enc.SetIndent("", "\t")
		return enc.Encode(rows)
	case "text":
		return writePlan(stdout, rows, plan)
	}
	return fmt.Errorf("plan: format %q is neither text nor json", *format)
}

func writePlan(w io.Writer, rows []gate.PlanRow, plan gate.PlanOptions) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w, "no baseline has a spread: two seeds of one experiment are the least")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "experiment\tmetric\tbaseline\tspread\tmargin\tto PASS\tto FAIL")
	for _, n := range plan.Seeds {
		fmt.Fprintf(t, "\tsees, %d", n)
	}
	fmt.Fprintln(t)
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%.2f\t%g\t%s\t%s", r.Experiment, gate.Label(r.Metric), r.Baseline, r.SD, r.Margin,
			seeds(r.ToPass, r.EachSide), seeds(r.ToFail, r.EachSide))
		for _, loss := range r.Sees {
			fmt.Fprintf(t, "\t%.2f", loss)
		}
		fmt.Fprintln(t)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nto PASS: new seeds that give PASS with probability %g if nothing changed;"+
		"\nto FAIL: new seeds that give FAIL with that probability for a loss of %g margins;"+
		"\nsees, N: the smallest loss that N new seeds show with that probability.\n", plan.Power, plan.Loss)
	return err
}

// seeds is a number of new seeds, or what would do if none is enough.
func seeds(n, eachSide int) string {
	switch {
	case n > 0:
		return strconv.Itoa(n)
	case eachSide > 0:
		return fmt.Sprintf("%d each side", eachSide)
	}
	return "over 1000"
}
