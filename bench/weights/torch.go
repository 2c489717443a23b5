package weights

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// readZip reads what torch.save writes since PyTorch 1.6: a zip archive of
// ROOT/data.pkl and, for each storage, its bytes as ROOT/data/KEY. All are
// stored, not compressed, so that they are parts of data.
func readZip(data []byte, lim Limits, b *budget) (*Set, error) {
	z, err := openZip(data)
	if err != nil {
		return nil, err
	}
	if _, ok := z.records["constants.pkl"]; ok {
		return nil, fmt.Errorf("this is a TorchScript archive; %s", resave)
	}
	if order, _, err := z.record("byteorder"); err == nil && string(order) != "little" {
		return nil, fmt.Errorf("the numbers are in %s-endian order, not little; save the file on another machine", clip(string(order)))
	}
	pickle, at, err := z.record("data.pkl")
	if err != nil {
		return nil, err
	}
	if int64(len(pickle)) > lim.HeaderBytes {
		return nil, fmt.Errorf("byte %d: data.pkl has %d bytes, more than the limit of %d; %s, or read with larger Limits", at, len(pickle), lim.HeaderBytes, resave)
	}
	u := &unpickler{file: data, pos: at, end: at + len(pickle), limit: "the end of data.pkl; " + again, storages: make(map[string]*storage)}
	root, err := u.load()
	if err != nil {
		return nil, err
	}
	return torchSet("zip torch", root, b, func(s *storage) error {
		raw, _, err := z.record("data/" + s.key)
		if err != nil {
			return err
		}
		return s.setRaw(raw)
	})
}

// A zipFile is a zip archive of torch.save.
type zipFile struct {
	data    []byte
	records map[string]*zip.File // by name below the root folder
}

func openZip(data []byte) (*zipFile, error) {
	r, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, fmt.Errorf("byte %d: the directory at the end of the zip archive: %w; %s", len(data), err, again)
	}
	z := &zipFile{data, make(map[string]*zip.File, len(r.File))}
	for _, f := range r.File {
		_, name, ok := strings.Cut(f.Name, "/")
		if !ok {
			name = f.Name
		}
		if z.records[name] != nil {
			return nil, fmt.Errorf("the zip archive has two records %s; %s", clip(name), again)
		}
		z.records[name] = f
	}
	return z, nil
}

// record returns the bytes of a record and where in the file they are.
func (z *zipFile) record(name string) ([]byte, int, error) {
	f := z.records[name]
	if f == nil {
		return nil, 0, fmt.Errorf("the zip archive has no record %s, which torch.save writes; %s", clip(name), again)
	}
	at, err := f.DataOffset()
	if err != nil {
		return nil, 0, fmt.Errorf("the zip archive's record %s: %w; %s", clip(name), err, again)
	}
	if f.Method != zip.Store || f.UncompressedSize64 != f.CompressedSize64 || f.Flags&1 != 0 {
		return nil, 0, fmt.Errorf("byte %d: the zip archive's record %s is compressed or encrypted, which torch.save's are not; save the file again with torch.save", at, clip(name))
	}
	if size := uint64(len(z.data)); uint64(at) > size || f.UncompressedSize64 > size-uint64(at) {
		return nil, 0, fmt.Errorf("byte %d: the zip archive's record %s of %d bytes leaves the file; %s", at, clip(name), f.UncompressedSize64, again)
	}
	return z.data[at : at+int64(f.UncompressedSize64)], int(at), nil
}

// magic is the number that the legacy format begins with, as pickle writes it.
const magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"

// readLegacy reads what torch.save wrote before PyTorch 1.6, and writes on
// request: pickles of a magic number, a version, facts on the machine, the
// object, and the keys of the storages, whose lengths and bytes follow.
func readLegacy(data []byte, lim Limits, b *budget) (*Set, error) {
	storages := make(map[string]*storage)
	at := 0
	next := func() (any, error) {
		u := &unpickler{file: data, pos: at, end: len(data), limit: "the end of the file; " + again, storages: storages}
		if int64(u.end-u.pos) > lim.HeaderBytes {
			u.end, u.limit = u.pos+int(lim.HeaderBytes), "the limit on a pickle; "+resave+", or read with larger Limits"
		}
		v, err := u.load()
		at = u.pos
		return v, err
	}
	if number, err := next(); err != nil || !isMagic(number) {
		return nil, cmp.Or(err, fmt.Errorf("byte 0: this pickle does not begin as those of torch.save; %s", resave))
	}
	if version, err := next(); err != nil || version != int64(1001) {
		return nil, cmp.Or(err, fmt.Errorf("byte %d: before it, the version of the legacy format is not 1001; %s", at, again))
	}
	if machine, err := next(); err != nil || bigEndian(machine) {
		return nil, cmp.Or(err, fmt.Errorf("byte %d: before it, the file says that its numbers are big-endian; save it on another machine", at))
	}
	root, err := next()
	if err != nil {
		return nil, err
	}
	keys, err := next()
	if err != nil {
		return nil, err
	}
	if err := readStorages(data, at, keys, storages); err != nil {
		return nil, err
	}
	return torchSet("legacy torch", root, b, func(s *storage) error {
		return fmt.Errorf("its storage is not in the file; %s", again)
	})
}

// isMagic reports whether a legacy file's first value is the right one.
func isMagic(v any) bool {
	b, ok := v.(bytesValue)
	return ok && string(b) == magic
}

// bigEndian reports whether a legacy file's third value says so.
func bigEndian(v any) bool {
	d, ok := v.(*dict)
	return ok && slices.Contains(d.entries, entry{"little_endian", false})
}

// readStorages gives the storages their bytes: in the order of the keys, from
// the given position up to the end of the file.
func readStorages(data []byte, at int, keys any, storages map[string]*storage) error {
	l, ok := keys.(*list)
	if !ok {
		return fmt.Errorf("byte %d: no list of storages ends here; %s", at, again)
	}
	for _, k := range l.items {
		key, _ := k.(string)
		s := storages[key]
		if s == nil || s.raw != nil {
			return fmt.Errorf("byte %d: storage %s is listed twice or not used; %s", at, clip(keyName(k)), again)
		}
		left := int64(len(data) - at)
		size := s.length * int64(s.dtype.Size())
		if left < 8 || size > left-8 {
			return fmt.Errorf("byte %d: storage %s takes 8 + %d bytes and %d are left; %s", at, clip(key), size, left, again)
		}
		if n := binary.LittleEndian.Uint64(data[at:]); n != uint64(s.length) {
			return fmt.Errorf("byte %d: storage %s has length %d here and %d in its tensors; %s", at, clip(key), n, s.length, again)
		}
		at += 8
		if err := s.setRaw(data[at : at+int(size)]); err != nil {
			return fmt.Errorf("byte %d: %w", at, err)
		}
		at += int(size)
	}
	if at != len(data) {
		return fmt.Errorf("byte %d: %d bytes follow the last storage; %s", at, len(data)-at, again)
	}
	return nil
}
