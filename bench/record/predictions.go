package record

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
)

// maxPredictions bounds the memory that a record can ask for.
const maxPredictions = 1 << 24

// Predictions are the labels and predicted classes of the test set, in its order.
type Predictions struct {
	Classes int `json:"classes"`
	Count   int `json:"count"`
	// Labels and Predicted are Count little-endian 16-bit class numbers each, in
	// zlib's format.
	Labels    []byte `json:"labels"`
	Predicted []byte `json:"predicted"`
	// SHA256 is of the predicted classes before compression: equal hashes are equal
	// predictions.
	SHA256 string `json:"sha256"`
}

// NewPredictions packs labels and predictions of equal length, with classes in
// [0, classes) and at most 65,536 classes.
func NewPredictions(classes int, labels, predicted []int32) (*Predictions, error) {
	if len(labels) != len(predicted) || len(labels) > maxPredictions || classes > 1<<16 {
		return nil, fmt.Errorf("record: %d labels, %d predictions, %d classes: cannot be kept", len(labels), len(predicted), classes)
	}
	p := &Predictions{Classes: classes, Count: len(labels)}
	var err error
	if p.Labels, _, err = pack(labels, classes); err != nil {
		return nil, err
	}
	if p.Predicted, p.SHA256, err = pack(predicted, classes); err != nil {
		return nil, err
	}
	return p, nil
}

// Unpack returns labels and predicted classes, or an error if they are damaged.
func (p *Predictions) Unpack() (labels, predicted []int32, err error) {
	if p.Count < 0 || p.Count > maxPredictions || p.Classes < 1 || p.Classes > 1<<16 {
		return nil, nil, fmt.Errorf("record: %d predictions of %d classes: out of range", p.Count, p.Classes)
	}
	if labels, _, err = unpack(p.Labels, p.Count, p.Classes); err != nil {
		return nil, nil, fmt.Errorf("record: labels: %w", err)
	}
	predicted, sum, err := unpack(p.Predicted, p.Count, p.Classes)
	if err != nil {
		return nil, nil, fmt.Errorf("record: predictions: %w", err)
	}
	if sum != p.SHA256 {
		return nil, nil, fmt.Errorf("record: predictions hash to %s, and the record says %s", sum, p.SHA256)
	}
	return labels, predicted, nil
}

func pack(values []int32, classes int) (packed []byte, sum string, err error) {
	raw := make([]byte, 2*len(values))
	for i, v := range values {
		if v < 0 || int(v) >= classes {
			return nil, "", fmt.Errorf("record: class %d of image %d is not in [0, %d)", v, i, classes)
		}
		binary.LittleEndian.PutUint16(raw[2*i:], uint16(v))
	}
	var buf bytes.Buffer
	z, err := zlib.NewWriterLevel(&buf, zlib.BestCompression)
	if err != nil {
		return nil, "", err
	}
	if _, err := z.Write(raw); err != nil {
		return nil, "", err
	}
	if err := z.Close(); err != nil {
		return nil, "", err
	}
	h := sha256.Sum256(raw)
	return buf.Bytes(), hex.EncodeToString(h[:]), nil
}

func unpack(packed []byte, count, classes int) (values []int32, sum string, err error) {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, "", err
	}
	// One byte more than declared tells a longer stream, and no bomb is unpacked.
	raw, err := io.ReadAll(io.LimitReader(z, int64(2*count)+1))
	if err != nil {
		return nil, "", err
	}
	if len(raw) != 2*count {
		return nil, "", fmt.Errorf("%d or more bytes, want %d", len(raw), 2*count)
	}
	values = make([]int32, count)
	for i := range values {
		v := binary.LittleEndian.Uint16(raw[2*i:])
		if int(v) >= classes {
			return nil, "", fmt.Errorf("class %d of image %d is not in [0, %d)", v, i, classes)
		}
		values[i] = int32(v)
	}
	h := sha256.Sum256(raw)
	return values, hex.EncodeToString(h[:]), nil
}
