package weights

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// metadataKey is the key of a safetensors header that names no array.
const metadataKey = "__metadata__"

// A header entry is what a safetensors header says of an array. The offsets are
// of its first byte and of the one after its last, from the end of the header.
type headerEntry struct {
	DType   DType   `json:"dtype"`
	Shape   []int64 `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// A span is where the data of an array lies.
type span struct {
	name       string
	begin, end int64
}

// readSafetensors reads the format of github.com/huggingface/safetensors: the
// length of the header, the header in JSON, and the numbers of all arrays
// without gaps.
func readSafetensors(data []byte, lim Limits, b *budget) (*Set, error) {
	size := binary.LittleEndian.Uint64(data)
	if left := uint64(len(data) - 8); size > left {
		return nil, fmt.Errorf("byte 0: a header of %d bytes where %d follow; %s", size, left, again)
	}
	if size > uint64(lim.HeaderBytes) {
		return nil, fmt.Errorf("byte 0: a header of %d bytes, more than the limit of %d; read with larger Limits", size, lim.HeaderBytes)
	}
	header := data[8 : 8+size]
	if !utf8.Valid(header) { // which encoding/json would repair
		return nil, fmt.Errorf("byte 8: the header is not UTF-8; %s", again)
	}
	r := &safetensorsReader{set: &Set{Format: "safetensors"}, start: 8 + int64(size), data: data[8+size:], budget: b}
	dec := json.NewDecoder(bytes.NewReader(header))
	dec.DisallowUnknownFields()
	if err := r.header(dec); err != nil {
		return nil, fmt.Errorf("byte %d: header: %w", 8+dec.InputOffset(), err)
	}
	if err := r.covered(); err != nil {
		return nil, err
	}
	return r.set, nil
}

type safetensorsReader struct {
	set    *Set
	start  int64  // of data, in the file
	data   []byte // what follows the header
	spans  []span
	budget *budget
}

// header reads the header and the arrays that it names.
func (r *safetensorsReader) header(dec *json.Decoder) error {
	if _, err := dec.Token(); err != nil { // the brace was seen
		return damaged(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return damaged(err)
		}
		name := key.(string) // as all keys are
		if name != metadataKey {
			err = r.array(name, dec)
		} else if err = dec.Decode(&r.set.Metadata); err != nil {
			err = damaged(err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", clip(name), err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return damaged(err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return damaged(errors.New("something follows the last brace"))
	}
	return nil
}

// array reads a header entry, and the array.
func (r *safetensorsReader) array(name string, dec *json.Decoder) error {
	var e headerEntry
	if err := dec.Decode(&e); err != nil {
		return damaged(err)
	}
	if e.DType.Size() == 0 {
		return fmt.Errorf("type %s is not read, only F64, F32, F16, BF16, I64, I32, I16, I8, U8 and BOOL; convert it in Python", clip(string(e.DType)))
	}
	if e.Shape == nil || len(e.Offsets) != 2 {
		return damaged(errors.New("no shape, or not two data_offsets"))
	}
	begin, end := e.Offsets[0], e.Offsets[1]
	if begin < 0 || end < begin || end > int64(len(r.data)) {
		return fmt.Errorf("data_offsets %d are not in the %d bytes that follow the header; %s", e.Offsets, len(r.data), again)
	}
	v := contiguous(e.DType, e.Shape)
	n, err := v.count()
	if err != nil {
		return err
	}
	if size := int64(e.DType.Size()); (end-begin)%size != 0 || n != (end-begin)/size {
		return fmt.Errorf("shape %d of %s does not fill data_offsets %d; %s", e.Shape, e.DType, e.Offsets, again)
	}
	a, err := v.array(name, r.data[begin:end], r.budget)
	if err != nil {
		return err
	}
	r.set.Arrays = append(r.set.Arrays, a)
	r.spans = append(r.spans, span{name, begin, end})
	return nil
}

// covered checks that the arrays share no bytes and leave none out, as the
// format demands.
func (r *safetensorsReader) covered() error {
	slices.SortFunc(r.spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := int64(0)
	for _, s := range r.spans {
		if s.begin != at {
			return fmt.Errorf("byte %d: the data of %s begins here, and that before it ends at byte %d; %s", r.start+s.begin, clip(s.name), r.start+at, again)
		}
		at = s.end
	}
	if left := int64(len(r.data)) - at; left != 0 {
		return fmt.Errorf("byte %d: the last %d bytes are no array's; %s", r.start+at, left, again)
	}
	return nil
}

// damaged says what to do about a header that is not what the format wants.
func damaged(err error) error {
	if err == io.EOF { // never due where this is called
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w; %s", err, again)
}

// WriteSafetensors writes the arrays in the safetensors format: those of float
// types as F32, those of integer types as I64. The header has the metadata,
// which may be nil, by key, and then the arrays in the given order; of the data
// the 8-byte numbers come first, so that every number lies on a multiple of its
// size. Equal arguments give equal bytes.
//
// It is an error, and nothing is written, if two arrays have the same name, a
// name is "__metadata__", a text is not UTF-8, a type is unknown, or a shape does not
// have as many numbers as there are.
func WriteSafetensors(w io.Writer, arrays []Array, metadata map[string]string) error {
	header, err := safetensorsHeader(arrays, metadata)
	if err != nil {
		return fmt.Errorf("weights: writing safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return fmt.Errorf("weights: writing safetensors: %w", err)
	}
	for _, float := range []bool{false, true} {
		for _, a := range arrays {
			if a.DType.Float() != float {
				continue
			}
			if _, err := w.Write(a.encode()); err != nil {
				return fmt.Errorf("weights: writing safetensors: array %s: %w", clip(a.Name), err)
			}
		}
	}
	return nil
}

// encode returns the numbers as the file has them.
func (a Array) encode() []byte {
	raw := make([]byte, 0, 8*len(a.Int64)+4*len(a.Float32))
	for _, x := range a.Int64 {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
	}
	for _, x := range a.Float32 {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	return raw
}

// safetensorsHeader returns the header with its length in front.
func safetensorsHeader(arrays []Array, metadata map[string]string) ([]byte, error) {
	var fields []string
	if metadata != nil {
		m, err := quoteMap(metadata)
		if err != nil {
			return nil, err
		}
		fields = append(fields, quote(metadataKey)+":"+m)
	}
	ints, floats := int64(0), int64(0) // where the next array of each kind begins
	seen := map[string]bool{metadataKey: true}
	for _, a := range arrays {
		if !a.DType.Float() {
			floats += int64(len(a.Int64)) * 8
		}
		if seen[a.Name] || !utf8.ValidString(a.Name) {
			return nil, fmt.Errorf("an array cannot be named %s (again)", clip(a.Name))
		}
		seen[a.Name] = true
	}
	for _, a := range arrays {
		dtype, next, size, n := I64, &ints, 8, len(a.Int64)
		if a.DType.Float() {
			dtype, next, size, n = F32, &floats, 4, len(a.Float32)
		}
		if err := a.check(); err != nil {
			return nil, err
		}
		begin := *next
		*next += int64(n * size)
		shape, err := json.Marshal(append([]int{}, a.Shape...))
		if err != nil {
			return nil, err
		}
		fields = append(fields, fmt.Sprintf(`%s:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, quote(a.Name), dtype, shape, begin, *next))
	}
	header := "{" + strings.Join(fields, ",") + "}"
	header += strings.Repeat(" ", -len(header)&7) // the data begins on a multiple of 8
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), nil
}

// check reports what is wrong with an array that is to be written.
func (a Array) check() error {
	if a.DType.Size() == 0 {
		return fmt.Errorf("array %s has the unknown type %s", clip(a.Name), clip(string(a.DType)))
	}
	shape := make([]int64, len(a.Shape))
	for i, s := range a.Shape {
		shape[i] = int64(s)
	}
	n, err := contiguous(a.DType, shape).count()
	if err != nil {
		return fmt.Errorf("array %s: %w", clip(a.Name), err)
	}
	have, other := len(a.Float32), len(a.Int64)
	if !a.DType.Float() {
		have, other = other, have
	}
	if n != int64(have) || other != 0 {
		return fmt.Errorf("array %s of %s and shape %d has %d float32 and %d int64 numbers", clip(a.Name), a.DType, a.Shape, len(a.Float32), len(a.Int64))
	}
	return nil
}

// quote returns s as a JSON string that has no other escapes than it needs.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(s) // a string has no error
	return strings.TrimSuffix(b.String(), "\n")
}

// quoteMap returns m as a JSON object, by key.
func quoteMap(m map[string]string) (string, error) {
	var fields []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if !utf8.ValidString(k) || !utf8.ValidString(m[k]) {
			return "", fmt.Errorf("metadata %s is not UTF-8", clip(k))
		}
		fields = append(fields, quote(k)+":"+quote(m[k]))
	}
	return "{" + strings.Join(fields, ",") + "}", nil
}
