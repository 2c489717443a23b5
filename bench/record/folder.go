package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"trainbench/bench/atomicfile"
)

// A folder of results is laid out as
//
//	<folder>/<suite>/suite.json                   what the suite asks (Suite)
//	<folder>/<suite>/<experiment>/seed-42.json    a record with one sample
//
// and a folder of baselines as
//
//	<folder>/<suite>/<experiment>.json            a record with many samples

// Suite is the question that a few experiments answer.
type Suite struct {
	Version int    `json:"version"`
	Profile string `json:"profile"`
	Name    string `json:"name"`
	// Question is the title of the table: "Does the skip connection help?"
	Question string `json:"question"`
	// Experiments are the rows of the table, in order.
	Experiments []string `json:"experiments"`
	Claims      []Claim  `json:"claims,omitempty"`
	// SHA256 is a checksum of the above in files that were not written by hand. It is
	// empty in memory.
	SHA256 string `json:"sha256,omitempty"`
}

// sum is the checksum of s.
func (s Suite) sum() (string, error) {
	s.SHA256 = ""
	data, err := json.Marshal(s)
	return hashHex(data), err
}

// ClaimKind is the form of a claim.
type ClaimKind string

const (
	// AtLeast: the metric of A is at least Gap.
	AtLeast ClaimKind = "at-least"
	// Greater: the metric of A exceeds that of B by more than Gap.
	Greater ClaimKind = "greater"
	// Equivalent: the metrics of A and B differ by at most Gap.
	Equivalent ClaimKind = "equivalent"
)

// Claim is a statement about experiments of one suite that its records support
// or refute.
type Claim struct {
	Text   string    `json:"text"` // "resnet20 beats plain20 on top-1"
	Kind   ClaimKind `json:"kind"`
	A      string    `json:"a"`           // an experiment
	B      string    `json:"b,omitempty"` // another one; empty for AtLeast
	Metric string    `json:"metric"`      // Top1, F1
	Gap    float64   `json:"gap"`         // in units of the metric: percentage points
}

// SamplePath returns where in a folder of results the sample of a seed is kept.
func SamplePath(folder, suite, experiment string, seed uint64) string {
	return filepath.Join(folder, suite, experiment, fmt.Sprintf("seed-%d.json", seed))
}

// BaselinePath returns where in a folder of baselines an experiment is kept.
func BaselinePath(folder, suite, experiment string) string {
	return filepath.Join(folder, suite, experiment+".json")
}

// WriteSuite stores what a suite asks in a folder of results or baselines.
func WriteSuite(folder string, s Suite) error {
	s.Version = Version
	var err error
	if s.SHA256, err = s.sum(); err != nil {
		return err
	}
	data, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(folder, s.Name, "suite.json"), append(data, '\n'))
}

// LoadSuites reads every <folder>/<suite>/suite.json, sorted by name.
func LoadSuites(folder string) ([]Suite, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "suite.json"))
	if err != nil {
		return nil, err
	}
	var suites []Suite
	for _, path := range paths {
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		var s Suite
		if err := decodeStrict(data, &s, &s.Version); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if sum, err := s.sum(); err != nil || s.SHA256 != "" && s.SHA256 != sum {
			return nil, errors.Join(err, fmt.Errorf("%s: the checksum does not match: the file is damaged, or was edited: then remove the line with sha256", path))
		}
		s.SHA256 = ""
		if s.Name != filepath.Base(filepath.Dir(path)) { // tables go to files of that name
			return nil, fmt.Errorf("%s: holds suite %q", path, s.Name)
		}
		suites = append(suites, s)
	}
	return suites, nil
}

// LoadResults reads a folder of results: one record an experiment, with the
// samples of all its files, sorted by suite and experiment. Samples of one
// experiment that were made with different configs are an error. An empty or
// missing folder gives no records.
func LoadResults(folder string) ([]*Record, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*", "seed-*.json"))
	if err != nil {
		return nil, err
	}
	byID := map[string]*Record{}
	var out []*Record
	for _, path := range paths {
		r, err := Read(path)
		if err != nil {
			return nil, err
		}
		if err := fits(r, path); err != nil {
			return nil, err
		}
		if joined := byID[r.ID()]; joined == nil {
			byID[r.ID()] = r
			out = append(out, r)
		} else if joined.ConfigSHA256 != r.ConfigSHA256 {
			return nil, fmt.Errorf("%s: made with another config than the other seeds of %s; move the old ones away", path, r.ID())
		} else {
			joined.Samples = append(joined.Samples, r.Samples...)
		}
	}
	for _, r := range out {
		if _, err := r.Encode(); err != nil { // sorts, checks and sums the joined record
			return nil, err
		}
	}
	return out, nil
}

// fits checks that a file of results is what its path says.
func fits(r *Record, path string) error {
	dir := filepath.Dir(path)
	name := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "seed-"), ".json")
	seed, err := strconv.ParseUint(name, 10, 64)
	if err != nil {
		return fmt.Errorf("%s: the name is not seed-NUMBER.json", path)
	}
	if len(r.Samples) != 1 || r.Samples[0].Seed != seed ||
		r.Experiment != filepath.Base(dir) || r.Suite != filepath.Base(filepath.Dir(dir)) {
		return fmt.Errorf("%s: holds another sample than its name says (%s, %d samples)", path, r.ID(), len(r.Samples))
	}
	return nil
}

// LoadBaselines reads a folder of baselines, sorted by suite and experiment. An
// empty or missing folder gives no records.
func LoadBaselines(folder string) ([]*Record, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*", "*.json"))
	if err != nil {
		return nil, err
	}
	var out []*Record
	for _, path := range paths {
		if filepath.Base(path) == "suite.json" {
			continue
		}
		r, err := Read(path)
		if err != nil {
			return nil, err
		}
		if BaselinePath(folder, r.Suite, r.Experiment) != path {
			return nil, fmt.Errorf("%s: holds %s", path, r.ID())
		}
		out = append(out, r)
	}
	return out, nil
}

// ReadIfThere reads the record at path, and returns nil if there is no file.
func ReadIfThere(path string) (*Record, error) {
	r, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return r, err
}

// Published is the numbers of a paper, for tables only.
type Published struct {
	Version int    `json:"version"`
	Suite   string `json:"suite"`
	Source  string `json:"source"` // where the numbers are from
	Note    string `json:"note,omitempty"`
	// Dataset, Epochs and PretrainedOn, the dataset that the initial weights were
	// trained on, are what the numbers are of: those of other trainings are shown beside
	// them, and not held against them. Empty and 0 if not said.
	Dataset      string         `json:"dataset,omitempty"`
	Epochs       int            `json:"epochs,omitempty"`
	PretrainedOn string         `json:"pretrained_on,omitempty"`
	Rows         []PublishedRow `json:"rows"`
}

// PublishedRow is one experiment of a published table.
type PublishedRow struct {
	Experiment string             `json:"experiment"`
	Metrics    map[string]float64 `json:"metrics"` // by name, as in Sample
	Note       string             `json:"note,omitempty"`
}

// LoadPublished reads every JSON file of a folder, sorted by name.
func LoadPublished(folder string) ([]Published, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	var out []Published
	for _, path := range paths {
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		var p Published
		if err := decodeStrict(data, &p, &p.Version); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// decodeStrict reads one JSON value of this version, without unknown fields and
// with nothing behind it. The version is a field of the value.
func decodeStrict(data []byte, value any, version *int) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(value); err != nil {
		return syntaxAt(data, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d: more behind the end of the JSON value", 1+bytes.Count(data[:dec.InputOffset()], []byte("\n")))
	}
	if *version != Version {
		return fmt.Errorf("version %d: this program reads version %d", *version, Version)
	}
	return nil
}
