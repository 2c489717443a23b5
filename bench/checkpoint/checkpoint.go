// Package checkpoint keeps the state of an interrupted training in a file.
//
// The file is whole or absent, its content is checksummed, and the one before it
// is kept: a file that is damaged is never half used. A checkpoint belongs to one
// [Identity]; that of another training is refused by name.
package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"

	"trainbench/bench/atomicfile"
	"trainbench/bench/train"
)

const (
	magic      = "trainbench checkpoint\n"
	version    = 1
	maxFile    = 1 << 32
	headerSize = len(magic) + 4
)

// Identity is what must be equal for a training to go on from a checkpoint.
type Identity struct {
	Experiment   string `json:"experiment"` // "suite/name"
	ConfigSHA256 string `json:"config_sha256"`
	Seed         uint64 `json:"seed"`
	Data         string `json:"data"`        // hash of the dataset
	Subset       string `json:"subset"`      // hash of the indices
	Environment  string `json:"environment"` // record.Env.Fingerprint
	Code         string `json:"code"`        // hash of the program
}

// differs tells the first thing in which two identities differ, empty if none.
func (id Identity) differs(other Identity) string {
	for _, d := range []struct{ what, a, b string }{
		{"experiment", id.Experiment, other.Experiment},
		{"config", id.ConfigSHA256, other.ConfigSHA256},
		{"seed", fmt.Sprint(id.Seed), fmt.Sprint(other.Seed)},
		{"dataset", id.Data, other.Data},
		{"choice of images", id.Subset, other.Subset},
		{"backend, device or versions", id.Environment, other.Environment},
		{"build of the program", id.Code, other.Code},
	} {
		if d.a != d.b {
			return fmt.Sprintf("another %s (%.12s, now %.12s)", d.what, d.b, d.a)
		}
	}
	return ""
}

// header is the JSON part of a file; the arrays follow it.
type header struct {
	Version  int         `json:"version"`
	Identity Identity    `json:"identity"`
	Machines []string    `json:"machines,omitempty"` // see File
	State    train.State `json:"state"`
	Params   int         `json:"params"` // lengths of the arrays
	Stats    int         `json:"stats"`
}

// Encode returns the file form of a state that was made on machines: magic, length
// of the header, header, parameters, velocities and statistics as little-endian
// 32-bit floats, SHA-256 of all that.
func Encode(id Identity, machines []string, s *train.State) ([]byte, error) {
	h, err := json.Marshal(header{Version: version, Identity: id, Machines: machines, State: *s, Params: len(s.Params), Stats: len(s.Stats)})
	if err != nil {
		return nil, fmt.Errorf("checkpoint of %s: %w", id.Experiment, err)
	}
	buf := bytes.NewBufferString(magic)
	buf.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(h))))
	buf.Write(h)
	for _, array := range [][]float32{s.Params, s.Velocity, s.Stats} {
		for _, v := range array {
			buf.Write(binary.LittleEndian.AppendUint32(buf.AvailableBuffer(), math.Float32bits(v)))
		}
	}
	sum := sha256.Sum256(buf.Bytes())
	return append(buf.Bytes(), sum[:]...), nil
}

// Decode reads the file form, and returns what was given to Encode. Memory is taken
// in proportion to the data.
func Decode(data []byte) (Identity, []string, *train.State, error) {
	if len(data) < headerSize+sha256.Size || string(data[:len(magic)]) != magic {
		return Identity{}, nil, nil, fmt.Errorf("not a checkpoint, or cut off after %d bytes", len(data))
	}
	body, sum := data[:len(data)-sha256.Size], data[len(data)-sha256.Size:]
	if got := sha256.Sum256(body); !bytes.Equal(got[:], sum) {
		return Identity{}, nil, nil, errors.New("the checksum does not match: the file is damaged")
	}
	length := int(binary.LittleEndian.Uint32(body[len(magic):headerSize]))
	if length > len(body)-headerSize {
		return Identity{}, nil, nil, fmt.Errorf("a header of %d bytes in a file of %d", length, len(data))
	}
	var h header
	dec := json.NewDecoder(bytes.NewReader(body[headerSize : headerSize+length]))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&h); err != nil {
		return Identity{}, nil, nil, fmt.Errorf("header: %w", err)
	}
	if h.Version != version {
		return Identity{}, nil, nil, fmt.Errorf("version %d: this program reads version %d", h.Version, version)
	}
	rest := body[headerSize+length:]
	if h.Params < 0 || h.Stats < 0 || h.Params > len(rest) || h.Stats > len(rest) || len(rest) != 4*(2*h.Params+h.Stats) {
		return Identity{}, nil, nil, fmt.Errorf("%d bytes of arrays for %d parameters and %d statistics", len(rest), h.Params, h.Stats)
	}
	take := func(n int) []float32 {
		out := make([]float32, n)
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(rest[4*i:]))
		}
		rest = rest[4*n:]
		return out
	}
	s := h.State
	s.Params, s.Velocity, s.Stats = take(h.Params), take(h.Params), take(h.Stats)
	return h.Identity, h.Machines, &s, nil
}

// File is where the checkpoints of one training are kept: Path, and Path.old for
// the one before.
type File struct {
	Path string
	ID   Identity
	// Machine is where the training goes on, in words. Machines are those of before,
	// if they are others: filled in by Load, and handed on by Save.
	Machine  string
	Machines []string
}

func (f File) old() string { return f.Path + ".old" }

// Save stores a state.
func (f File) Save(s *train.State) error {
	data, err := Encode(f.ID, append(slices.Clone(f.Machines), f.Machine), s)
	if err != nil {
		return err
	}
	if err := os.Rename(f.Path, f.old()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.Write(f.Path, data)
}

// Load returns the last state that can be used, nil if there is none, and says
// why those that it passed over cannot be.
func (f *File) Load() (s *train.State, problems []error) {
	for _, path := range []string{f.Path, f.old()} {
		s, err := f.read(path)
		if err == nil {
			return s, problems
		}
		if !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, fmt.Errorf("checkpoint %s is not used: %w", path, err))
		}
	}
	return nil, problems
}

func (f *File) read(path string) (*train.State, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%d bytes: at most %d", info.Size(), int64(maxFile))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	id, machines, s, err := Decode(data)
	if err != nil {
		return nil, err
	}
	if d := f.ID.differs(id); d != "" {
		return nil, errors.New("it is of " + d)
	}
	f.Machines = slices.DeleteFunc(machines, func(m string) bool { return m == f.Machine })
	return s, nil
}

// Remove removes the files, once the training is done.
func (f File) Remove() error {
	var errs []error
	for _, path := range []string{f.Path, f.old()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
