package experiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
)

// Canonical returns the recipe as JSON in one stable form: fields in the order of
// the structs, no names (Suite and Name are empty) and no folders of files.
func (e Experiment) Canonical() []byte {
	b, err := json.Marshal(e.anonymous())
	if err != nil {
		// Structs of numbers, strings and slices: only a NaN or an infinity cannot be
		// written, and Validate refuses those.
		return fmt.Appendf(nil, "%#v", e.anonymous())
	}
	return b
}

// SHA256 returns the hash of [Experiment.Canonical] in hex.
func (e Experiment) SHA256() string {
	sum := sha256.Sum256(e.Canonical())
	return hex.EncodeToString(sum[:])
}

func (e Experiment) anonymous() Experiment {
	e = e.Clone()
	e.Suite, e.Name = "", ""
	if s := e.Model.Source; s != nil {
		if s.File != "" {
			s.File = filepath.Base(s.File)
		}
		if s.Experiment != nil {
			inner := s.Experiment.anonymous()
			s.Experiment = &inner
		}
	}
	return e
}

// Clone returns a copy that shares no memory with e.
func (e Experiment) Clone() Experiment {
	e.Data.Classes = slices.Clone(e.Data.Classes)
	e.Data.PerClass = slices.Clone(e.Data.PerClass)
	e.Data.Mean = slices.Clone(e.Data.Mean)
	e.Data.Std = slices.Clone(e.Data.Std)
	e.Optim.Drops = slices.Clone(e.Optim.Drops)
	e.Model.Args = maps.Clone(e.Model.Args)
	if e.Model.Source != nil {
		s := *e.Model.Source
		if s.Experiment != nil {
			inner := s.Experiment.Clone()
			s.Experiment = &inner
		}
		e.Model.Source = &s
	}
	return e
}

// Decode overrides fields of e with those that the JSON object data names; the
// others keep their values. A field that does not exist is an error.
func (e *Experiment) Decode(data []byte) error {
	next := e.Clone()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&next); err != nil {
		return err
	}
	*e = next
	return nil
}
