// Package profile scales suites: how many seeds, and what differs from the
// published recipes that the suites state.
//
// A profile is a JSON file:
//
//	{
//		"version": 1,
//		"name": "mine",
//		"about": "half the epochs, on a subset",
//		"base": "quick",
//		"seeds": 5,
//		"first_seed": 42,
//		"margin_pp": 0.5,
//		"margin_loss": 0.05,
//		"skip": ["imbalance/focal"],
//		"all": {"train": {"epochs": 10}},
//		"suites": {"imbalance": {"data": {"per_class": [500, 50, 50, 50, 50, 50, 50, 50, 50, 50]}}},
//		"experiments": {"skip/plain20": {"optim": {"rate": 0.05}}},
//		"claims": {"skip/resnet20 beats plain20": {"gap": 1}, "skip/plain20 learns": {"drop": true}}
//	}
//
// Overrides are parts of an experiment.Experiment, applied in the order all,
// suites, experiments, those of the base first. A base is the name of a profile
// that the program has, or a file. A field that does not exist, or whose value is
// out of range, is an error with file, line and field.
package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"trainbench/bench/experiment"
)

// Version is the version of the format.
const Version = 1

// maxFile bounds the size of a profile.
const maxFile = 1 << 20

// Profile is a scale, with its bases resolved.
type Profile struct {
	Name      string
	About     string
	Seeds     int     // at least 1
	FirstSeed uint64  // seeds are FirstSeed, FirstSeed+1, ...
	Margin    float64 // of top-1 and macro-F1 in the gate, in percentage points, above 0
	// MarginLoss is that of the loss on the test set (mean cross-entropy), in nats. 0,
	// the default, does not gate it.
	MarginLoss float64

	layers []*file // the outermost base first
}

// ClaimChange is what a profile does to a claim of a suite.
type ClaimChange struct {
	Gap  *float64 `json:"gap,omitempty"`  // replaces the claim's
	Drop bool     `json:"drop,omitempty"` // the claim is not made at this scale
}

// file is one JSON file.
type file struct {
	path  string
	lines map[string]int // of every value, by its path

	Version     int                        `json:"version"`
	Name        string                     `json:"name"`
	About       string                     `json:"about"`
	Base        string                     `json:"base"`
	Seeds       *int                       `json:"seeds"`
	FirstSeed   *uint64                    `json:"first_seed"`
	Margin      *float64                   `json:"margin_pp"`
	MarginLoss  *float64                   `json:"margin_loss"`
	Skip        *[]string                  `json:"skip"` // patterns of path.Match
	All         json.RawMessage            `json:"all"`
	Suites      map[string]json.RawMessage `json:"suites"`
	Experiments map[string]json.RawMessage `json:"experiments"`
	Claims      map[string]ClaimChange     `json:"claims"`
}

// Load reads a profile: one of builtin (NAME.json in that file system), or a
// file whose path ends in ".json".
func Load(name string, builtin fs.FS) (*Profile, error) {
	p := &Profile{Seeds: 3, FirstSeed: 42, Margin: 0.5}
	if err := p.load(name, builtin, nil); err != nil {
		return nil, err
	}
	return p, nil
}

// load puts the layers of name, bases first, behind those of p.
func (p *Profile) load(name string, builtin fs.FS, seen []string) error {
	for _, s := range seen {
		if s == name {
			return fmt.Errorf("profile %s is its own base: %s", name, strings.Join(append(seen, name), " -> "))
		}
	}
	data, where, err := read(name, builtin)
	if err != nil {
		return err
	}
	f, err := parse(data, where)
	if err != nil {
		return err
	}
	if f.Base != "" {
		base := f.Base
		if strings.HasSuffix(base, ".json") && !filepath.IsAbs(base) {
			base = filepath.Join(filepath.Dir(name), base)
		}
		if err := p.load(base, builtin, append(seen, name)); err != nil {
			return fmt.Errorf("%s: base: %w", f.at("base"), err)
		}
	}
	return p.apply(f)
}

// apply puts f on top.
func (p *Profile) apply(f *file) error {
	p.layers = append(p.layers, f)
	p.Name, p.About = f.Name, f.About
	if f.Seeds != nil {
		p.Seeds = *f.Seeds
	}
	if f.FirstSeed != nil {
		p.FirstSeed = *f.FirstSeed
	}
	if f.Margin != nil {
		p.Margin = *f.Margin
	}
	if f.MarginLoss != nil {
		p.MarginLoss = *f.MarginLoss
	}
	switch {
	case f.Name == "" || strings.ContainsAny(f.Name, `/\`) || strings.HasPrefix(f.Name, "."):
		return fmt.Errorf("%s: name is %q: want a name for a folder", f.at("name"), f.Name)
	case p.Seeds < 1 || p.Seeds > 10_000:
		return fmt.Errorf("%s: seeds is %d: want 1 to 10000", f.at("seeds"), p.Seeds)
	case !(p.Margin > 0 && p.Margin < 100):
		return fmt.Errorf("%s: margin_pp is %v: want above 0", f.at("margin_pp"), p.Margin)
	case !(p.MarginLoss >= 0 && p.MarginLoss < 100):
		return fmt.Errorf("%s: margin_loss is %v: want above 0, or 0 to leave the loss alone", f.at("margin_loss"), p.MarginLoss)
	}
	return nil
}

// read returns the content of a profile and its name for messages.
func read(name string, builtin fs.FS) (data []byte, where string, err error) {
	if !strings.HasSuffix(name, ".json") {
		data, err = fs.ReadFile(builtin, name+".json")
		if err != nil {
			return nil, "", fmt.Errorf("profile %q: there is none of that name: want one of %s, or the path of a .json file",
				name, strings.Join(Names(builtin), ", "))
		}
		return data, "profile " + name, nil
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, "", fmt.Errorf("profile: %w", err)
	}
	if info.Size() > maxFile {
		return nil, "", fmt.Errorf("profile %s: %d bytes: at most %d", name, info.Size(), maxFile)
	}
	data, err = os.ReadFile(name)
	return data, name, err
}

// Names returns the profiles of a file system, sorted.
func Names(builtin fs.FS) []string {
	var names []string
	matches, _ := fs.Glob(builtin, "*.json") // the pattern is well formed
	for _, m := range matches {
		names = append(names, strings.TrimSuffix(m, ".json"))
	}
	return names
}

// parse reads one file strictly.
func parse(data []byte, where string) (*file, error) {
	lines, err := linesOf(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", where, err)
	}
	f := &file{path: where, lines: lines}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(f); err != nil {
		return nil, f.explain("", err)
	}
	if f.Version != Version {
		return nil, fmt.Errorf("%s: version is %d: this program reads version %d", f.at("version"), f.Version, Version)
	}
	// An override is tried on the default, so that a slip is found in a profile that
	// is loaded and not hours later.
	var errs []error
	try := func(path string, raw json.RawMessage) {
		e := experiment.Default()
		if raw == nil || len(errs) == maxErrors {
			return
		}
		if err := e.Decode(raw); err != nil {
			errs = append(errs, f.explain(path, err))
		}
	}
	try("all", f.All)
	for name, raw := range f.Suites {
		try(join("suites", name), raw)
	}
	for name, raw := range f.Experiments {
		try(join("experiments", name), raw)
	}
	return f, errors.Join(errs...)
}

// maxErrors is how many slips are explained: each is looked for in all of the file.
const maxErrors = 20

// Experiment returns e as the profile has it, validated.
func (p *Profile) Experiment(e experiment.Experiment) (experiment.Experiment, error) {
	e = e.Clone()
	suite, name := e.Suite, e.Name
	for _, f := range p.layers {
		for _, o := range f.overrides(e) {
			if err := e.Decode(o.raw); err != nil {
				return e, f.explain(o.path, err)
			}
		}
	}
	if e.Suite != suite || e.Name != name {
		return e, fmt.Errorf("profile %s: %s/%s: suite and name cannot be overridden", p.Name, suite, name)
	}
	if err := e.Validate(); err != nil {
		return e, fmt.Errorf("%s in profile %s:\n%w", e.ID(), p.Name, p.locate(e, err))
	}
	return e, nil
}

// override is a part of a file that applies to an experiment.
type override struct {
	path string
	raw  json.RawMessage
}

// overrides returns what f says of e, in the order of application.
func (f *file) overrides(e experiment.Experiment) []override {
	var out []override
	for _, o := range []override{
		{"all", f.All},
		{join("suites", e.Suite), f.Suites[e.Suite]},
		{join("experiments", e.ID()), f.Experiments[e.ID()]},
	} {
		if o.raw != nil {
			out = append(out, o)
		}
	}
	return out
}

// Skips reports whether the profile leaves an experiment out.
func (p *Profile) Skips(id string) (bool, error) {
	skip := false
	for _, f := range p.layers {
		if f.Skip == nil {
			continue
		}
		skip = false // a list replaces the base's
		for _, pattern := range *f.Skip {
			ok, err := path.Match(pattern, id)
			if err != nil {
				return false, fmt.Errorf("%s: %q: %w", f.at("skip"), pattern, err)
			}
			skip = skip || ok
		}
	}
	return skip, nil
}

// Claim returns what the profile does to a claim, named "suite/text".
func (p *Profile) Claim(name string) ClaimChange {
	var change ClaimChange
	for _, f := range p.layers {
		if c, ok := f.Claims[name]; ok {
			change = c
		}
	}
	return change
}

// Check returns an error if the profile speaks of an experiment or a claim that a
// suite does not have.
func (p *Profile) Check(suite string, experiments, claims []string) error {
	known := map[string]bool{}
	for _, e := range experiments {
		known[join("experiments", suite+"/"+e)] = true
	}
	for _, c := range claims {
		known[join("claims", suite+"/"+c)] = true
	}
	for _, f := range p.layers {
		var said []string
		for id := range f.Experiments {
			said = append(said, join("experiments", id))
		}
		for id := range f.Claims {
			said = append(said, join("claims", id))
		}
		for _, s := range said {
			if _, id, _ := strings.Cut(s, "\x00"); strings.HasPrefix(id, suite+"/") && !known[s] {
				return fmt.Errorf("%s: %s: the suite has the experiments %s and the claims %q",
					f.at(s), strings.ReplaceAll(s, "\x00", "."), strings.Join(experiments, ", "), claims)
			}
		}
	}
	return nil
}
