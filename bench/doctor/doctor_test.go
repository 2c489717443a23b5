package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// machine makes a system of files and of programs with their outputs. Names of
// programs are cut to their base.
func machine(t *testing.T, files, programs map[string]string) System {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return System{
		OS: "darwin", Arch: "amd64", Root: root, Home: filepath.Join(root, "home"), Dir: filepath.Join(root, "data"), Load: true,
		Getenv: func(string) string { return "" },
		Free:   func(string) uint64 { return 50e9 },
		Run: func(_ context.Context, name string, args ...string) (string, error) {
			key := strings.Join(append([]string{filepath.Base(name)}, args...), " ")
			for prefix, out := range programs {
				if strings.HasPrefix(strings.ReplaceAll(key, root, ""), prefix) {
					return out, nil
				}
			}
			return "", errors.New(filepath.Base(name) + ": not found")
		},
	}
}

var (
	goTool = map[string]string{
		"go env":       `{"GOVERSION":"go1.26.5","CGO_ENABLED":"1","CC":"gcc -m64"}`,
		"gcc":          "gcc (Debian) 14\nCopyright\n",
		"go build":     "",
		"probe go":     `{"backend":"go","hardware":"amd64","devices":1}`,
		"probe xla:/h": `{"backend":"xla:cpu","plugin":"PJRT API 0.115","hardware":"cpu","devices":2}`,
		"probe xla:/u": "noise\n" + `{"error":"no GPU\nmore"}`,
	}
	nvidia = map[string]string{"nvidia-smi": "NVIDIA H200, 143771 MiB, 580.65.06\n"}
)

func with(maps ...map[string]string) map[string]string {
	all := map[string]string{}
	for _, m := range maps {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

const (
	cpuPlugin  = "home/.local/lib/go-xla/pjrt_c_api_cpu_plugin.so"
	site       = "usr/lib/python3.12/site-packages/"
	cudaPlugin = site + "jax_plugins/xla_cuda13/xla_cuda_plugin.so"
)

func TestMissing(t *testing.T) {
	linux := func(s *System) { s.OS = "linux" }
	tests := []struct {
		why             string
		files, programs map[string]string
		change          func(*System)
		want            []string // a part of each command
	}{
		{"all is there but the data", map[string]string{cpuPlugin: "x"}, goTool, nil, []string{"fetch -to"}},
		{"nothing is there", nil, nil, nil, []string{"xcode-select", "pjrt_installer", "fetch"}},
		{"cgo is off", nil, with(goTool, map[string]string{"go env": `{"CGO_ENABLED":"0"}`}), linux, []string{"apt-get install gcc", "lammps-jax-pjrt-cpu==0.11.2", "fetch"}},
		{"Fedora's compiler", map[string]string{"etc/os-release": "ID=fedora\n", cpuPlugin: "x"}, nil, linux, []string{"dnf install gcc", "lammps", "fetch"}},
		{"an NVIDIA GPU wants its plugin", map[string]string{cpuPlugin: "x"}, with(goTool, nvidia), nil, []string{"jax[cuda13]", "fetch"}},
		{"an old driver wants CUDA 12", map[string]string{cpuPlugin: "x"}, with(goTool, map[string]string{"nvidia-smi": "V100, 16 GiB, 535.1\n"}), nil, []string{"jax[cuda12]", "fetch"}},
		{"an AMD GPU", map[string]string{cpuPlugin: "x", "sys/class/drm/card0/device/vendor": "0x1002\n"}, goTool, nil, []string{"jax[rocm7-local]", "fetch"}},
		{"an Intel GPU in a processor", map[string]string{cpuPlugin: "x", "sys/class/drm/card0/device/vendor": "0x8086\n"}, goTool, nil, []string{"fetch"}},
		{"Apple silicon", map[string]string{cpuPlugin: "x"}, goTool, func(s *System) { s.Arch = "arm64" }, []string{"jax-metal", "fetch"}},
		{"a plugin for a device that is not there is no loss", map[string]string{cpuPlugin: "x", cudaPlugin: "x"}, goTool, nil, []string{"fetch"}},
		{"a plugin that does not open", map[string]string{cpuPlugin: "x", cudaPlugin: "x"}, with(goTool, nvidia), nil, []string{"jax[cuda13]", "fetch"}},
		{"a plugin that is no library", map[string]string{cpuPlugin: "x"}, goTool, linux, []string{"lammps", "fetch"}},
		{"a disk that is full", map[string]string{cpuPlugin: "x"}, goTool, func(s *System) { s.Free = func(string) uint64 { return 1e6 } }, []string{"fetch", "df -h"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := machine(t, test.files, test.programs)
			s.Arch = "amd64"
			if test.change != nil {
				test.change(&s)
			}
			got := Examine(t.Context(), s).Missing
			if len(got) != len(test.want) {
				t.Fatalf("missing %q, want %q", got, test.want)
			}
			for i, want := range test.want {
				if !strings.Contains(got[i].Command, want) {
					t.Errorf("%s: command %q, want one with %q", got[i].What, got[i].Command, want)
				}
			}
		})
	}
}

// TestGolden writes the whole report of a machine with two plugins.
func TestGolden(t *testing.T) {
	s := machine(t, map[string]string{
		cpuPlugin: "cpu", cudaPlugin: "cuda",
		site + "jax_cuda13_pjrt-0.12.0.dist-info/RECORD": "jax_plugins/xla_cuda13/__init__.py,,\njax_plugins/xla_cuda13/xla_cuda_plugin.so,sha256=x,4\n",
		"proc/cpuinfo":                 "model name\t: Some CPU\nflags\t\t: fpu avx avx2 fma\n",
		"proc/meminfo":                 "MemTotal: 16000000 kB\nMemAvailable:  8000000 kB\n",
		"data/cifar-100-binary.tar.gz": "damaged",
	}, with(goTool, nvidia))
	r := Examine(t.Context(), s)
	r.Cores = 4
	data, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.ReplaceAll(data, []byte(s.Root), nil) // before the text, whose columns depend on it
	if err := json.Unmarshal(data, r); err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{"report.txt": text.String(), "report.json": string(data) + "\n"} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.MkdirAll("testdata", 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got; -update writes it):\n%s", name, diff)
		}
	}
}

// TestPlaces checks where plugins are found, in the order of choice.
func TestPlaces(t *testing.T) {
	s := machine(t, map[string]string{
		"venv/lib/python3.12/site-packages/jax_plugins/xla_rocm7/xla_rocm_plugin.so":                    "",
		"conda/lib/python3.12/site-packages/jax_plugins/intel_extension_for_openxla/pjrt_plugin_xpu.so": "",
		"pyenv/jax_plugins/metal_plugin/pjrt_plugin_metal_14.dylib":                                     "",
		"home/.local/lib/python3.11/site-packages/lammps_jax_pjrt_cpu/pjrt_c_api_cpu_plugin.so":         "",
		"named/pjrt_c_api_cuda_plugin.so":                                                               "",
		"home/.local/lib/go-xla/pjrt_c_api_tpu_plugin.so":                                               "", // not looked at, since the variable names another folder
	}, goTool)
	out := s.Run
	s.Run = func(ctx context.Context, name string, args ...string) (string, error) {
		if name == "python3" {
			return filepath.Join(s.Root, "pyenv") + "\n", nil
		}
		return out(ctx, name, args...)
	}
	s.Getenv = func(name string) string {
		places := map[string]string{"VIRTUAL_ENV": "venv", "CONDA_PREFIX": "conda", "PJRT_PLUGIN_LIBRARY_PATH": "named"}
		if places[name] == "" {
			return ""
		}
		return filepath.Join(s.Root, places[name])
	}
	var got []string
	for _, b := range Examine(t.Context(), s).Backends {
		if b.Auto {
			b.Kind += " auto"
		}
		got = append(got, b.Kind)
	}
	if diff := cmp.Diff([]string{"cuda auto", "rocm", "oneapi", "metal", "cpu", "go auto"}, got); diff != "" {
		t.Errorf("backends (-want +got):\n%s", diff)
	}
}

func TestPluginPath(t *testing.T) {
	s := machine(t, map[string]string{"plugin/pjrt_c_api_cpu_plugin.so": ""}, goTool)
	for path, want := range map[string]string{
		"plugin/pjrt_c_api_cpu_plugin.so": "not the folder that it is in",
		"nowhere":                         "which cannot be read",
		"plugin":                          "",
	} {
		s.Getenv = func(name string) string {
			if name == pluginPath {
				return filepath.Join(s.Root, path)
			}
			return ""
		}
		got := ""
		for _, m := range Examine(t.Context(), s).Missing {
			if strings.HasPrefix(m.What, pluginPath) {
				got += m.What
			}
		}
		if !strings.HasSuffix(got, want) || want == "" && got != "" {
			t.Errorf("%s: it says %q, want %q", path, got, want)
		}
	}
}

func TestProbeThatCrashes(t *testing.T) {
	s := machine(t, nil, with(goTool, map[string]string{"probe go": ""}))
	if got := Examine(t.Context(), s).Backends; got[0].Opens != "no" || !strings.Contains(got[0].Says, "takes its process with it") {
		t.Errorf("got %+v", got)
	}
}

func TestTelling(t *testing.T) {
	for stderr, want := range map[string]string{
		"note\nSIGABRT: abort\nPC=0x1\ngs 0x0\n": "SIGABRT: abort",
		"# a/package\nfile.go:1: undefined: x\n": "file.go:1: undefined: x",
	} {
		if got := telling(stderr); got != want {
			t.Errorf("%q: got %q, want %q", stderr, got, want)
		}
	}
}

// TestInspect tells libraries from plugins by the test's own program.
func TestInspect(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if head, err := os.ReadFile(self); err != nil || !bytes.HasPrefix(head, []byte("\x7fELF")) {
		t.Skip("this system's programs are not ELF")
	}
	other := map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH]
	for arch, want := range map[string]string{runtime.GOARCH: "", other: "another processor"} {
		if _, err := inspect(self, "linux", arch); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: a program passes for a plugin: %v", arch, err)
		}
	}
}

// TestThisSystem checks that the real thing gives something of everything.
func TestThisSystem(t *testing.T) {
	s := ThisSystem(t.TempDir())
	s.Load = false
	r := Examine(t.Context(), s)
	if r.Cores < 1 || !strings.HasPrefix(r.Go, "go1.") || len(r.Backends) == 0 || len(r.Files) == 0 || (r.Cgo == "") == (r.NoCgo == "") {
		t.Errorf("incomplete: %+v", r)
	}
	if _, err := s.Run(t.Context(), "go", "no-such-command"); err == nil || !strings.Contains(err.Error(), "no-such-command") && !strings.Contains(err.Error(), "usage") {
		t.Errorf("a failure does not say why: %v", err)
	}
}
