// Package weights reads the arrays of trained models from files and writes
// them: PyTorch state_dicts (.pt, .pth, .th), in the zip format of torch.save
// and in the legacy one before it, and safetensors.
//
// A file is data here and nothing else. Of pickle, in which PyTorch writes, the
// package knows the opcodes and the globals that tensors need: OrderedDict, the
// functions that rebuild tensors and parameters, and the classes of storages.
// They make values of this package; none is called, looked up or imported.
// Another global or opcode is an error that names it. Sizes are held to the
// file's before memory is taken (see Limits), so that a file takes memory in
// proportion to its own size whatever it claims. What is damaged, cut off or
// hostile gives an error with the file, the byte and a way out.
//
// The package does not read whole pickled models, TorchScript archives,
// quantized, sparse, complex or 8-bit float tensors, files sharded into several,
// or the tar format that PyTorch had before 2017, and it writes safetensors only.
// The checksums of zip records are not compared, as PyTorch does not: it can be
// told to write none. Set.SHA256 identifies a file.
//
// The reader is our own since github.com/nlpodyssey/gopickle v0.3.0 takes the
// sizes that a file claims (12 bytes make it allocate 4 GiB), does not return
// from an empty file, and does not know torch._utils._rebuild_tensor, which
// files of before PyTorch 0.4 have.
package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// An Array is a named array of numbers in row-major order.
type Array struct {
	Name  string
	Shape []int // none for a scalar; a length of 0 makes an empty array
	DType DType // in the file; says which of the following two holds the numbers

	// Float32 has the numbers of a float type. F32 is kept bit for bit; F16 and
	// BF16 are widened, which is exact; F64 is rounded to the nearest float32.
	// Infinities and NaNs are kept: whether they are acceptable is the caller's
	// to say.
	Float32 []float32

	// Int64 has the numbers of an integer type; those of BOOL are 0 and 1.
	Int64 []int64
}

// A Set is what a file holds.
type Set struct {
	Format string  // "zip torch", "legacy torch" or "safetensors"
	SHA256 string  // of the file, in hexadecimal
	Arrays []Array // in the file's order, with different names

	// Prefix is what all names began with and was taken off: "module." as
	// DataParallel adds it, "_orig_mod." as torch.compile does, or several.
	Prefix string

	// Skipped has the names of the entries of the file's dicts that are no arrays
	// of the state_dict: epoch, optimizer, ...
	Skipped []string

	// Metadata is that of a safetensors file.
	Metadata map[string]string
}

// Get returns the array with the given name and reports whether there is one.
func (s *Set) Get(name string) (Array, bool) {
	i := slices.IndexFunc(s.Arrays, func(a Array) bool { return a.Name == name })
	if i < 0 {
		return Array{}, false
	}
	return s.Arrays[i], true
}

// Names returns the names of the arrays in the file's order.
func (s *Set) Names() []string {
	names := make([]string, len(s.Arrays))
	for i, a := range s.Arrays {
		names[i] = a.Name
	}
	return names
}

// Limits bound what reading a file may cost.
type Limits struct {
	// FileBytes is the size of the largest file. The file is held in memory while
	// it is read.
	FileBytes int64

	// HeaderBytes is the size of the largest pickle or safetensors header. Reading
	// one takes up to about 100 bytes of memory for each of its bytes. An array
	// takes some 120 bytes of a pickle.
	HeaderBytes int64

	// Growth is how many bytes of memory the arrays may take together for each
	// byte of the file. Float32 numbers take 1, bools 8, and those that tensors
	// share (tied weights, expanded tensors) count for each tensor.
	Growth int64
}

// DefaultLimits returns the limits that Open reads with.
func DefaultLimits() Limits {
	return Limits{FileBytes: 2 << 30, HeaderBytes: 4 << 20, Growth: 16}
}

// Open reads the file at path with the default limits. The format is seen from
// the content, not from the name.
func Open(path string) (*Set, error) {
	lim := DefaultLimits()
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	if !info.Mode().IsRegular() { // a named pipe would never end
		return nil, fmt.Errorf("weights: %s is not a file; name a .pt, .pth, .th or .safetensors file", path)
	}
	if info.Size() > lim.FileBytes {
		return nil, tooLarge(path, info.Size(), lim)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	defer f.Close()
	data := make([]byte, info.Size())
	if n, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("weights: %s: byte %d: %w", path, n, err)
	}
	return Read(path, data, lim)
}

// Read reads a file's content. Errors call it by the given name.
//
// The arrays of a PyTorch file are the tensors of a dict: of the one that the
// file holds or, where that one has a dict under "state_dict",
// "model_state_dict", "model" or "net" (the first of these that it has), of
// that one. Array names of any format lose the prefixes listed at Set.Prefix if
// all have them. A name that occurs twice is an error, and so is a file without
// arrays.
func Read(name string, data []byte, lim Limits) (*Set, error) {
	if int64(len(data)) > lim.FileBytes {
		return nil, tooLarge(name, int64(len(data)), lim)
	}
	s, err := read(data, lim)
	if err != nil {
		return nil, fmt.Errorf("weights: %s: %w", name, err)
	}
	sum := sha256.Sum256(data)
	s.SHA256 = hex.EncodeToString(sum[:])
	return s, nil
}

func read(data []byte, lim Limits) (*Set, error) {
	sniffed := func(prefix string) bool { return strings.HasPrefix(string(data[:min(len(data), 512)]), prefix) }
	b := &budget{left: lim.Growth * int64(len(data)), growth: lim.Growth}
	var s *Set
	var err error
	switch {
	case len(data) == 0:
		return nil, fmt.Errorf("the file is empty; %s", again)
	case len(data) > 8 && data[8] == '{': // first: what is before it can look like anything
		s, err = readSafetensors(data, lim, b)
	case sniffed("PK\x03\x04"):
		s, err = readZip(data, lim, b)
	case sniffed("\x80"):
		s, err = readLegacy(data, lim, b)
	default:
		return nil, fmt.Errorf("byte 0: %s", unknownFormat(data, sniffed))
	}
	if err != nil {
		return nil, err
	}
	return s, s.finish()
}

// unknownFormat says what a file is that is none of those read.
func unknownFormat(data []byte, sniffed func(string) bool) string {
	switch {
	case sniffed("\x1f\x8b"):
		return "this is a gzip file; unpack it first"
	case sniffed("version https://git-lfs"):
		return "this is a Git LFS pointer in place of the file; fetch it with git lfs pull"
	case sniffed("<"):
		return "this is a web page in place of the file; download the file itself"
	case len(data) > 262 && string(data[257:262]) == "ustar":
		return "this is a tar file; " + resave
	}
	return "neither a torch.save file (zip or legacy) nor safetensors; " + again
}

// What to do about a file that cannot be read.
const (
	again  = "the file is damaged or cut off: download or copy it again"
	resave = "save the weights alone: torch.save(model.state_dict(), path), or as safetensors"
)

func tooLarge(name string, size int64, lim Limits) error {
	return fmt.Errorf("weights: %s: %d bytes are more than the limit of %d; read it with larger Limits", name, size, lim.FileBytes)
}

// finish takes the prefix off the names and sees that they differ.
func (s *Set) finish() error {
	if len(s.Arrays) == 0 {
		return fmt.Errorf("there are no arrays in the file; %s", resave)
	}
	for more := true; more; {
		more = false
		for _, prefix := range []string{"module.", "_orig_mod."} {
			if s.cutPrefix(prefix) {
				s.Prefix += prefix
				more = true
			}
		}
	}
	seen := make(map[string]bool, len(s.Arrays))
	for _, a := range s.Arrays {
		if seen[a.Name] {
			return fmt.Errorf("two arrays are named %s; %s", clip(a.Name), resave)
		}
		seen[a.Name] = true
	}
	return nil
}

// cutPrefix takes the prefix off all names if all have it before something else,
// and reports whether they did.
func (s *Set) cutPrefix(prefix string) bool {
	for _, a := range s.Arrays {
		if !strings.HasPrefix(a.Name, prefix) || a.Name == prefix {
			return false
		}
	}
	for i := range s.Arrays {
		s.Arrays[i].Name = s.Arrays[i].Name[len(prefix):]
	}
	return true
}

// clip quotes a text of the file for an error, shortened.
func clip(s string) string {
	if len(s) > 80 {
		s = s[:80] + "..."
	}
	return fmt.Sprintf("%q", s)
}
