package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// missing says what would help on this machine, and the command that gets it. It
// does not ask for what the machine could not use.
func (s System) missing(r *Report) []Missing {
	var all []Missing
	need := func(what, command string) { all = append(all, Missing{what, command}) }
	if r.Cgo == "" {
		need("a C compiler, without which there is pure Go only ("+r.NoCgo+")", s.compiler())
	}
	for _, dir := range s.named() {
		switch info, err := os.Stat(dir); {
		case err != nil:
			need(pluginPath+" names "+dir+", which cannot be read", "unset "+pluginPath)
		case !info.IsDir():
			need(pluginPath+" names "+dir+", and not the folder that it is in", "export "+pluginPath+"='"+filepath.Dir(dir)+"'")
		}
	}
	for _, kind := range s.useful(r) {
		if there, why := has(r.Backends, kind); !there {
			need("XLA's plugin for "+kind+why, s.install(kind, r))
		}
	}
	var sets []string
	what := "real data, for the profiles quick and full"
	for _, f := range r.Files {
		if strings.HasPrefix(f.Name, "cifar") && f.State != "ready" {
			sets = append(sets, f.Name)
		}
		if f.State == "damaged" {
			what += " (move the " + f.Name + " that is damaged away first)"
		}
	}
	if len(sets) > 0 {
		need(what,
			fmt.Sprintf("go run trainbench/cmd/trainbench fetch -to '%s' %s", s.Dir, strings.Join(sets, " ")))
	}
	if r.Disk > 0 && r.Disk < 1<<30 {
		need(fmt.Sprintf("free disk: %.1f GB are left at %s", float64(r.Disk)/1e9, s.Dir), "df -h '"+s.Dir+"'")
	}
	return all
}

// has reports whether there is a plugin of a kind that may open, and else why those
// that there are do not.
func has(all []Backend, kind string) (there bool, why string) {
	for _, b := range all {
		switch {
		case b.Kind != kind:
		case b.Opens != "no":
			return true, ""
		default:
			why += fmt.Sprintf(" (%s does not open: %s)", b.File, b.Says)
		}
	}
	return false, why
}

// useful returns the kinds of plugins that the machine has devices for.
func (s System) useful(r *Report) []string {
	var kinds []string
	for _, g := range r.GPUs {
		kind := map[string]string{"nvidia": "cuda", "amd": "rocm", "apple": "metal"}[g.Maker]
		// Most Intel GPUs are small ones in processors, which the plugin is not for.
		if g.Maker == "intel" && s.Getenv("ONEAPI_ROOT") != "" {
			kind = "oneapi"
		}
		if kind != "" && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	return append(kinds, "cpu")
}

// install returns the command that gets a plugin. Plugins of JAX come with the
// libraries that they need.
func (s System) install(kind string, r *Report) string {
	switch kind {
	case "cuda":
		// CUDA 13 needs a driver of the 580 series.
		for _, g := range r.GPUs {
			major, _, _ := strings.Cut(g.Driver, ".")
			if n, err := strconv.Atoi(major); err == nil && n < 580 {
				return "python3 -m pip install 'jax[cuda12]'"
			}
		}
		return "python3 -m pip install 'jax[cuda13]'"
	case "rocm":
		return "python3 -m pip install 'jax[rocm7-local]' # needs AMD's ROCm 7"
	case "oneapi":
		return "python3 -m pip install intel-extension-for-openxla # needs Intel's oneAPI"
	case "metal":
		return "python3 -m pip install jax-metal # experimental, and not maintained"
	}
	if s.OS == "linux" && s.Arch == "amd64" {
		return "python3 -m pip download --no-deps --dest plugin lammps-jax-pjrt-cpu==0.11.2 && python3 -m zipfile -e plugin/*.whl plugin" +
			" && export " + pluginPath + "=$PWD/plugin/lammps_jax_pjrt_cpu"
	}
	return "go run github.com/gomlx/go-xla/cmd/pjrt_installer@latest # go-xla's installer"
}

// compiler returns the command that installs a C compiler.
func (s System) compiler() string {
	switch s.OS {
	case "darwin":
		return "xcode-select --install"
	case "windows":
		return "winget install BrechtSanders.WinLibs.POSIX.UCRT"
	}
	release, _ := os.ReadFile(filepath.Join(s.Root, "etc/os-release"))
	text := string(release)
	switch {
	case strings.Contains(text, "ID=alpine"):
		return "apk add gcc musl-dev # XLA's plugins need glibc, which Alpine has not"
	case strings.Contains(text, "fedora"), strings.Contains(text, "rhel"):
		return "sudo dnf install gcc"
	case strings.Contains(text, "ID=arch"):
		return "sudo pacman -S gcc"
	}
	return "sudo apt-get install gcc libc6-dev"
}
