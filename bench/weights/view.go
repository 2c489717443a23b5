package weights

import (
	"fmt"
	"iter"
	"math"
)

// maxDims is the number of dimensions that PyTorch's tensors have at most.
const maxDims = 64

// A view is a strided window on a storage: the number at [i, j, ...] is the
// storage's number offset + i*strides[0] + j*strides[1] + ...
type view struct {
	dtype          DType
	offset         int64
	shape, strides []int64 // equally many
}

// A budget is the memory that arrays may still take.
type budget struct{ left, growth int64 }

// array copies what the view shows of a storage with the given bytes. It checks
// the view and pays for the memory before it takes any.
func (v view) array(name string, raw []byte, b *budget) (Array, error) {
	n, err := v.count()
	if err != nil {
		return Array{}, err
	}
	if err := v.inside(n, int64(len(raw)/v.dtype.Size())); err != nil {
		return Array{}, err
	}
	if n > b.left/v.dtype.memory() {
		return Array{}, fmt.Errorf("shape %d takes the arrays beyond %d times the size of the file, by sharing or expanding numbers; "+
			"save tensors with .clone(), or read with larger Limits", v.shape, b.growth)
	}
	b.left -= n * v.dtype.memory()
	a := Array{Name: name, DType: v.dtype, Shape: make([]int, len(v.shape))}
	for i, s := range v.shape {
		a.Shape[i] = int(s)
	}
	v.copyTo(&a, n, raw)
	return a, nil
}

// copyTo fills in the n numbers.
func (v view) copyTo(a *Array, n int64, raw []byte) {
	size, i := int64(v.dtype.Size()), 0
	if v.dtype.Float() {
		a.Float32 = make([]float32, n)
		for at := range v.positions(n) {
			a.Float32[i] = v.dtype.float(raw[at*size:])
			i++
		}
		return
	}
	a.Int64 = make([]int64, n)
	for at := range v.positions(n) {
		a.Int64[i] = v.dtype.int(raw[at*size:])
		i++
	}
}

// count returns how many numbers the view has.
func (v view) count() (int64, error) {
	if len(v.shape) > maxDims {
		return 0, fmt.Errorf("an array of %d dimensions, more than %d; %s", len(v.shape), maxDims, again)
	}
	n := int64(1)
	for _, s := range v.shape {
		if s < 0 || s > math.MaxInt {
			return 0, fmt.Errorf("shape %d is none; %s", v.shape, again)
		}
		if s == 0 {
			n = 0
		}
	}
	for _, s := range v.shape {
		if n != 0 && s > math.MaxInt64/n {
			return 0, fmt.Errorf("shape %d has more numbers than fit a file; %s", v.shape, again)
		}
		n *= s
	}
	return n, nil
}

// inside checks that the view, of n numbers, keeps to a storage of length numbers.
func (v view) inside(n, length int64) error {
	out := fmt.Errorf("shape %d with strides %d and offset %d leaves its storage of %d numbers; %s", v.shape, v.strides, v.offset, length, again)
	if v.offset < 0 || v.offset > length || v.offset == length && n > 0 {
		return out
	}
	last := v.offset // the furthest position, which must stay below length
	for d, s := range v.shape {
		if n == 0 || s == 1 {
			continue
		}
		if stride := v.strides[d]; stride < 0 || stride > (length-1-last)/(s-1) {
			return out
		}
		last += (s - 1) * v.strides[d]
	}
	return nil
}

// positions yields where in the storage the n numbers are, in row-major order.
func (v view) positions(n int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		index := make([]int64, len(v.shape))
		at := v.offset
		for range n {
			if !yield(at) {
				return
			}
			for d := len(index) - 1; d >= 0; d-- {
				index[d]++
				at += v.strides[d]
				if index[d] < v.shape[d] {
					break
				}
				at -= index[d] * v.strides[d]
				index[d] = 0
			}
		}
	}
}

// contiguous returns the view of a whole storage with the given shape.
func contiguous(t DType, shape []int64) view {
	v := view{dtype: t, shape: shape, strides: make([]int64, len(shape))}
	stride := int64(1)
	for d := len(shape) - 1; d >= 0; d-- {
		v.strides[d] = stride
		stride *= max(shape[d], 1) // may overflow: view.array refuses such a shape
	}
	return v
}
