// Ours is trainbench's part in peers.py: it trains the real ResNet-20 on images
// that mean nothing. An epoch of -steps steps follows each line of the standard
// input, and writes its images per second. The first epoch compiles, needs no line,
// and writes what it computes on.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"

	"trainbench/bench/backend"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/train"
)

func main() {
	name := flag.String("backend", backend.Auto, "as benchstat.sh takes it")
	steps := flag.Int("steps", 8, "steps of an epoch")
	flag.Parse()
	backend.Tune(*name)
	if err := run(*name, *steps, os.Stdin, os.Stdout); err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "ours:", err)
		os.Exit(1)
	}
}

const classes = 100

func run(name string, steps int, in io.Reader, out io.Writer) error {
	device, err := backend.Open(name, backend.Options{})
	if err != nil {
		return err
	}
	e := experiment.Default()
	e.Suite, e.Name = "peers", "resnet20"
	e.Train.Epochs, e.Train.EvalEvery = 1_000_000, 1_000_000
	task := &train.Task{
		Experiment: e, Seed: 1, Device: device, Classes: classes,
		Train: images(steps * e.Sampling.Batch), Test: images(classes),
	}
	lines := bufio.NewReader(in)
	compiled := false
	task.EpochDone = func(epoch train.Epoch) error {
		if !compiled { // and warm
			compiled = true
			fmt.Fprintln(out, device)
		} else {
			fmt.Fprintf(out, "%.2f\n", float64(task.Train.Len())/epoch.Seconds)
		}
		_, err := lines.ReadString('\n')
		return err
	}
	_, err = task.Run(context.Background())
	return err
}

// images returns n images of noise.
func images(n int) dataset.Split {
	const size, channels = 32, 3
	rng := rand.New(rand.NewPCG(1, 1))
	s := dataset.Split{
		Height: size, Width: size, Channels: channels,
		Pixels: make([]byte, n*size*size*channels), Labels: make([]int32, n),
	}
	for i := range s.Pixels {
		s.Pixels[i] = byte(rng.Uint32())
	}
	for i := range s.Labels {
		s.Labels[i] = int32(i % classes)
	}
	return s
}
