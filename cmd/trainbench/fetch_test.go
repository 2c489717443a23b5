package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"trainbench/bench/fetch"
)

// publishers serve two files, of which nobody has the second.
func publishers(t *testing.T) []fetch.File {
	data := []byte("a data set")
	sum := sha256.Sum256(data)
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/set.tar.gz" {
			http.NotFound(w, r)
			return
		}
		w.Write(data)
	}))
	t.Cleanup(web.Close)
	file := func(name, base string) fetch.File {
		return fetch.File{
			Name: name, Base: base, URLs: []string{web.URL + "/" + base}, Size: int64(len(data)),
			SHA256: hex.EncodeToString(sum[:]), Says: "its publisher",
			Open: func(dir string) (string, error) {
				b, err := os.ReadFile(filepath.Join(dir, base))
				if err == nil && !bytes.Equal(b, data) {
					err = fs.ErrInvalid
				}
				return "10 bytes", err
			},
		}
	}
	set := file("set", "set.tar.gz")
	set.Profile = "quick"
	return []fetch.File{set, file("net", "net.pt")}
}

func TestFetch(t *testing.T) {
	t.Setenv(dataEnv, "")
	files := publishers(t)
	there, damaged, odd := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "it's here")
	for dir, text := range map[string]string{there: "a data set", damaged: "a dat"} {
		if err := os.WriteFile(filepath.Join(dir, "set.tar.gz"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		why       string
		args      []string
		want, err string
	}{
		{"downloaded, and how to use it", []string{"-to", odd, "set"}, `next: ./benchstat.sh -profile quick -data '` + strings.ReplaceAll(odd, "'", `'\''`) + "'", ""},
		{"there already: no download", []string{"-to", there, "-mirror", "http://localhost:1", "set"}, "10 bytes, there already", ""},
		{"damaged: not overwritten", []string{"-to", damaged, "set"}, "", "move it away"},
		{"from a file", []string{"-to", t.TempDir(), "-from", filepath.Join(there, "set.tar.gz"), "set"}, "set: ready in", ""},
		{"weights are used in a suite", []string{"-to", t.TempDir(), "-from", filepath.Join(there, "set.tar.gz"), "net"}, "experiment.Source{File:", ""},
		{"from a damaged file", []string{"-to", t.TempDir(), "-from", damaged, "set"}, "", "ends after 5 of 10 bytes"},
		{"one failure does not keep the other away", []string{"-to", t.TempDir(), "net", "set"}, "set: ready in", "404"},
		{"one file cannot be two", []string{"-from", filepath.Join(there, "set.tar.gz"), "net", "set"}, "", "name one"},
		{"an unknown name lists the known", []string{"cifar-11"}, "", "known are set, net"},
		{"a mirror that is no address", []string{"-mirror", "localhost", "set"}, "", "exit code 2"},
		{"nothing asked for", nil, "", "exit code 2"},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := fetchFiles(t.Context(), files, test.args, &stdout, &stderr)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if !strings.Contains(stdout.String(), test.want) {
				t.Errorf("no %q in\n%s", test.want, stdout.String())
			}
		})
	}
}
