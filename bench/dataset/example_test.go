package dataset_test

import (
	"fmt"

	"trainbench/bench/dataset"
)

// The digits are part of the program. CIFAR lies in a folder: Open("cifar-10", "data").
func ExampleOpen() {
	d, err := dataset.Open("digits", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	s := d.Train
	fmt.Printf("%s: %d + %d images of %dx%dx%d\n", d.Name, s.Len(), d.Test.Len(), s.Height, s.Width, s.Channels)
	fmt.Println(d.Classes, dataset.Counts(s.Labels, len(d.Classes)))
	// Output:
	// digits: 1200 + 597 images of 8x8x1
	// [0 1 2 3 4 5 6 7 8 9] [120 120 120 120 120 120 120 120 120 120]
}

// A draw is the same on every machine, and names itself by a hash.
func ExampleImbalanced() {
	labels := []int32{0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1}
	drawn, err := dataset.Imbalanced(labels, []int{4, 1}, 42)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(drawn, dataset.IndexSHA256(drawn)[:8])
	_, err = dataset.Imbalanced(labels, []int{4, 7}, 42)
	fmt.Println(err)
	// Output:
	// [0 2 3 5 6] 90c45beb
	// imbalanced: 7 images of class 1 asked for, it has 6
}

// A dataset of one's own is a struct; bench.Options.Datasets takes it.
func ExampleDataset() {
	d := dataset.Dataset{
		Name: "corners", Classes: []string{"left", "right"},
		Train: dataset.Split{
			Height: 1, Width: 2, Channels: 1,
			Pixels: []byte{255, 0, 0, 255},
			Labels: []int32{0, 1},
		},
	}
	mean, std := dataset.Stats(d.Train)
	fmt.Println(d.Train.Len(), mean, std)
	// Output: 2 [0.5] [0.5]
}
