//go:build cgo

package backend

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/pjrt"
)

// deterministic are the flags that keep XLA from algorithms whose sums depend on
// the order in which threads finish.
const deterministic = "--xla_gpu_deterministic_ops=true"

// Plugins returns the names of the XLA plugins found, accelerators first. They are
// looked for where go-xla looks: in PJRT_PLUGIN_LIBRARY_PATH, or else
// ~/.local/lib/go-xla, /usr/local/lib/go-xla and the system's libraries.
func Plugins() []string {
	xla.EnableAutoInstall(false)
	names := slices.Clone(xla.GetAvailablePlugins())
	slices.SortStableFunc(names, func(a, b string) int {
		return boolToInt(strings.Contains(a, "cpu")) - boolToInt(strings.Contains(b, "cpu"))
	})
	return names
}

func boolToInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// openXLA opens the plugin of the given name or absolute path.
func openXLA(plugin string, opt Options) (*Device, error) {
	xla.EnableAutoInstall(false)
	if strings.ContainsRune(plugin, filepath.Separator) {
		abs, err := filepath.Abs(plugin)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(abs); err != nil {
			return nil, fmt.Errorf("backend xla: the plugin cannot be read: %w", err)
		}
		plugin = abs
	}
	cuda := pjrt.IsCUDAName(plugin)
	flags, undo, err := setFlags(cuda, opt)
	if err != nil {
		return nil, err
	}
	config := plugin
	if cuda {
		config += fmt.Sprintf(",tf32=%v", opt.TF32)
	}
	b, err := xla.NewWithOptions(config, nil)
	if err != nil {
		undo()
		return nil, fmt.Errorf("backend xla:%s: %s\n%s", plugin, firstLine(err), advice(plugin))
	}
	loaded, err := pjrt.GetPlugin(plugin)
	if err != nil {
		return nil, fmt.Errorf("backend xla:%s: %w", plugin, err)
	}
	sum, err := fileSum(loaded.Path())
	if err != nil {
		return nil, fmt.Errorf("backend xla:%s: %w", plugin, err)
	}
	major, minor := loaded.Version()
	return &Device{
		Backend: b, Name: "xla:" + family(plugin), Plugin: fmt.Sprintf("PJRT API %d.%d, sha256 %s", major, minor, sum),
		Hardware: b.DeviceDescription(0), Flags: flags, Why: "named",
	}, nil
}

// setFlags sets the environment that the plugin reads when it is loaded, and
// returns what of it changes arithmetic, and how to undo it: another plugin may be
// tried next.
func setFlags(cuda bool, opt Options) (flags []string, undo func(), err error) {
	if !cuda {
		flags = strings.Fields(os.Getenv("XLA_FLAGS"))
		slices.Sort(flags)
		return flags, func() {}, nil
	}
	wanted := map[string]string{"XLA_FLAGS": os.Getenv("XLA_FLAGS")}
	if !strings.Contains(wanted["XLA_FLAGS"], "xla_gpu_deterministic_ops") {
		wanted["XLA_FLAGS"] = strings.TrimSpace(wanted["XLA_FLAGS"] + " " + deterministic)
	}
	// XLA asks for convolutions in the default precision, which is TF32 on GPUs
	// that have it: only the libraries' own switch turns it off.
	if !opt.TF32 {
		wanted["NVIDIA_TF32_OVERRIDE"] = "0"
	}
	var restore []func()
	undo = func() {
		for _, f := range restore {
			f()
		}
	}
	for name, value := range wanted {
		old, was := os.LookupEnv(name)
		restore = append(restore, func() {
			if was {
				os.Setenv(name, old)
			} else {
				os.Unsetenv(name)
			}
		})
		if err := os.Setenv(name, value); err != nil {
			undo()
			return nil, nil, err
		}
	}
	flags = strings.Fields(wanted["XLA_FLAGS"])
	if v, ok := os.LookupEnv("NVIDIA_TF32_OVERRIDE"); ok {
		flags = append(flags, "NVIDIA_TF32_OVERRIDE="+v)
	}
	slices.Sort(flags)
	return flags, undo, nil
}

// family returns the short name of a plugin: "cpu" for
// /x/pjrt_c_api_cpu_plugin.so.
func family(plugin string) string {
	base := strings.ToLower(filepath.Base(plugin))
	for _, name := range []string{"cuda", "rocm", "tpu", "metal", "oneapi", "sycl", "cpu"} {
		if strings.Contains(base, name) {
			return name
		}
	}
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// advice says how to get a plugin.
func advice(plugin string) string {
	switch family(plugin) {
	case "cpu":
		return "to get XLA's CPU plugin: 'pip download --no-deps lammps-jax-pjrt-cpu==0.11.2', unpack pjrt_c_api_cpu_plugin.so " +
			"from the wheel (a zip file), and name it: xla:/path/to/pjrt_c_api_cpu_plugin.so, or put its folder into PJRT_PLUGIN_LIBRARY_PATH"
	case "cuda":
		return "to get XLA's CUDA plugin: 'pip install jax[cuda13]', and name it: " +
			"xla:/path/to/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so; it needs an NVIDIA GPU and its driver"
	}
	return "name a plugin's file: xla:/path/to/plugin.so; plugins found: " + strings.Join(Plugins(), ", ")
}

// fileSum returns the first 12 digits of the SHA-256 of a file.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:12], nil
}
