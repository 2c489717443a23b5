// Package doctor looks at a machine and says what trainings can be computed on
// there, what is missing, and the command that gets it.
//
// It reads files and asks a few programs (go, nvidia-smi); whether a plugin of XLA
// opens is tried in a process of its own (see bench/backend/probe), so the package
// does not depend on GoMLX. It changes and downloads nothing.
package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"trainbench/bench/fetch"
)

// A System is the machine that is looked at; tests make their own.
type System struct {
	// OS and Arch are Go's names for them.
	OS, Arch string
	// Root is the folder that stands for "/": where /proc and /usr are.
	Root string
	// Home is the user's folder; Dir is where data sets lie.
	Home, Dir string
	// Getenv is os.Getenv.
	Getenv func(string) string
	// Run runs a program and returns what it wrote to its standard output. The error
	// says what it wrote to the other.
	Run func(ctx context.Context, name string, args ...string) (string, error)
	// Free returns the free bytes of the disk that a folder is on, 0 if unknown.
	Free func(dir string) uint64
	// Load tells to try to open plugins, which may compile the probe first.
	Load bool
}

// ThisSystem returns the machine that the program runs on.
func ThisSystem(dir string) System {
	home, _ := os.UserHomeDir() // no home: nothing is looked for there
	return System{OS: runtime.GOOS, Arch: runtime.GOARCH, Root: "/", Home: home, Dir: dir, Getenv: os.Getenv, Run: run, Free: free, Load: true}
}

func run(ctx context.Context, name string, args ...string) (string, error) {
	var stderr strings.Builder
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil && stderr.Len() > 0 {
		err = fmt.Errorf("%w: %s", err, telling(stderr.String()))
	}
	return string(out), err
}

// telling returns the line of a program's complaints that says why it ended: the
// first of a crash in Go or C, and else the last.
func telling(stderr string) string {
	for line := range strings.Lines(stderr) {
		for _, crash := range []string{"SIG", "fatal error:", "panic:"} {
			if strings.HasPrefix(line, crash) {
				return strings.TrimSpace(line)
			}
		}
	}
	return lastLine(stderr)
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}

// A Report is what was found.
type Report struct {
	OS       string    `json:"os"`
	CPU      string    `json:"cpu"`
	Cores    int       `json:"cores"`
	SIMD     []string  `json:"simd"`        // vector instructions, as the system names them
	Memory   uint64    `json:"memory"`      // bytes, 0 if unknown
	Free     uint64    `json:"memory_free"` // bytes that a program can have
	Disk     uint64    `json:"disk_free"`   // bytes, where the data sets are or would be
	Go       string    `json:"go"`          // version of the go command
	Cgo      string    `json:"cgo"`         // the C compiler, "" if there is none or cgo is off
	NoCgo    string    `json:"no_cgo"`      // why not
	GPUs     []GPU     `json:"gpus"`        // NVIDIA's; of others only that they are there
	Backends []Backend `json:"backends"`    // the first that works is what "auto" takes
	Files    []File    `json:"files"`       // data sets and weights
	Missing  []Missing `json:"missing"`     // what to get
}

// A GPU is one that the system knows of, whether or not there is a plugin for it.
type GPU struct {
	Name   string `json:"name"`
	Maker  string `json:"maker"`            // nvidia, amd, intel or apple
	Memory string `json:"memory,omitempty"` // as its tool says it
	Driver string `json:"driver,omitempty"`
}

// A Backend is what trainings can be computed on.
type Backend struct {
	// Name is what -backend takes.
	Name string `json:"name"`
	// Kind is cuda, rocm, ..., cpu or go.
	Kind string `json:"kind"`
	// Auto tells that -backend auto looks here.
	Auto bool `json:"auto"`
	// File, Package and SHA256 are of the plugin.
	File    string `json:"file,omitempty"`
	Package string `json:"package,omitempty"`
	SHA256  string `json:"sha256,omitempty"`
	// Opens is "yes", "no" or "not tried"; Says is what it says of itself, or why.
	Opens string `json:"opens"`
	Says  string `json:"says,omitempty"`
}

// A File is a data set or weights.
type File struct {
	Name  string `json:"name"`
	State string `json:"state"` // ready, missing or damaged
	Says  string `json:"says"`
}

// Missing is something that would help, and how to get it.
type Missing struct {
	What    string `json:"what"`
	Command string `json:"command"`
}

// Examine looks at the system. What cannot be seen is left empty.
func Examine(ctx context.Context, s System) *Report {
	r := &Report{OS: s.OS + "/" + s.Arch, Cores: runtime.NumCPU()}
	r.Disk = s.Free(s.Dir)
	s.machine(r)
	s.tools(ctx, r)
	r.GPUs = append([]GPU{}, s.gpus(ctx)...) // readers of JSON expect a list
	r.Backends = s.backends(ctx, r.Cgo != "")
	for _, f := range fetch.Known() {
		r.Files = append(r.Files, s.file(f))
	}
	r.Missing = append([]Missing{}, s.missing(r)...)
	return r
}

// machine reads processor and memory from /proc.
func (s System) machine(r *Report) {
	info, _ := os.ReadFile(filepath.Join(s.Root, "proc/cpuinfo"))
	for line := range strings.Lines(string(info)) {
		name, value, _ := strings.Cut(line, ":")
		switch value = strings.TrimSpace(value); strings.TrimSpace(name) {
		case "model name":
			r.CPU = value
		case "flags", "Features":
			r.SIMD = vectors(value)
		}
	}
	memory, _ := os.ReadFile(filepath.Join(s.Root, "proc/meminfo"))
	for line := range strings.Lines(string(memory)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kb, _ := strconv.ParseUint(f[1], 10, 64)
		switch f[0] {
		case "MemTotal:":
			r.Memory = kb << 10
		case "MemAvailable:":
			r.Free = kb << 10
		}
	}
}

// vectors returns those of a processor's flags that tell of vector instructions.
func vectors(flags string) []string {
	var found []string
	for _, want := range []string{"avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "asimd", "sve", "sve2"} {
		if strings.Contains(" "+flags+" ", " "+want+" ") {
			found = append(found, want)
		}
	}
	return found
}

// tools asks the go command for its version and its C compiler.
func (s System) tools(ctx context.Context, r *Report) {
	out, err := s.Run(ctx, "go", "env", "-json", "GOVERSION", "CGO_ENABLED", "CC")
	var env struct{ GOVERSION, CGO_ENABLED, CC string }
	if err == nil {
		err = json.Unmarshal([]byte(out), &env)
	}
	if err != nil {
		r.NoCgo = "the go command does not run: " + err.Error()
		return
	}
	r.Go = env.GOVERSION
	if env.CGO_ENABLED != "1" {
		r.NoCgo = "CGO_ENABLED is " + env.CGO_ENABLED + ", which go sets where it finds no C compiler"
		return
	}
	cc := strings.Fields(env.CC)
	if len(cc) == 0 {
		cc = []string{"cc"}
	}
	version, err := s.Run(ctx, cc[0], "--version")
	if err != nil {
		r.NoCgo = "the C compiler does not run: " + err.Error()
		return
	}
	first, _, _ := strings.Cut(version, "\n")
	r.Cgo = strings.TrimSpace(first)
}

// gpus asks nvidia-smi, and the kernel for others.
func (s System) gpus(ctx context.Context) []GPU {
	var found []GPU
	if out, err := s.Run(ctx, "nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"); err == nil {
		for line := range strings.Lines(out) {
			if f := strings.Split(strings.TrimSpace(line), ", "); len(f) == 3 {
				found = append(found, GPU{Name: f[0], Maker: "nvidia", Memory: f[1], Driver: f[2]})
			}
		}
	}
	cards, _ := filepath.Glob(filepath.Join(s.Root, "sys/class/drm/card*/device/vendor"))
	for _, c := range cards {
		id, _ := os.ReadFile(c)
		maker := map[string]string{"0x1002": "amd", "0x8086": "intel"}[strings.TrimSpace(string(id))]
		if maker != "" {
			found = append(found, GPU{Name: filepath.Base(filepath.Dir(filepath.Dir(c))), Maker: maker})
		}
	}
	if s.OS == "darwin" && s.Arch == "arm64" {
		found = append(found, GPU{Name: "Apple silicon", Maker: "apple"})
	}
	return found
}
