// Package train trains one experiment with one seed on one device.
//
// A [Task] holds everything that a training needs and [Task.Run] does it: the
// dataset goes to the device once, as bytes; each epoch sends a plan of integers
// (package batch) and reads losses and predictions back; a step is one call.
// Nothing here knows of suites, records or files.
package train

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"time"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/model"
)

// Task is one training.
type Task struct {
	Experiment experiment.Experiment
	Seed       uint64
	Device     *backend.Device
	// Program is of Experiment on Device; nil makes one for this task alone, which
	// must be of a residual net.
	Program *Program
	Classes int
	// Train, Validation and Test are the splits as they are used. Validation may be
	// empty.
	Train, Validation, Test dataset.Split
	// Initial are the weights to start from; nil draws them from the seed.
	Initial model.Weights
	// Clock is time.Now if nil.
	Clock func() time.Time
	// Save, if not nil, is called between two steps: when SaveEvery has passed since
	// the last time, and when the context of Run is done. It is also called at the end
	// of an epoch and after a step of a second or more, as long as all that takes less
	// than a hundredth of the time. An error stops the training and is returned by Run.
	Save      func(*State) error
	SaveEvery time.Duration
	// Resume, if not nil, is the state to go on from.
	Resume *State
	// EpochDone, if not nil, is called after each epoch. An error stops the training
	// and is returned by Run.
	EpochDone func(Epoch) error
	// StepDone, if not nil, is called with the number of images after each step or
	// batch of a Phase is handed to the device. The device may still compute: nobody
	// waits for it.
	StepDone func(images int, phase Phase)
}

// Shape is what the task's net is built for.
func (t *Task) Shape() model.Shape {
	return model.Shape{Height: t.Train.Height, Width: t.Train.Width, Channels: t.Train.Channels, Classes: t.Classes}
}

// Phase is what a step is part of.
type Phase int

const (
	Training   Phase = iota
	Evaluating       // forwards only
	Extracting       // the features of a linear probe, once; see Probes
)

// Scores is one evaluation: the mean cross-entropy (for training images the mean
// of the experiment's own loss), and fractions in [0, 1].
type Scores struct {
	Loss, Top1, F1 float64
}

// Epoch is one point of a learning curve.
type Epoch struct {
	Number     int // epochs done, from 1; 0 for weights that were evaluated only
	Rate       float64
	Train      Scores  // while training, on augmented images
	Validation *Scores // nil without a validation split, or if not evaluated
	Test       *Scores // nil if not evaluated
	Seconds    float64 // of training, without evaluation
}

// Best is the epoch with the highest macro-F1 on the test set: a number chosen on
// the test set.
type Best struct {
	Epoch  int
	Scores Scores
}

// Result is what a training gave.
type Result struct {
	Curve       []Epoch
	Test        Scores  // of the last epoch
	Predictions []int32 // of the last epoch, one for each test image
	Best        Best
	Weights     model.Weights
	InitialHash string // of the weights before training
	FinalHash   string // and after
	// Diverged tells where the loss was not finite, nil if it always was. The curve
	// then ends before that epoch and there are no predictions.
	Diverged *Divergence
	// Stopped tells that early stopping ended the training.
	Stopped bool
	Params  int // parameters of the net
	Learns  int // those that were trained
	Timing  Timing
}

// Divergence is the first step whose loss was not finite.
type Divergence struct {
	Epoch, Step int // from 1; Step within the epoch
	Loss        float64
}

func (d *Divergence) String() string {
	return fmt.Sprintf("the loss was %v at step %d of epoch %d", d.Loss, d.Step, d.Epoch)
}

// Timing is in seconds.
type Timing struct {
	Compile, Train, Eval float64
	Images               int // trained on
}

// Hash identifies weights by SHA-256 over names, in the net's order, and values.
func Hash(n *model.Net, w model.Weights) string {
	h := sha256.New()
	var word [4]byte
	for _, params := range [][]model.Param{n.Params, n.Stats} {
		for _, p := range params {
			fmt.Fprintf(h, "%s%v\n", p.Name, p.Shape)
			for _, v := range w[p.Name] {
				binary.LittleEndian.PutUint32(word[:], math.Float32bits(v))
				h.Write(word[:])
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}
