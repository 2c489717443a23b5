package weights

import (
	"encoding/binary"
	"math"
)

// A DType is a type of numbers in a file, named as in safetensors.
type DType string

// The types that are read. F32 and I64 are also written.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"  // IEEE 754 binary16
	BF16 DType = "BF16" // the upper half of a float32
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U8   DType = "U8"
	Bool DType = "BOOL" // a byte each
)

// Size returns how many bytes a number takes in a file, 0 for an unknown type.
func (t DType) Size() int {
	switch t {
	case F64, I64:
		return 8
	case F32, I32:
		return 4
	case F16, BF16, I16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// Float reports whether arrays of the type have their numbers in Float32.
func (t DType) Float() bool {
	switch t {
	case F64, F32, F16, BF16:
		return true
	}
	return false
}

// memory returns how many bytes a number takes in an Array.
func (t DType) memory() int64 {
	if t.Float() {
		return 4
	}
	return 8
}

// float decodes the little-endian number that b begins with.
func (t DType) float(b []byte) float32 {
	switch t {
	case F64:
		return float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
	case F16:
		return halfToFloat(binary.LittleEndian.Uint16(b))
	case BF16:
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
	default: // F32
		return math.Float32frombits(binary.LittleEndian.Uint32(b))
	}
}

// int decodes the little-endian number that b begins with.
func (t DType) int(b []byte) int64 {
	switch t {
	case I32:
		return int64(int32(binary.LittleEndian.Uint32(b)))
	case I16:
		return int64(int16(binary.LittleEndian.Uint16(b)))
	case I8:
		return int64(int8(b[0]))
	case U8:
		return int64(b[0])
	case Bool:
		if b[0] != 0 {
			return 1
		}
		return 0
	default: // I64
		return int64(binary.LittleEndian.Uint64(b))
	}
}

// halfToFloat widens an IEEE 754 binary16.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exponent, fraction := uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch exponent {
	case 0: // zero or subnormal: a multiple of 2^-24
		f := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f: // infinity or NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}
