//go:build cgo

package backend

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSetFlags(t *testing.T) {
	tests := []struct {
		why    string
		cuda   bool
		tf32   bool
		before string
		want   []string
	}{
		{"on the CPU the user's flags alone are told", false, false, "--b=1 --a=2", []string{"--a=2", "--b=1"}},
		{"on a GPU operations are deterministic, and factors whole", true, false, "",
			[]string{"--xla_gpu_deterministic_ops=true", "NVIDIA_TF32_OVERRIDE=0"}},
		{"TF32 where it is asked for", true, true, "", []string{"--xla_gpu_deterministic_ops=true"}},
		{"the user's word on determinism stands", true, true, "--xla_gpu_deterministic_ops=false", []string{"--xla_gpu_deterministic_ops=false"}},
		{"other flags are kept", true, true, "--a=2", []string{"--a=2", "--xla_gpu_deterministic_ops=true"}},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			without(t)
			os.Setenv("XLA_FLAGS", test.before)
			var undos []func()
			for range 2 { // opening twice must not add them twice
				got, undo, err := setFlags(test.cuda, Options{TF32: test.tf32})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("flags (-want +got):\n%s", diff)
				}
				undos = append(undos, undo)
			}
			for _, undo := range slices.Backward(undos) {
				undo()
			}
			if got := os.Getenv("XLA_FLAGS"); got != test.before {
				t.Errorf("undone, XLA_FLAGS is %q, want %q", got, test.before)
			}
			if got, set := os.LookupEnv("NVIDIA_TF32_OVERRIDE"); set {
				t.Errorf("undone, NVIDIA_TF32_OVERRIDE is %q, want none", got)
			}
		})
	}
}

func TestFamily(t *testing.T) {
	for plugin, want := range map[string]string{
		"cpu": "cpu", "/x/pjrt_c_api_cpu_plugin.so": "cpu", "/x/xla_cuda_plugin.so": "cuda", "/x/jax_plugins/xla_rocm7/xla_rocm_plugin.so": "rocm",
		"/home/cuda/abacus.so": "abacus", // folders say nothing
	} {
		if got := family(plugin); got != want {
			t.Errorf("family of %s: got %q, want %q", plugin, got, want)
		}
	}
}
