package record

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"slices"
	"strings"

	"trainbench/bench/atomicfile"
	"trainbench/bench/metrics"
)

// MaxConfig bounds the bytes of a record's configuration, which its readers take
// apart.
const MaxConfig = 1 << 20

// maxFile bounds the size of a file that is read.
const maxFile = 1 << 30

// Encode returns the file form of r: JSON with a line for every sample, and a
// checksum at the end. It sorts samples by seed and sets Version, ConfigSHA256
// and SHA256.
func (r *Record) Encode() ([]byte, error) {
	r.Version = Version
	var config bytes.Buffer
	if err := json.Compact(&config, r.Config); err != nil {
		return nil, fmt.Errorf("record %s: config: %w", r.ID(), err)
	}
	r.Config = config.Bytes()
	r.ConfigSHA256 = hashHex(r.Config)
	slices.SortFunc(r.Samples, func(a, b Sample) int { return cmp.Compare(a.Seed, b.Seed) })
	if err := r.check(); err != nil {
		return nil, err
	}
	return r.encode()
}

func (r *Record) encode() ([]byte, error) {
	body, err := r.body()
	if err != nil {
		return nil, err
	}
	r.SHA256 = hashHex(body)
	return fmt.Appendf(body, "\"sha256\": %q\n}\n", r.SHA256), nil
}

// body is the file up to its checksum.
func (r *Record) body() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteString("{\n")
	field := func(name string, value any) error {
		b, err := json.Marshal(value)
		if err != nil {
			return fmt.Errorf("record %s: %s: %w", r.ID(), name, err)
		}
		fmt.Fprintf(&buf, "%q: %s,\n", name, b)
		return nil
	}
	err := errors.Join(
		field("version", r.Version),
		field("profile", r.Profile),
		field("suite", r.Suite),
		field("experiment", r.Experiment),
		field("config", r.Config),
		field("config_sha256", r.ConfigSHA256),
	)
	if len(r.Notes) > 0 {
		err = errors.Join(err, field("notes", r.Notes))
	}
	if r.Accepted != nil {
		err = errors.Join(err, field("accepted", r.Accepted))
	}
	buf.WriteString("\"samples\": [")
	for i, s := range r.Samples {
		b, serr := json.Marshal(s)
		err = errors.Join(err, serr)
		if i > 0 {
			buf.WriteByte(',')
		}
		buf.WriteByte('\n')
		buf.Write(b)
	}
	buf.WriteString("\n],\n")
	return buf.Bytes(), err
}

// Decode reads the file form. It returns an error if anything in it is damaged,
// edited, of another version, or does not agree with the stored predictions.
func Decode(data []byte) (*Record, error) {
	var version struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("not a record: %w", syntaxAt(data, err))
	}
	if version.Version != Version {
		return nil, fmt.Errorf("record of version %d: this program reads version %d", version.Version, Version)
	}
	r := new(Record)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(r); err != nil {
		return nil, fmt.Errorf("not a record: %w", syntaxAt(data, err))
	}
	claimed := r.SHA256
	canonical, err := r.encode()
	if err != nil {
		return nil, err
	}
	if claimed != r.SHA256 || !bytes.Equal(canonical, data) {
		return nil, fmt.Errorf("the checksum does not match: the file is damaged or was edited by hand (checksum %s, content %s); "+
			"restore it, or remove it and train, or accept, it again", short(claimed), short(r.SHA256))
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// check tells what is wrong with the content of a record.
func (r *Record) check() error {
	if len(r.Config) > MaxConfig {
		return fmt.Errorf("record %s: a config of %d bytes: at most %d", r.ID(), len(r.Config), MaxConfig)
	}
	if r.ConfigSHA256 != hashHex(r.Config) {
		return fmt.Errorf("record %s: the config does not hash to config_sha256", r.ID())
	}
	for _, name := range []string{r.Suite, r.Experiment} {
		if !plain(name) {
			return fmt.Errorf("record %s: %q cannot be the name of a suite or an experiment", r.ID(), name)
		}
	}
	for i, s := range r.Samples {
		if i > 0 && s.Seed <= r.Samples[i-1].Seed {
			return fmt.Errorf("record %s: seed %d is there twice or out of order", r.ID(), s.Seed)
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("record %s, seed %d: %w", r.ID(), s.Seed, err)
		}
	}
	return nil
}

// plain reports whether a name can be that of a file and stays in its folder.
func plain(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, `/\`)
}

// check recomputes what can be recomputed.
func (s *Sample) check() error {
	switch s.Status {
	case OK:
		if len(s.Metrics) == 0 {
			return errors.New("no metrics")
		}
	case Diverged, Failed:
		if len(s.Metrics) > 0 {
			return fmt.Errorf("metrics in a sample that %s", s.Status)
		}
	default:
		return fmt.Errorf("status %q is none of ok, diverged, failed", s.Status)
	}
	for name, v := range s.Metrics {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s is %v", name, v)
		}
	}
	if s.Predictions == nil {
		return nil
	}
	c, err := s.Confusion()
	if err != nil {
		return err
	}
	for name, want := range map[string]float64{Top1: 100 * c.Top1(), F1: 100 * c.MacroF1()} {
		if got, ok := s.Metrics[name]; ok && math.Abs(got-want) > 1e-9 {
			return fmt.Errorf("%s is %v, and the stored predictions give %v", name, got, want)
		}
	}
	return nil
}

// Confusion counts the stored predictions. It returns an error if there are none.
func (s *Sample) Confusion() (*metrics.Confusion, error) {
	if s.Predictions == nil {
		return nil, fmt.Errorf("record: seed %d has no predictions", s.Seed)
	}
	labels, predicted, err := s.Predictions.Unpack()
	if err != nil {
		return nil, err
	}
	c := metrics.NewConfusion(s.Predictions.Classes)
	return c, c.Add(labels, predicted)
}

// Write stores r at path, whole or not at all.
func (r *Record) Write(path string) error {
	data, err := r.Encode()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

// Read reads the record at path.
func Read(path string) (*Record, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	r, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxFile)
	}
	return data, nil
}

// syntaxAt adds the line to an error of package json.
func syntaxAt(data []byte, err error) error {
	offset := int64(-1)
	var se *json.SyntaxError
	var te *json.UnmarshalTypeError
	switch {
	case errors.As(err, &se):
		offset = se.Offset
	case errors.As(err, &te):
		offset = te.Offset
	}
	if offset < 0 || offset > int64(len(data)) {
		return err
	}
	return fmt.Errorf("line %d, byte %d: %w", 1+bytes.Count(data[:offset], []byte("\n")), offset, err)
}

func hashHex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func short(sum string) string {
	if len(sum) > 12 {
		return sum[:12]
	}
	return sum
}
