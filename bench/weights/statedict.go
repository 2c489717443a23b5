package weights

import (
	"fmt"
	"strings"
)

// torchSet makes the set of a file's object. It calls fill for the storages of
// arrays that have no bytes yet.
func torchSet(format string, root any, b *budget, fill func(*storage) error) (*Set, error) {
	d, skipped, err := stateDict(root)
	if err != nil {
		return nil, err
	}
	set := &Set{Format: format, Skipped: skipped}
	for _, e := range d.entries {
		t, isTensor := e.value.(*tensor)
		name, isText := e.key.(string)
		if !isTensor || !isText {
			set.Skipped = append(set.Skipped, keyName(e.key))
			continue
		}
		a, err := t.array(name, b, fill)
		if err != nil {
			return nil, fmt.Errorf("byte %d: array %s: %w", t.at, clip(name), err)
		}
		set.Arrays = append(set.Arrays, a)
	}
	if len(set.Arrays) == 0 {
		return nil, fmt.Errorf("no arrays; the file's entries are %s; %s", clip(strings.Join(set.Skipped, ", ")), resave)
	}
	return set, nil
}

// array copies the tensor's numbers.
func (t *tensor) array(name string, b *budget, fill func(*storage) error) (Array, error) {
	v, err := t.view()
	if err != nil {
		return Array{}, err
	}
	if t.storage.raw == nil {
		if err := fill(t.storage); err != nil {
			return Array{}, err
		}
	}
	return v.array(name, t.storage.raw, b)
}

// stateDict returns the dict of tensors in what a file holds (see Read), and
// the names of the entries beside it.
func stateDict(root any) (d *dict, skipped []string, err error) {
	d, ok := root.(*dict)
	if !ok {
		return nil, nil, fmt.Errorf("the file holds %s and no dict of tensors; %s", kind(root), resave)
	}
	for range 4 { // as deep as nesting is followed
		inner := nested(d)
		if inner == nil {
			break
		}
		for _, e := range d.entries {
			if e.value != any(inner) {
				skipped = append(skipped, keyName(e.key))
			}
		}
		d = inner
	}
	return d, skipped, nil
}

// nested returns the dict that d has under the first of the known keys.
func nested(d *dict) *dict {
	for _, key := range []string{"state_dict", "model_state_dict", "model", "net"} {
		for _, e := range d.entries {
			if inner, ok := e.value.(*dict); ok && e.key == key {
				return inner
			}
		}
	}
	return nil
}

// keyName names the key of a dict.
func keyName(key any) string {
	if s, ok := key.(string); ok {
		return s
	}
	if n, ok := key.(int64); ok {
		return fmt.Sprint(n)
	}
	return kind(key)
}

// kind says what a value is.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "None"
	case *tensor:
		return "a tensor"
	case tuple:
		return "a tuple"
	case *list:
		return "a list"
	case *dict:
		return "a dict"
	}
	return "a single value"
}
