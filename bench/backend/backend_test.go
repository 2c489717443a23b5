package backend

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/core/tensors"
)

// without takes plugins and settings of the machine away for a test.
func without(t *testing.T) {
	t.Helper()
	t.Setenv("PJRT_PLUGIN_LIBRARY_PATH", t.TempDir())
	for _, name := range []string{"XLA_FLAGS", "NVIDIA_TF32_OVERRIDE"} {
		t.Setenv(name, "") // so that it is as before when the test ends
		os.Unsetenv(name)
	}
}

// product multiplies two vectors on the device.
func product(t *testing.T, d *Device) float32 {
	t.Helper()
	out, err := graph.CallOnce(d.Backend, func(a, b *graph.Node) *graph.Node {
		return graph.ReduceAllSum(graph.Mul(a, b))
	}, []float32{1, 2, 3}, []float32{4, 5, 6})
	if err != nil {
		t.Fatal(err)
	}
	return tensors.ToScalar[float32](out)
}

func TestOpenGo(t *testing.T) {
	d, err := Open(Go, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Finalize()
	if d.Name != Go || d.Plugin != "" || !d.Matmul || d.Why != "named" {
		t.Errorf("got %+v", d)
	}
	if got := product(t, d); got != 32 {
		t.Errorf("1*4 + 2*5 + 3*6 = %v", got)
	}
	if s := d.String(); !strings.HasPrefix(s, "go on ") {
		t.Errorf("described as %q", s)
	}
}

// TestOpenPlugins computes on every plugin of this machine that opens.
func TestOpenPlugins(t *testing.T) {
	plugins := Plugins()
	if len(plugins) == 0 {
		t.Skip("no plugin of XLA")
	}
	for _, plugin := range plugins {
		d, err := Open("xla:"+plugin, Options{})
		if err != nil {
			t.Logf("%v", err)
			continue
		}
		if got := product(t, d); got != 32 {
			t.Errorf("%s: 1*4 + 2*5 + 3*6 = %v", d, got)
		}
		if !strings.HasPrefix(d.Name, "xla:") || !strings.Contains(d.Plugin, "sha256") || d.Hardware == "" || d.Matmul {
			t.Errorf("got %+v", d)
		}
		d.Finalize()
	}
}

// TestAutoSaysWhy: without a plugin auto is pure Go, and says that none was found.
func TestAutoSaysWhy(t *testing.T) {
	without(t)
	if len(Plugins()) > 0 {
		t.Skip("this machine, or an earlier test, has a plugin")
	}
	for _, name := range []string{Auto, ""} {
		d, err := Open(name, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if d.Name != Go || !strings.Contains(d.Why, "no XLA plugin was found") {
			t.Errorf("%q opened %s since %s", name, d.Name, d.Why)
		}
		d.Finalize()
	}
}

// TestOpenErrors: a backend that is named and cannot be had is an error that names
// it and says what to do, and never another backend.
func TestOpenErrors(t *testing.T) {
	without(t)
	text := filepath.Join(t.TempDir(), "pjrt_c_api_cpu_plugin.so")
	if err := os.WriteFile(text, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	found := func(name string) bool {
		for _, p := range Plugins() {
			if strings.Contains(p, name) {
				return true
			}
		}
		return false
	}
	tests := []struct {
		why, name string
		skip      bool
		want      []string
	}{
		{"names are lower case", "GO", false, []string{`"GO"`, "auto", "xla:cuda", "/path/to/plugin.so"}},
		{"a device is no backend", "cuda", false, []string{`"cuda"`, "xla:cuda"}},
		{"XLA on what?", "xla", false, []string{`"xla"`, "xla:cpu"}},
		{"no device either", "xla:", false, []string{"xla:"}},
		{"no such file", "xla:/no/such/plugin.so", false, []string{"/no/such/plugin.so"}},
		{"a folder", "xla:" + t.TempDir() + "/", false, []string{"xla:"}},
		{"not a library", "xla:" + text, false, []string{text}},
		{"no plugin of that name", "xla:abacus", false, []string{"xla:abacus"}},
		{"no CPU plugin", CPU, found("cpu"), []string{"xla:cpu", "pip download", "PJRT_PLUGIN_LIBRARY_PATH"}},
		{"no CUDA plugin", CUDA, found("cuda"), []string{"xla:cuda", "pip install", "NVIDIA GPU"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			if test.skip {
				t.Skip("this machine has one")
			}
			if !cgo(t) && strings.HasPrefix(test.name, "xla:") {
				test.want = []string{test.name, "without cgo", "CGO_ENABLED=1"}
			}
			d, err := Open(test.name, Options{})
			if err == nil {
				t.Fatalf("opened %s", d)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got error %q, want %q in it", err, want)
				}
			}
		})
	}
}

// cgo reports whether this test was built with cgo.
func cgo(t *testing.T) bool {
	t.Helper()
	_, err := openXLA("abacus", Options{})
	return err == nil || !strings.Contains(err.Error(), "built without cgo")
}

// TestNoCgo: without a C compiler nothing is left that needs one.
func TestNoCgo(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{len .CgoFiles}}", ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "gomlx/compute/gobackend ") {
		t.Errorf("the pure-Go backend is not among the dependencies:\n%s", out)
	}
	for line := range strings.Lines(string(out)) {
		if path, count, _ := strings.Cut(strings.TrimSpace(line), " "); strings.Contains(path, "go-xla") || count != "0" {
			t.Errorf("without cgo %s is built, with %s files that need it", path, count)
		}
	}
}

func TestModelName(t *testing.T) {
	if ModelName() == "" {
		t.Error("the processor has no name")
	}
}
