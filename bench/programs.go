package bench

import (
	"fmt"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/train"
)

// programs are the compiled graphs that were used last, the latest first. Seeds
// come one after the other, so that two are enough: an experiment's, and that of
// its source of weights.
type programs []compiled

type compiled struct {
	key     string
	program *train.Program
}

const keptPrograms = 2

// program returns the compiled graphs of an experiment. They stand until
// keptPrograms others have been asked for.
func (r *Runner) program(e experiment.Experiment, d *backend.Device, data *prepared) (*train.Program, error) {
	key := fmt.Sprint(e.SHA256(), data.train.Height, data.train.Width, data.train.Channels, data.info.TrainPerClass)
	for i, c := range r.programs {
		if c.key == key {
			copy(r.programs[1:i+1], r.programs[:i])
			r.programs[0] = c
			return c.program, nil
		}
	}
	net, err := r.net(e, data)
	if err != nil {
		return nil, err
	}
	p, err := train.NewProgram(e, d, net, dataset.Counts(data.train.Labels, data.classes))
	if err != nil {
		return nil, err
	}
	r.programs = append(programs{{key, p}}, r.programs...)
	for len(r.programs) > keptPrograms {
		last := len(r.programs) - 1
		r.programs[last].program.Close()
		r.programs = r.programs[:last]
	}
	return p, nil
}
