// Package backend finds and opens what trainings are computed on: an accelerator
// or the CPU through a plugin of XLA (PJRT), or GoMLX's backend in pure Go.
//
// XLA comes through github.com/gomlx/go-xla and needs cgo. Without a C compiler
// the package builds all the same and offers pure Go only. Nothing is ever
// downloaded here: a plugin that is missing is an error that says how to get it.
package backend

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
)

// Names of backends that Open takes, besides xla:/path/to/plugin.so.
const (
	Auto = "auto"     // an accelerator, else XLA on the CPU, else pure Go
	Go   = "go"       // pure Go
	CPU  = "xla:cpu"  // XLA on the CPU
	CUDA = "xla:cuda" // XLA on an NVIDIA GPU
)

// Options are choices that hold for a whole process, since libraries read them
// when they are loaded.
type Options struct {
	// TF32 lets NVIDIA GPUs round the factors of products to 10 bits of mantissa.
	TF32 bool
}

// Device is an open backend and what there is to say of it.
type Device struct {
	compute.Backend
	// Name is "go", "xla:cpu", "xla:cuda", or "xla:" and another plugin's name.
	Name string
	// Plugin tells the plugin's version and a part of its file's SHA-256; empty for
	// pure Go.
	Plugin string
	// Hardware is the device's own description of itself.
	Hardware string
	// Flags are settings of this process that change arithmetic, sorted.
	Flags []string
	// Matmul tells that convolutions are faster as matrix products.
	Matmul bool
	// Vectors tells that these products use vector instructions.
	Vectors bool
	// Why tells how the backend was chosen, for people.
	Why string
}

// Open returns the backend of the given name. A name that cannot be had is an
// error that says why and what to install; Auto takes the best there is.
func Open(name string, opt Options) (*Device, error) {
	switch {
	case name == Go:
		return openGo("named")
	case name == Auto || name == "":
		return openAuto(opt)
	case strings.HasPrefix(name, "xla:"):
		return openXLA(strings.TrimPrefix(name, "xla:"), opt)
	}
	return nil, fmt.Errorf("backend %q: want %s, %s, %s, %s or xla:/path/to/plugin.so", name, Auto, Go, CPU, CUDA)
}

func openAuto(opt Options) (*Device, error) {
	var reasons []string
	for _, plugin := range Plugins() {
		d, err := openXLA(plugin, opt)
		if err == nil {
			d.Why = "the best of the plugins found: " + strings.Join(Plugins(), ", ")
			return d, nil
		}
		reasons = append(reasons, firstLine(err))
	}
	why := "no XLA plugin was found"
	if len(reasons) > 0 {
		why = strings.Join(reasons, "; ")
	}
	return openGo(why)
}

// openGo opens the pure-Go backend. Its default configuration can deadlock on
// machines with few cores; with unlimited parallelism it does not, and results
// are the same bit for bit.
func openGo(why string) (*Device, error) {
	b, err := gobackend.New("")
	if err != nil {
		return nil, fmt.Errorf("backend go: %w", err)
	}
	// The option "parallelism=-1" does the same and prints to standard output,
	// where the lines of benchmarks must not be disturbed.
	workers := reflect.ValueOf(b).Elem().FieldByName("Workers")
	if !workers.IsValid() || !workers.MethodByName("SetMaxParallelism").IsValid() {
		return nil, fmt.Errorf("backend go: this version of compute has no Workers.SetMaxParallelism")
	}
	workers.MethodByName("SetMaxParallelism").Call([]reflect.Value{reflect.ValueOf(-1)})
	d := &Device{
		Backend: b, Name: Go, Hardware: runtime.GOARCH,
		Matmul: true, Vectors: simd(), Why: why,
	}
	if d.Vectors {
		d.Flags = append(d.Flags, "GOEXPERIMENT=simd")
	}
	return d, nil
}

// simd reports whether this binary was built with Go's vector instructions, which
// change the order of sums.
func simd() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.ContainsFunc(info.Settings, func(s debug.BuildSetting) bool {
		return s.Key == "GOEXPERIMENT" && slices.Contains(strings.Split(s.Value, ","), "simd")
	})
}

// String describes the device in a line.
func (d *Device) String() string {
	s := d.Name
	if d.Plugin != "" {
		s += " (" + d.Plugin + ")"
	}
	s += " on " + d.Hardware
	if len(d.Flags) > 0 {
		s += " with " + strings.Join(d.Flags, " ")
	}
	return s
}

// ModelName returns the processor's name, or its architecture where the system
// does not tell.
func ModelName() string {
	info, err := os.ReadFile(filepath.FromSlash("/proc/cpuinfo"))
	if err == nil {
		for line := range bytes.Lines(info) {
			if name, value, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(name) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
