package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"trainbench/bench/experiment"
)

// Paths of values join the keys that lead to them by a zero byte, because keys
// may hold dots and slashes.
func join(keys ...string) string { return strings.Join(keys, "\x00") }

// maxDepth bounds the memory that paths take; no profile is half as deep.
const maxDepth = 20

// linesOf returns the line of every key of a JSON object, by its path.
func linesOf(data []byte) (map[string]int, error) {
	lines := map[string]int{}
	dec := json.NewDecoder(bytes.NewReader(data))
	last, counted := 1, int64(0)
	line := func() int {
		last += bytes.Count(data[counted:dec.InputOffset()], []byte("\n"))
		counted = dec.InputOffset()
		return last
	}
	var value func(path string, depth int) error
	value = func(path string, depth int) error {
		if depth > maxDepth {
			return fmt.Errorf("nested deeper than %d", maxDepth)
		}
		token, err := dec.Token()
		if err != nil {
			return err
		}
		open, ok := token.(json.Delim)
		if !ok {
			return nil
		}
		for dec.More() {
			inner := path
			if open == '{' {
				key, err := dec.Token()
				if err != nil {
					return err
				}
				if inner = key.(string); path != "" {
					inner = join(path, inner)
				}
				if _, twice := lines[inner]; twice {
					return fmt.Errorf("%d: %s is there twice", line(), readable(inner))
				}
				lines[inner] = line()
			}
			if err := value(inner, depth+1); err != nil {
				return err
			}
		}
		_, err = dec.Token() // the closing one
		return err
	}
	err := value("", 0)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return lines, nil
		}
		err = errors.New("more after the end of the object")
	}
	if strings.HasSuffix(err.Error(), "is there twice") {
		return nil, err
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("%d: %w", line(), err)
}

func readable(path string) string { return strings.ReplaceAll(path, "\x00", ".") }

// at returns "file:line" of a value, as exact as it is known.
func (f *file) at(path string) string {
	for path != "" {
		if line, ok := f.lines[path]; ok {
			return fmt.Sprintf("%s:%d", f.path, line)
		}
		i := strings.LastIndexByte(path, 0)
		path = path[:max(i, 0)]
	}
	return f.path
}

var unknownField = regexp.MustCompile(`^json: unknown field "(.*)"$`)

// explain adds file, line and field to an error of decoding the value at path.
func (f *file) explain(path string, err error) error {
	if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		// The error names only the last key. The first value of that key is it, but
		// for keys that are right elsewhere.
		for known, line := range f.lines {
			if strings.HasPrefix(known, path) && (known == m[1] || strings.HasSuffix(known, "\x00"+m[1])) {
				return fmt.Errorf("%s:%d: there is no field %s", f.path, line, readable(known))
			}
		}
		return fmt.Errorf("%s: there is no field %s", f.at(path), m[1])
	}
	var te *json.UnmarshalTypeError
	if errors.As(err, &te) {
		full := te.Field
		if path != "" {
			full = readable(path) + "." + te.Field
		}
		keys := strings.Split(te.Field, ".")
		if path != "" {
			keys = append([]string{path}, keys...)
		}
		return fmt.Errorf("%s: %s is a %s: want %s", f.at(join(keys...)), full, te.Value, te.Type)
	}
	return fmt.Errorf("%s: %w", f.at(path), err)
}

// locate adds to every FieldError of err where the profile sets that field.
func (p *Profile) locate(e experiment.Experiment, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err
	}
	var out []error
	for _, err := range joined.Unwrap() {
		var fe *experiment.FieldError
		if errors.As(err, &fe) {
			err = fmt.Errorf("%s%w", p.where(e, strings.Split(fe.Field, ".")), err)
		}
		out = append(out, err)
	}
	return errors.Join(out...)
}

// where returns "file:line: " of the override that sets a field last, or nothing
// if none does.
func (p *Profile) where(e experiment.Experiment, field []string) string {
	for i := len(p.layers) - 1; i >= 0; i-- {
		f := p.layers[i]
		overrides := f.overrides(e)
		for j := len(overrides) - 1; j >= 0; j-- {
			path := join(append([]string{overrides[j].path}, field...)...)
			if line, ok := f.lines[path]; ok {
				return fmt.Sprintf("%s:%d: ", f.path, line)
			}
		}
	}
	return ""
}
