package weights

import (
	"fmt"
	"math"
)

// A global is the full name of one of the Python globals that tensors need.
type global string

// The globals that are functions or classes to be called. The other ones are
// the storages' classes, of which storageType knows all.
const (
	orderedDict      global = "collections.OrderedDict"
	rebuildTensor    global = "torch._utils._rebuild_tensor" // before PyTorch 0.4
	rebuildTensorV2  global = "torch._utils._rebuild_tensor_v2"
	rebuildParameter global = "torch._utils._rebuild_parameter"
)

// storageType returns the type of a storage's numbers, "" where the global is
// no class of storages.
func storageType(g global) DType {
	switch g {
	case "torch.DoubleStorage":
		return F64
	case "torch.FloatStorage":
		return F32
	case "torch.HalfStorage":
		return F16
	case "torch.BFloat16Storage":
		return BF16
	case "torch.LongStorage":
		return I64
	case "torch.IntStorage":
		return I32
	case "torch.ShortStorage":
		return I16
	case "torch.CharStorage":
		return I8
	case "torch.ByteStorage":
		return U8
	case "torch.BoolStorage":
		return Bool
	}
	return ""
}

// A storage is a run of numbers that tensors are views of.
type storage struct {
	key    string // in the file
	dtype  DType
	length int64  // numbers
	raw    []byte // nil before setRaw
}

// A tensor is a view of a storage, as the pickle has it: unchecked, and without
// copies, since a pickle can recall one long tuple as the shape of many tensors.
type tensor struct {
	storage        *storage
	offset         int64
	shape, strides tuple
	at             int // in the file
}

// view returns what the tensor shows of its storage.
func (t *tensor) view() (view, error) {
	if len(t.shape) > maxDims || len(t.shape) != len(t.strides) {
		return view{}, fmt.Errorf("a tensor of %d dimensions with %d strides; %s", len(t.shape), len(t.strides), again)
	}
	v := view{t.storage.dtype, t.offset, make([]int64, len(t.shape)), make([]int64, len(t.shape))}
	for d := range t.shape {
		size, ok1 := t.shape[d].(int64)
		stride, ok2 := t.strides[d].(int64)
		if !ok1 || !ok2 {
			return view{}, fmt.Errorf("a shape or strides that are not ints; %s", again)
		}
		v.shape[d], v.strides[d] = size, stride
	}
	return v, nil
}

// object does the opcodes of globals, calls and storages, and those that only
// frame a pickle, and reports whether op is one.
func (u *unpickler) object(op byte) bool {
	switch op {
	case 0x80: // PROTO
		if p := u.byte(); p > 5 {
			u.fail("pickle protocol %d is not known; %s", p, resave)
		}
	case 0x95: // FRAME: the length of what follows, which is read without it
		if n := u.uint(8); n > uint64(u.end-u.pos) {
			u.fail("the pickle wants a frame of %d bytes, and has %d up to %s", n, u.end-u.pos, u.limit)
		}
	case 'c': // GLOBAL
		module := u.line()
		u.global(module, u.line())
	case 0x93: // STACK_GLOBAL
		names := u.popN(2)
		module, ok1 := names[0].(string)
		name, ok2 := names[1].(string)
		if !ok1 || !ok2 {
			u.fail("the name of a global is no text; %s", again)
		}
		u.global(module, name)
	case 'R': // REDUCE
		args := u.popN(2)
		u.push(u.call(args[0], args[1]))
	case 'b': // BUILD, by which an OrderedDict gets attributes: not ours to keep
		u.pop()
		if _, ok := u.top().(*dict); !ok {
			u.fail("the pickle sets the state of what is no dict; %s", resave)
		}
	case 'Q': // BINPERSID
		u.push(u.persistent(u.pop()))
	default:
		return false
	}
	return true
}

func (u *unpickler) top() any {
	v := u.pop()
	u.push(v)
	return v
}

// global pushes a global if it is one that tensors need.
func (u *unpickler) global(module, name string) {
	g := global(module + "." + name)
	switch g {
	case orderedDict, rebuildTensor, rebuildTensorV2, rebuildParameter:
	default:
		if storageType(g) == "" {
			u.fail("global %s is none that tensors need, and is not looked up; %s", clip(string(g)), resave)
			return
		}
	}
	u.push(g)
}

// call returns what a global makes of its arguments.
func (u *unpickler) call(callee, arguments any) any {
	args, ok := arguments.(tuple)
	g, isGlobal := callee.(global)
	if !ok || !isGlobal {
		u.fail("the pickle calls what is no global; %s", again)
		return nil
	}
	switch {
	case g == orderedDict && len(args) == 0:
		return &dict{}
	case g == orderedDict && len(args) == 1:
		return u.dictOf(args[0])
	case g == rebuildTensor && len(args) == 4, // storage, offset, shape, strides
		g == rebuildTensorV2 && len(args) == 6,                   // ... requires_grad, hooks
		g == rebuildTensorV2 && len(args) == 7 && empty(args[6]): // ... metadata: conjugate, negative
		return u.tensor(args)
	case g == rebuildParameter && len(args) == 3: // tensor, requires_grad, hooks
		if t, ok := args[0].(*tensor); ok {
			return t
		}
	}
	u.fail("a call of %s with %d arguments that are not known; %s", g, len(args), resave)
	return nil
}

// empty reports whether v is None or a dict without entries.
func empty(v any) bool {
	d, ok := v.(*dict)
	return v == nil || ok && len(d.entries) == 0
}

// dictOf returns the dict of a list of pairs, as Python 2 pickled OrderedDicts.
// The list loses them: a list recalled many times must not make many dicts.
func (u *unpickler) dictOf(v any) any {
	d := &dict{}
	pairs, ok := v.(*list)
	if !ok {
		u.fail("an OrderedDict of what is no list; %s", resave)
		return nil
	}
	for _, p := range pairs.items {
		kv, ok := p.(*list)
		if !ok || len(kv.items) != 2 {
			u.fail("an OrderedDict of what are no pairs; %s", resave)
			return nil
		}
		d.entries = append(d.entries, entry{kv.items[0], kv.items[1]})
	}
	pairs.items = nil
	return d
}

// tensor returns the tensor of a storage, an offset, a shape and strides.
func (u *unpickler) tensor(args tuple) any {
	s, ok1 := args[0].(*storage)
	offset, ok2 := args[1].(int64)
	shape, ok3 := args[2].(tuple)
	strides, ok4 := args[3].(tuple)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		u.fail("a tensor that is not of a storage, an offset, a shape and strides; %s", again)
		return nil
	}
	return &tensor{s, offset, shape, strides, u.at}
}

// persistent returns the storage of a persistent id, which is a tuple
// ("storage", class, key, device, length) and in the legacy format has a sixth
// entry: None, or which part of another storage it is.
func (u *unpickler) persistent(id any) any {
	t, _ := id.(tuple)
	if len(t) == 6 && t[5] == nil {
		t = t[:5]
	}
	if u.storages == nil || len(t) != 5 || t[0] != "storage" {
		u.fail("a reference to something else than a whole storage; %s", resave)
		return nil
	}
	class, _ := t[1].(global)
	key, ok := t[2].(string)
	length, isInt := t[4].(int64)
	dtype := storageType(class)
	if !ok || !isInt || dtype == "" || length < 0 || length > math.MaxInt64/8 {
		u.fail("a storage that has no class, key or length; %s", again)
		return nil
	}
	s := u.storages[key]
	if s == nil {
		s = &storage{key: key, dtype: dtype, length: length}
		u.storages[key] = s
	}
	if s.dtype != dtype || s.length != length {
		u.fail("storage %s has %d numbers of %s and elsewhere %d of %s; %s", clip(key), length, dtype, s.length, s.dtype, again)
	}
	return s
}

// setRaw gives the storage its bytes, which must be as many as it needs.
func (s *storage) setRaw(raw []byte) error {
	if want := s.length * int64(s.dtype.Size()); int64(len(raw)) != want {
		return fmt.Errorf("the storage has %d bytes and should have %d; %s", len(raw), want, again)
	}
	s.raw = raw
	return nil
}
