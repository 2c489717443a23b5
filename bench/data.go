package bench

import (
	"fmt"
	"maps"
	"slices"

	"trainbench/bench/batch"
	"trainbench/bench/dataset"
	"trainbench/bench/experiment"
	"trainbench/bench/model"
	"trainbench/bench/record"
)

// prepared is a dataset as one experiment uses it.
type prepared struct {
	train, validation, test dataset.Split
	classes                 int
	info                    record.Data
}

// openDataset reads a dataset of the caller's, or one that package dataset knows.
func (r *Runner) openDataset(name string) (*dataset.Dataset, error) {
	open := r.opt.Datasets[name]
	if open == nil {
		d, err := dataset.Open(name, r.opt.Data)
		if err != nil && len(r.opt.Datasets) > 0 && dataset.ClassNames(name) == nil {
			err = fmt.Errorf("%w; the program's own are %q", err, slices.Sorted(maps.Keys(r.opt.Datasets)))
		}
		return d, err
	}
	d, err := open()
	if err != nil {
		return nil, fmt.Errorf("dataset %s: %w", name, err)
	}
	if d.SHA256 != "" {
		return d, nil
	}
	return dataset.New(name, d.Classes, d.Train, d.Test)
}

// prepared returns the data of an experiment.
func (r *Runner) prepared(e experiment.Experiment) (*prepared, error) {
	whole, err := r.dataset(e.Data.Dataset)
	if err != nil {
		return nil, err
	}
	p, err := prepare(whole, e.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.ID(), err)
	}
	return p, nil
}

// prepare selects, draws and holds out what an experiment's Data says. It does
// not depend on the seed of a training.
func prepare(whole *dataset.Dataset, d experiment.Data) (*prepared, error) {
	set := whole
	if len(d.Classes) > 0 {
		var err error
		if set, err = whole.SelectClasses(d.Classes); err != nil {
			return nil, err
		}
	}
	classes := len(set.Classes)
	index := make([]int32, set.Train.Len())
	for i := range index {
		index[i] = int32(i)
	}
	if len(d.PerClass) > 0 {
		counts := d.PerClass
		if len(counts) == 1 {
			counts = slices.Repeat(counts, classes)
		}
		if len(counts) != classes {
			return nil, fmt.Errorf("data.per_class has %d entries and %s has %d classes", len(counts), set.Name, classes)
		}
		var err error
		if index, err = dataset.Imbalanced(set.Train.Labels, counts, d.DrawSeed); err != nil {
			return nil, err
		}
	}
	p := &prepared{classes: classes, test: set.Test}
	p.train = set.Train.Subset(index)
	if d.Validation > 0 {
		kept, held, err := dataset.Holdout(p.train.Labels, classes, d.Validation, d.DrawSeed)
		if err != nil {
			return nil, err
		}
		p.train, p.validation = p.train.Subset(kept), p.train.Subset(held)
		index = pick(index, kept)
	}
	addNoise(p.train.Labels, classes, d.LabelNoise, d.DrawSeed)
	overlap := dataset.Overlap(p.train, p.test)
	if len(overlap) > max(set.Duplicates, d.AllowOverlap) {
		return nil, fmt.Errorf("%d test images of %s are in the training set too, pixel for pixel (test image %d and training image %d first): "+
			"take them out, or say data.allow_overlap %d and every table tells of them",
			len(overlap), set.Name, overlap[0].Test, index[overlap[0].Train], len(overlap))
	}
	p.info = record.Data{
		Dataset: set.Name, SHA256: set.SHA256, SubsetSHA256: dataset.IndexSHA256(index),
		TrainImages: p.train.Len(), HeldOut: p.validation.Len(), TestImages: p.test.Len(),
		TrainPerClass: dataset.Counts(p.train.Labels, classes),
		Overlap:       len(overlap),
	}
	return p, nil
}

// net returns the structure of the net of an experiment.
func (r *Runner) net(e experiment.Experiment, data *prepared) (*model.Net, error) {
	return r.opt.Nets.Build(e.Model, shape(data.train, data.classes))
}

// shape is what a net for images like the given ones is built for.
func shape(images dataset.Split, classes int) model.Shape {
	return model.Shape{Height: images.Height, Width: images.Width, Channels: images.Channels, Classes: classes}
}

// pick returns values[i] for every i of index.
func pick(values, index []int32) []int32 {
	out := make([]int32, len(index))
	for i, j := range index {
		out[i] = values[j]
	}
	return out
}

// addNoise gives a fraction of the labels another class. The labels are a copy of
// the dataset's.
func addNoise(labels []int32, classes int, fraction float64, seed uint64) {
	if fraction == 0 {
		return
	}
	rng := batch.Stream(seed, "label-noise", 0)
	for i := range labels {
		if rng.Float64() < fraction {
			labels[i] = (labels[i] + 1 + int32(rng.IntN(classes-1))) % int32(classes)
		}
	}
}
