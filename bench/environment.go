package bench

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"runtime"

	"trainbench/bench/backend"
	"trainbench/bench/record"
)

// environment describes where a sample is made.
func (r *Runner) environment(d *backend.Device) record.Env {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return record.Env{
		Backend: d.Name, Plugin: d.Plugin, Device: d.Hardware, Flags: d.Flags,
		Versions: backend.Versions(), Code: r.code,
		CPU: backend.ModelName(), Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH,
		Host: host, Start: r.opt.Clock().UTC().Round(0),
	}
}

// codeHash identifies this program by the hash of its file.
func codeHash() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}
