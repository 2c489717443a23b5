package gate_test

import (
	"fmt"
	"os"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// trained stands for records that were read by record.LoadBaselines and
// record.LoadResults.
func trained(experiment string, top1 ...float64) *record.Record {
	r := &record.Record{Suite: "skip", Experiment: experiment}
	for i, x := range top1 {
		r.Samples = append(r.Samples, record.Sample{
			Seed: uint64(42 + i), Status: record.OK, Metrics: map[string]float64{record.Top1: x},
		})
	}
	return r
}

func ExampleJudge() {
	report, err := gate.Judge(gate.Input{
		Baselines: []*record.Record{
			trained("plain20", 61.2, 61.5, 61.4, 61.0, 61.6),
			trained("resnet20", 64.8, 65.2, 64.9, 65.3, 65.0),
		},
		Candidates: []*record.Record{
			trained("plain20", 61.3, 61.5, 61.2, 61.4, 61.3),
			trained("resnet20", 63.2, 63.4, 62.9),
		},
		Suites: []record.Suite{{Name: "skip", Claims: []record.Claim{
			{Text: "resnet20 beats plain20", Kind: record.Greater, A: "resnet20", B: "plain20", Metric: record.Top1},
		}}},
	}, gate.DefaultOptions())
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := gate.WriteText(os.Stdout, report); err != nil {
		fmt.Println(err)
	}
	fmt.Println("exit code", report.ExitCode())
	// Output:
	// PASS          skip/plain20   top-1 +0.00 pp [-0.24, +0.24]: a loss of 0.5 pp is ruled out
	// FAIL          skip/resnet20  top-1 -1.87 pp [-2.18, -1.57]: a loss is shown (p = 3.5e-07, margin 0.5 pp)
	// SUPPORTED     skip: resnet20 beats plain20 (resnet20 - plain20: top-1 +1.83 pp [+1.47, +2.18], claimed more than 0 pp)
	// gate: regression (1 FAIL, 1 PASS)
	// exit code 1
}

func ExampleSequential() {
	baselines := []*record.Record{trained("resnet20", 64.6, 65.4, 64.9, 65.3, 65.0, 65.2, 64.6, 65.0)}
	seeds := []float64{64.8, 65.0, 65.3, 65.1, 64.8}

	opt := gate.DefaultOptions()
	opt.MaxSeeds = 5
	s, err := gate.NewSequential(baselines, opt)
	if err != nil {
		fmt.Println(err)
		return
	}
	for n := 1; ; n++ {
		verdicts, more := s.Next(trained("resnet20", seeds[:n]...))
		fmt.Println(n, verdicts[0].Outcome)
		if !more {
			break
		}
	}
	// Output:
	// 1 INCONCLUSIVE
	// 2 INCONCLUSIVE
	// 3 PASS
}
