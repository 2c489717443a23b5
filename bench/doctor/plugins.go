package doctor

import (
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"trainbench/bench/fetch"
)

// kinds are the plugins of XLA, in the order of choice.
var kinds = []struct{ kind, inName string }{
	{"cuda", "cuda"}, {"rocm", "rocm"}, {"tpu", "tpu"}, {"oneapi", "xpu"}, {"metal", "metal"}, {"cpu", "cpu"},
}

// kindOf returns the kind of a plugin and its place in the order of choice.
func kindOf(file string) (string, int) {
	name := strings.ToLower(filepath.Base(file))
	for i, k := range kinds {
		if strings.Contains(name, k.inName) {
			return k.kind, i
		}
	}
	return "unknown", len(kinds)
}

// backends lists the plugins, accelerators first, and the pure-Go backend.
func (s System) backends(ctx context.Context, cgo bool) []Backend {
	var all []Backend
	for _, dir := range s.libraries() {
		all = append(all, s.plugins(dir, true)...)
	}
	for _, site := range s.sitePackages(ctx) {
		for _, pattern := range []string{"", "jax_plugins/*", "libtpu", "lammps_jax_pjrt_*", "xla_*_pjrt"} {
			for _, b := range s.plugins(filepath.Join(site, pattern), false) {
				b.Package = packageOf(site, b.File)
				all = append(all, b)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Backend) int {
		_, i := kindOf(a.File)
		_, j := kindOf(b.File)
		return i - j
	})
	seen := map[string]bool{}
	all = slices.DeleteFunc(all, func(b Backend) bool {
		again := seen[b.File]
		seen[b.File] = true
		return again
	})
	all = append(all, Backend{Name: "go", Kind: "go", Auto: true})
	s.open(ctx, all, cgo)
	return all
}

// libraries returns the folders in which -backend auto looks for plugins. (It also
// looks where the system's loader does.)
func (s System) libraries() []string {
	if dirs := s.named(); len(dirs) > 0 {
		return dirs
	}
	dirs := []string{filepath.Join(s.Root, "usr/local/lib/go-xla"), filepath.Join(s.Root, "usr/local/lib/gomlx/pjrt")}
	if s.Home != "" {
		dirs = append([]string{filepath.Join(s.Home, ".local/lib/go-xla"), filepath.Join(s.Home, ".local/lib/gomlx/pjrt")}, dirs...)
	}
	return append(dirs, slices.DeleteFunc(strings.Split(s.Getenv("LD_LIBRARY_PATH"), ":"), func(p string) bool { return !filepath.IsAbs(p) })...)
}

// pluginPath is the variable that names the folders of plugins.
const pluginPath = "PJRT_PLUGIN_LIBRARY_PATH"

// named returns the folders that the variable names.
func (s System) named() []string {
	return slices.DeleteFunc(strings.Split(s.Getenv(pluginPath), ":"), func(p string) bool { return p == "" })
}

// sitePackages returns the folders of Python packages: the one that python3 itself
// names, and those of the usual places.
func (s System) sitePackages(ctx context.Context) []string {
	bases := []string{s.Getenv("VIRTUAL_ENV"), s.Getenv("CONDA_PREFIX"), ".venv",
		filepath.Join(s.Root, "usr/local"), filepath.Join(s.Root, "usr"), filepath.Join(s.Root, "opt/venv")}
	if s.Home != "" {
		bases = append(bases, filepath.Join(s.Home, ".local"))
	}
	var found []string
	out, err := s.Run(ctx, "python3", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
	if dir := strings.TrimSpace(out); err == nil && filepath.IsAbs(dir) {
		found = append(found, dir)
	}
	for _, base := range bases {
		if base == "" {
			continue
		}
		for _, pattern := range []string{"lib/python3*/site-packages", "lib/python3*/dist-packages", "Lib/site-packages"} {
			dirs, _ := filepath.Glob(filepath.Join(base, pattern))
			found = append(found, dirs...)
		}
	}
	return found
}

// plugins returns the plugins in the folders that match a pattern.
func (s System) plugins(pattern string, auto bool) []Backend {
	var found []Backend
	for _, name := range []string{"pjrt_c_api_*_plugin", "pjrt_plugin_*", "pjrt-plugin-*", "xla_*_plugin", "libtpu"} {
		for _, ext := range []string{".so", ".dylib", ".dll"} {
			files, _ := filepath.Glob(filepath.Join(pattern, name+ext))
			for _, f := range files {
				if abs, err := filepath.Abs(f); err == nil {
					f = abs
				}
				kind, _ := kindOf(f)
				// go-xla does not know the names that JAX gives its plugins.
				known := auto && strings.HasPrefix(filepath.Base(f), "pjrt")
				found = append(found, Backend{Name: "xla:" + f, Kind: kind, Auto: known, File: f})
			}
		}
	}
	return found
}

// packageOf returns the name and version of the Python package whose record lists
// the file, or "".
func packageOf(site, file string) string {
	rel, err := filepath.Rel(site, file)
	if err != nil {
		return ""
	}
	records, _ := filepath.Glob(filepath.Join(site, "*.dist-info", "RECORD"))
	for _, r := range records {
		data, err := os.ReadFile(r)
		if err == nil && strings.Contains("\n"+string(data), "\n"+filepath.ToSlash(rel)+",") {
			name := strings.TrimSuffix(filepath.Base(filepath.Dir(r)), ".dist-info")
			return strings.Replace(name, "-", " ", 1)
		}
	}
	return ""
}

// open fills in what the backends' files are and whether they open.
func (s System) open(ctx context.Context, all []Backend, cgo bool) {
	probe, why := "", "it was not asked for"
	if s.Load {
		dir, err := os.MkdirTemp("", "trainbench-doctor-")
		if err == nil {
			defer os.RemoveAll(dir)
			probe = filepath.Join(dir, "probe")
			if _, err = s.Run(ctx, "go", "build", "-o", probe, "trainbench/bench/backend/probe"); err != nil {
				probe = ""
			}
		}
		if err != nil {
			why = "the probe cannot be built here: " + err.Error()
		}
	}
	for i := range all {
		b := &all[i]
		if b.File != "" {
			var err error
			if b.SHA256, err = inspect(b.File, s.OS, s.Arch); err != nil {
				b.Opens, b.Says = "no", err.Error()
				continue
			}
			if !cgo {
				b.Opens, b.Says = "no", "plugins need cgo"
				continue
			}
		}
		if b.Opens, b.Says = "not tried", why; probe != "" {
			b.Opens, b.Says = s.probe(ctx, probe, b.Name)
		}
	}
}

// probe runs the probe.
func (s System) probe(ctx context.Context, program, name string) (opens, says string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	out, err := s.Run(ctx, program, name)
	var found struct {
		Plugin, Hardware, Error string
		Devices                 int
	}
	if e := json.Unmarshal([]byte(lastLine(out)), &found); err == nil {
		err = e
	}
	switch {
	case err != nil:
		return "no", "it takes its process with it: " + err.Error()
	case found.Error != "":
		first, _, _ := strings.Cut(found.Error, "\n")
		return "no", first
	}
	says = fmt.Sprintf("%d x %s", found.Devices, found.Hardware)
	if found.Plugin != "" {
		says += ", " + found.Plugin
	}
	return "yes", says
}

// inspect returns the first digits of a file's SHA-256. On Linux it also checks
// that the file is a library for this processor that exports PJRT's entry.
func inspect(file, system, arch string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	sum := hex.EncodeToString(h.Sum(nil))[:12]
	if system != "linux" {
		return sum, nil
	}
	lib, err := elf.NewFile(f)
	if err != nil {
		return sum, fmt.Errorf("not a library: %w; get it again", err)
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	if want, ok := machines[arch]; ok && lib.Machine != want {
		return sum, fmt.Errorf("for another processor: %s, and this is %s", lib.Machine, want)
	}
	symbols, err := lib.DynamicSymbols()
	if err != nil {
		return sum, fmt.Errorf("its symbols cannot be read: %w; get it again", err)
	}
	if !slices.ContainsFunc(symbols, func(s elf.Symbol) bool { return s.Name == "GetPjrtApi" }) {
		return sum, errors.New("not a plugin of XLA: it exports no GetPjrtApi")
	}
	return sum, nil
}

// file tells of a data set or weights.
func (s System) file(f fetch.File) File {
	says, err := f.Open(s.Dir)
	switch {
	case err == nil:
		return File{f.Name, "ready", says}
	case errors.Is(err, fs.ErrNotExist):
		return File{f.Name, "missing", "not in " + s.Dir}
	}
	return File{f.Name, "damaged", err.Error()}
}
