// Package record keeps what trainings gave: raw samples with their
// configuration, data and environment, in JSON files that detect damage.
//
// A [Record] holds the samples of one experiment. Results are written one sample
// a file, so that processes that share a folder cannot lose each other's work;
// [LoadResults] joins them. A baseline is a record with many samples in one
// file. Nothing is averaged here: means, intervals and verdicts are derived from
// records by package gate.
//
// The package does not know how samples are made: records of trainings in any
// framework look the same.
package record

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Version is the version of the file format that this package writes.
const Version = 1

// Names of the metrics that every training of this project gives. They are also
// the units of benchmark lines. A name that ends in "-pct" is in per cent and
// better when higher; "loss" is better when lower.
const (
	Top1 = "top1-pct"
	F1   = "f1-pct"
	Loss = "loss"
)

// Record is the samples of one experiment.
type Record struct {
	Version    int    `json:"version"`
	Profile    string `json:"profile"`
	Suite      string `json:"suite"`
	Experiment string `json:"experiment"`
	// Config is what was trained, in the canonical JSON of the one who trained it.
	Config       json.RawMessage `json:"config"`
	ConfigSHA256 string          `json:"config_sha256"`
	// Notes are footnotes for tables: which split early stopping watched, what the
	// weights were pretrained on.
	Notes []string `json:"notes,omitempty"`
	// Accepted tells who made this record a baseline; nil in results.
	Accepted *Accepted `json:"accepted,omitempty"`
	// Samples are in ascending order of seeds, each seed once.
	Samples []Sample `json:"samples"`
	// SHA256 is the checksum of all the above.
	SHA256 string `json:"sha256"`
}

// Accepted is the entry in the books for a baseline.
type Accepted struct {
	Reason string    `json:"reason"`
	Commit string    `json:"commit,omitempty"`
	Time   time.Time `json:"time"`
}

// ID returns "suite/experiment".
func (r *Record) ID() string { return r.Suite + "/" + r.Experiment }

// Status is how a sample ended.
type Status string

const (
	OK       Status = "ok"
	Diverged Status = "diverged" // the loss was not finite; no metrics
	Failed   Status = "failed"   // an error or a panic; no metrics
)

// Sample is what one seed gave.
type Sample struct {
	Seed   uint64 `json:"seed"`
	Status Status `json:"status"`
	// Detail says why Status is not OK: "loss is NaN at step 31 (epoch 2)".
	Detail string `json:"detail,omitempty"`
	// Metrics are those of the last epoch on the test set, by name.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	// Best is the epoch with the highest test macro-F1. It was chosen on the test
	// set, so it is an optimistic number and never the sample's own.
	Best        *Best        `json:"best,omitempty"`
	Predictions *Predictions `json:"predictions,omitempty"`
	Curve       []Point      `json:"curve,omitempty"`
	Params      Params       `json:"params"`
	Data        Data         `json:"data"`
	Weights     Weights      `json:"weights"`
	Env         Env          `json:"env"`
	Timing      Timing       `json:"timing"`
}

// Best is the metrics of an epoch chosen after the fact.
type Best struct {
	Epoch   int                `json:"epoch"` // counted from 1
	Metrics map[string]float64 `json:"metrics"`
}

// Point is one epoch of a learning curve.
type Point struct {
	Epoch int     `json:"epoch"` // epochs done, from 1
	Rate  float64 `json:"rate"`  // learning rate of that epoch
	// Train is measured while training: on augmented and mixed images, with the
	// batch's own statistics, the weights changing from step to step.
	Train      Scores  `json:"train"`
	Validation *Scores `json:"validation,omitempty"`
	Test       *Scores `json:"test,omitempty"` // nil in an epoch that was not evaluated
}

// Scores is one evaluation.
type Scores struct {
	Loss float64 `json:"loss"`
	Top1 float64 `json:"top1_pct"`
	F1   float64 `json:"f1_pct"`
}

// Params counts parameters of the graph.
type Params struct {
	Total     int `json:"total"`
	Trainable int `json:"trainable"`
}

// Data says which images were used.
type Data struct {
	Dataset       string `json:"dataset"`
	SHA256        string `json:"sha256"`            // of the whole dataset
	SubsetSHA256  string `json:"subset_sha256"`     // of the indices trained on
	TrainImages   int    `json:"train_images"`      // after the draw and the hold-out
	HeldOut       int    `json:"held_out_images"`   // validation
	TestImages    int    `json:"test_images"`       //
	TrainPerClass []int  `json:"train_per_class"`   //
	Overlap       int    `json:"overlap,omitempty"` // test images that are in the training set too
}

// Weights identifies parameters by the hash of their bytes.
type Weights struct {
	InitialSHA256 string `json:"initial_sha256,omitempty"`
	FinalSHA256   string `json:"final_sha256,omitempty"`
	SourceSHA256  string `json:"source_sha256,omitempty"` // of the file they were read from
}

// Imported is the backend of samples of trainings elsewhere.
const Imported = "imported"

// Env is where a sample was made. Fields that change arithmetic are part of
// [Env.Fingerprint].
type Env struct {
	Backend  string            `json:"backend"`            // "go", "xla:cpu", "xla:cuda", or Imported
	Plugin   string            `json:"plugin,omitempty"`   // its version, and the hash of the file
	Device   string            `json:"device,omitempty"`   // "NVIDIA H200"
	Flags    []string          `json:"flags,omitempty"`    // flags of the compiler, sorted
	Versions map[string]string `json:"versions,omitempty"` // of Go and the modules that compute
	Code     string            `json:"code,omitempty"`     // hash of the test binary, or commit
	CPU      string            `json:"cpu,omitempty"`
	Cores    int               `json:"cores,omitempty"`
	OS       string            `json:"os,omitempty"` // "linux/amd64"
	Host     string            `json:"host,omitempty"`
	// Earlier tells of other machines on which the training was before it was resumed
	// here, in words: then its bits may be nobody else's.
	Earlier []string  `json:"earlier,omitempty"`
	Start   time.Time `json:"start"`
}

// Fingerprint is a hash of everything that may change a result's bits: two
// samples with equal configs, data, seeds and fingerprints should have equal
// predictions. Host, time, processor and the code's hash are not part of it.
func (e Env) Fingerprint() string {
	e.Host, e.Start, e.Code, e.CPU, e.Cores, e.Earlier = "", time.Time{}, "", "", 0, nil
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // plain data always marshals
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Differs names the fields that may change arithmetic and differ.
func (e Env) Differs(other Env) []string {
	var fields []string
	for _, f := range []struct {
		name string
		a, b any
	}{
		{"backend", e.Backend, other.Backend}, {"plugin", e.Plugin, other.Plugin}, {"device", e.Device, other.Device},
		{"flags", e.Flags, other.Flags}, {"versions", e.Versions, other.Versions},
		{"cpu", e.CPU, other.CPU}, {"cores", e.Cores, other.Cores}, {"os", e.OS, other.OS},
	} {
		// What was written and read has nil for empty lists, and is the same.
		if fmt.Sprint(f.a) != fmt.Sprint(f.b) {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// Timing is in seconds of the wall clock.
type Timing struct {
	Compile   float64 `json:"compile_s"`
	Train     float64 `json:"train_s"`     // steps alone, the device synchronised
	Eval      float64 `json:"eval_s"`      //
	PerEpoch  float64 `json:"per_epoch_s"` // Train / epochs
	ImagesSec float64 `json:"images_per_s"`
	PeakBytes int64   `json:"peak_bytes,omitempty"` // resident memory of the process so far
	// Parallel is the number of trainings, this one included, that the process had
	// side by side at most: they share cores and memory. 0 if unknown.
	Parallel int `json:"parallel,omitempty"`
}

// Total is everything that a sample took.
func (t Timing) Total() float64 { return t.Compile + t.Train + t.Eval }
