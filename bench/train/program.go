package train

import (
	"fmt"
	"sync"
	"time"

	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"

	"trainbench/bench/backend"
	"trainbench/bench/experiment"
	"trainbench/bench/loss"
	"trainbench/bench/model"
)

// Program is the compiled graphs of one experiment on one device: trainings that
// differ in their seed alone can share it, also at the same time. All state is in a
// few flat vectors, because a call costs time for every buffer it takes.
type Program struct {
	device  *backend.Device
	exp     experiment.Experiment
	net     *model.Net
	loss    loss.Func
	counts  []int // training images of each class
	learns  []model.Param
	frozen  []model.Param
	classes int
	probe   bool // see Probes

	stepExec, evalExec, featureExec *graph.Exec

	mu       sync.Mutex
	compiled map[string]bool // graphs that exist, by name and shapes
}

// NewProgram prepares the training of an experiment, whose net is net. Counts are
// the training images of each class.
func NewProgram(e experiment.Experiment, d *backend.Device, net *model.Net, counts []int) (*Program, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	if len(e.Data.Mean) != net.Shape.Channels {
		return nil, fmt.Errorf("data.mean has %d entries and images have %d channels", len(e.Data.Mean), net.Shape.Channels)
	}
	if len(counts) != net.Shape.Classes {
		return nil, fmt.Errorf("the net is of %d classes and the dataset of %d", net.Shape.Classes, len(counts))
	}
	var err error
	p := &Program{device: d, exp: e, net: net, counts: counts, classes: len(counts), probe: Probes(e), compiled: map[string]bool{}}
	p.learns, p.frozen = net.Split()
	if p.loss, err = loss.New(e.Loss, counts); err != nil {
		return nil, err
	}
	if p.stepExec, err = graph.NewExec(d.Backend, p.step); err != nil {
		return nil, err
	}
	if p.evalExec, err = graph.NewExec(d.Backend, p.evaluate); err != nil {
		return nil, err
	}
	p.featureExec, err = graph.NewExec(d.Backend, p.features)
	return p, err
}

// Net returns the structure of the net.
func (p *Program) Net() *model.Net { return p.net }

// Close frees the graphs.
func (p *Program) Close() {
	p.stepExec.Finalize()
	p.evalExec.Finalize()
	p.featureExec.Finalize()
}

// compile builds the graph for the shapes of inputs, unless it exists, and returns
// the seconds that it took, or that another training's compiling it took.
func (p *Program) compile(exec *graph.Exec, name string, inputs []*tensors.Tensor, clock func() time.Time) (float64, error) {
	list := make([]shapes.Shape, len(inputs))
	for i, t := range inputs {
		list[i] = t.Shape()
	}
	key := fmt.Sprint(name, list)
	start := clock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.compiled[key] {
		return clock().Sub(start).Seconds(), nil
	}
	_, err := exec.Compile(list...)
	p.compiled[key] = err == nil
	return clock().Sub(start).Seconds(), err
}
