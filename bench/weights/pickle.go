package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// The values of pickles beside nil, bool, int64, float64 and string.
type (
	tuple      []any
	list       struct{ items []any }
	dict       struct{ entries []entry } // also an OrderedDict; in order of insertion, keys may recur
	entry      struct{ key, value any }
	bytesValue []byte // a bytes object, or an int beyond 64 bits: the file's bytes
)

// An unpickler is a stack machine for one pickle, as CPython's pickletools
// describes it. It has what torch.save writes with protocols 2 to 5, and neither
// the opcodes that make instances of classes nor those of protocols 0 and 1.
// Its memory is bounded by the pickle's size: an opcode pushes one value, and
// nothing takes a length on trust.
type unpickler struct {
	file     []byte // whole, so that positions are the file's
	pos, end int    // the next byte, and where the pickle must have ended
	limit    string // what end is and what to do about it, for the error of passing it
	at       int    // the opcode being done

	stack    []any
	marks    []int // heights of the stack
	memo     map[uint64]any
	storages map[string]*storage // by key, as persistent ids name them
	err      error               // the first; nothing after it counts
}

// load runs the pickle up to its STOP and returns the value.
func (u *unpickler) load() (any, error) {
	u.memo = make(map[uint64]any)
	for u.err == nil {
		u.at = u.pos
		op := u.byte()
		if op == '.' && u.err == nil {
			v := u.pop()
			return v, u.err
		}
		if u.err == nil && !u.literal(op) && !u.container(op) && !u.remember(op) && !u.object(op) {
			u.fail("pickle opcode %#02x is none that tensors need; %s", op, resave)
		}
	}
	return nil, u.err
}

// fail notes an error at the present opcode, unless there was one.
func (u *unpickler) fail(format string, args ...any) {
	if u.err == nil {
		u.err = fmt.Errorf("byte %d: %w", u.at, fmt.Errorf(format, args...))
	}
}

// take returns the next n bytes, or none after a failure.
func (u *unpickler) take(n uint64) []byte {
	if u.err != nil {
		return nil
	}
	if n > uint64(u.end-u.pos) {
		u.fail("the pickle wants %d bytes, and has %d up to %s", n, u.end-u.pos, u.limit)
		return nil
	}
	b := u.file[u.pos : u.pos+int(n)]
	u.pos += int(n)
	return b
}

func (u *unpickler) byte() byte {
	if b := u.take(1); b != nil {
		return b[0]
	}
	return 0
}

// uint reads a little-endian number of the given number of bytes, at most 8.
func (u *unpickler) uint(bytes uint64) uint64 {
	var wide [8]byte
	copy(wide[:], u.take(bytes))
	return binary.LittleEndian.Uint64(wide[:])
}

// text reads n bytes of UTF-8.
func (u *unpickler) text(n uint64) string {
	b := u.take(n)
	if !utf8.Valid(b) {
		u.fail("a text is not UTF-8; %s", again)
		return ""
	}
	return string(b)
}

// line reads up to a newline.
func (u *unpickler) line() string {
	for i := u.pos; i < u.end; i++ {
		if u.file[i] == '\n' {
			s := u.text(uint64(i - u.pos))
			u.pos++
			return s
		}
	}
	u.take(uint64(u.end-u.pos) + 1) // fails
	return ""
}

func (u *unpickler) push(v any) { u.stack = append(u.stack, v) }

// pop takes the top of the stack, but nothing below the last mark.
func (u *unpickler) pop() any {
	floor := 0
	if len(u.marks) > 0 {
		floor = u.marks[len(u.marks)-1]
	}
	if len(u.stack) == floor {
		u.fail("the pickle takes a value that is not there; %s", again)
		return nil
	}
	v := u.stack[len(u.stack)-1]
	u.stack = u.stack[:len(u.stack)-1]
	return v
}

// popN takes the top n values.
func (u *unpickler) popN(n int) []any {
	values := make([]any, n)
	for i := n - 1; i >= 0; i-- {
		values[i] = u.pop()
	}
	return values
}

// popMark takes what is above the last mark, and the mark.
func (u *unpickler) popMark() []any {
	if len(u.marks) == 0 {
		u.fail("the pickle takes values from a mark that is not there; %s", again)
		return nil
	}
	values := u.popN(len(u.stack) - u.marks[len(u.marks)-1])
	u.marks = u.marks[:len(u.marks)-1]
	return values
}

// literal does the opcodes that push a constant and reports whether op is one.
func (u *unpickler) literal(op byte) bool {
	switch op {
	case 'N': // NONE
		u.push(nil)
	case 0x88, 0x89: // NEWTRUE, NEWFALSE
		u.push(op == 0x88)
	case 'K': // BININT1
		u.push(int64(u.uint(1)))
	case 'M': // BININT2
		u.push(int64(u.uint(2)))
	case 'J': // BININT
		u.push(int64(int32(u.uint(4))))
	case 0x8a: // LONG1
		u.push(long(u.take(u.uint(1))))
	case 'G': // BINFLOAT, the one big-endian number
		var b [8]byte
		copy(b[:], u.take(8))
		u.push(math.Float64frombits(binary.BigEndian.Uint64(b[:])))
	case 'X', 'T': // BINUNICODE and Python 2's BINSTRING
		u.push(u.text(u.uint(4)))
	case 0x8c, 'U': // SHORT_BINUNICODE and Python 2's SHORT_BINSTRING
		u.push(u.text(u.uint(1)))
	case 'B': // BINBYTES
		u.push(bytesValue(u.take(u.uint(4))))
	case 'C': // SHORT_BINBYTES
		u.push(bytesValue(u.take(u.uint(1))))
	default:
		return false
	}
	return true
}

// long returns the int that b is in little-endian two's complement, or b itself
// where it has more than 64 bits.
func long(b []byte) any {
	if len(b) > 8 {
		return bytesValue(b)
	}
	var v uint64
	for i, x := range b {
		v |= uint64(x) << (8 * i)
	}
	unused := 64 - 8*len(b)
	return int64(v<<unused) >> unused
}

// container does the opcodes of tuples, lists and dicts and reports whether op
// is one.
func (u *unpickler) container(op byte) bool {
	switch op {
	case '(': // MARK
		u.marks = append(u.marks, len(u.stack))
	case ')': // EMPTY_TUPLE
		u.push(tuple(nil))
	case 0x85, 0x86, 0x87: // TUPLE1, 2 and 3
		u.push(tuple(u.popN(int(op) - 0x84)))
	case 't': // TUPLE
		u.push(tuple(u.popMark()))
	case ']': // EMPTY_LIST
		u.push(&list{})
	case 'a': // APPEND
		u.extend(u.popN(1))
	case 'e': // APPENDS
		u.extend(u.popMark())
	case '}': // EMPTY_DICT
		u.push(&dict{})
	case 's': // SETITEM
		u.set(u.popN(2))
	case 'u': // SETITEMS
		u.set(u.popMark())
	default:
		return false
	}
	return true
}

// extend appends to the list on top of the stack.
func (u *unpickler) extend(items []any) {
	l, ok := u.pop().(*list)
	if !ok {
		u.fail("the pickle appends to what is no list; %s", resave)
		return
	}
	l.items = append(l.items, items...)
	u.push(l)
}

// set adds keys and values to the dict on top of the stack.
func (u *unpickler) set(items []any) {
	d, ok := u.pop().(*dict)
	if !ok || len(items)%2 != 0 {
		u.fail("the pickle sets an item of what is no dict, or half an item; %s", resave)
		return
	}
	for i := 0; i < len(items); i += 2 {
		d.entries = append(d.entries, entry{items[i], items[i+1]})
	}
	u.push(d)
}

// remember does the opcodes of the memo, by which values occur more than once,
// and reports whether op is one.
func (u *unpickler) remember(op byte) bool {
	switch op {
	case 'q': // BINPUT
		u.put(u.uint(1))
	case 'r': // LONG_BINPUT
		u.put(u.uint(4))
	case 0x94: // MEMOIZE
		u.put(uint64(len(u.memo)))
	case 'h': // BINGET
		u.get(u.uint(1))
	case 'j': // LONG_BINGET
		u.get(u.uint(4))
	default:
		return false
	}
	return true
}

func (u *unpickler) put(i uint64) {
	v := u.pop()
	u.memo[i] = v
	u.push(v)
}

func (u *unpickler) get(i uint64) {
	v, ok := u.memo[i]
	if !ok {
		u.fail("the pickle recalls value %d, which it did not keep; %s", i, again)
	}
	u.push(v)
}
