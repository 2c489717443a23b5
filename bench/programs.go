package bench

import (
	"fmt"
	"slices"
	"sync"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/train"
)

// programs are the compiled graphs in use, by one training or several, and those
// that were used last. Seeds come one after the other, so that few are enough: an
// experiment's, and that of its source of weights.
type programs struct {
	mu   sync.Mutex
	list []*compiled // the latest first
}

type compiled struct {
	key     string
	program *train.Program
	users   int
}

const keptPrograms = 2

// program returns the compiled graphs of an experiment, until they are released.
func (r *Runner) program(e experiment.Experiment, d *backend.Device, data *prepared) (*train.Program, error) {
	key := fmt.Sprint(e.SHA256(), data.train.Height, data.train.Width, data.train.Channels, data.info.TrainPerClass)
	p := &r.programs
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.IndexFunc(p.list, func(c *compiled) bool { return c.key == key })
	if i < 0 {
		net, err := r.net(e, data)
		if err != nil {
			return nil, err
		}
		program, err := train.NewProgram(e, d, net, dataset.Counts(data.train.Labels, data.classes))
		if err != nil {
			return nil, err
		}
		p.list = append(p.list, &compiled{key: key, program: program})
		i = len(p.list) - 1
	}
	c := p.list[i]
	c.users++
	p.list = slices.Insert(slices.Delete(p.list, i, i+1), 0, c)
	p.shrink()
	return c.program, nil
}

// release tells that a training is done with a program.
func (p *programs) release(program *train.Program) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.list {
		if c.program == program {
			c.users--
		}
	}
	p.shrink()
}

// shrink closes what nobody uses, but for the latest.
func (p *programs) shrink() {
	place := 0
	p.list = slices.DeleteFunc(p.list, func(c *compiled) bool {
		place++
		if c.users > 0 || place <= keptPrograms {
			return false
		}
		c.program.Close()
		return true
	})
}
