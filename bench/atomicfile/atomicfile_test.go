package atomicfile

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "f.json")
	for _, want := range []string{"first", "second, longer", ""} {
		if err := Write(path, []byte(want)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("content (-want +got):\n%s", diff)
		}
	}
	onlyFile(t, path)
}

func TestWriteFailureLeavesTheOld(t *testing.T) {
	// A folder in the place of the file cannot be replaced by a rename.
	path := filepath.Join(t.TempDir(), "f")
	if err := os.MkdirAll(filepath.Join(path, "old"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("x")); err == nil {
		t.Fatal("no error")
	}
	if _, err := os.Stat(filepath.Join(path, "old")); err != nil {
		t.Errorf("the old content is gone: %v", err)
	}
	onlyFile(t, path)
}

// onlyFile checks that no temporary file stays beside path.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("%d files in the folder, want 1: %v", len(entries), entries)
	}
}
