package fetch

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestLocalFaults(t *testing.T) {
	web := httptest.NewServer(&server{data: content()})
	defer web.Close()
	f := described(content(), web.URL)
	t.Run("a file in the folder's place", func(t *testing.T) {
		name := filepath.Join(t.TempDir(), "file")
		write(t, name, nil)
		if _, err := f.Get(t.Context(), quick(name)); err == nil || !strings.Contains(err.Error(), "-to") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a file that is there is not touched", func(t *testing.T) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, f.Base), []byte("mine"))
		if _, err := f.Get(t.Context(), quick(dir)); !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("two at once", func(t *testing.T) {
		dir := t.TempDir()
		p, err := f.part(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer p.close()
		if _, err := f.Get(t.Context(), quick(dir)); err == nil || !strings.Contains(err.Error(), "in use by another fetch") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nobody listens", func(t *testing.T) {
		dir := t.TempDir()
		closed := httptest.NewServer(nil)
		closed.Close()
		if _, err := described(content(), closed.URL).Get(t.Context(), quick(dir)); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Errorf("got %v", err)
		}
		wantFiles(t, dir)
	})
}

// TestUnknownSize is about files whose publisher tells eight digits and no size.
func TestUnknownSize(t *testing.T) {
	good := content()
	for limit, wantErr := range map[int64]string{1 << 20: "", 1000: "at most 1000"} {
		s := &server{data: good, faults: []http.HandlerFunc{cut(good, 999)}}
		web := httptest.NewServer(s)
		f := described(good, web.URL)
		f.Size, f.Limit, f.MD5, f.SHA256 = 0, limit, "", f.SHA256[:8]
		_, err := f.Get(t.Context(), quick(t.TempDir()))
		if got := fmt.Sprint(err); wantErr == "" && err != nil || !strings.Contains(got, wantErr) {
			t.Errorf("limit %d: %v", limit, err)
		}
		web.Close()
	}
}

func TestTake(t *testing.T) {
	good, dir := content(), t.TempDir()
	f := described(good, "https://publisher/thing.bin")
	write(t, filepath.Join(dir, "renamed"), good)
	write(t, filepath.Join(dir, f.Base), good)
	write(t, filepath.Join(dir, "cut"), good[:100])
	write(t, filepath.Join(dir, "page"), []byte(" <!DOCTYPE html>"))
	tests := []struct{ from, wantErr string }{
		{filepath.Join(dir, "renamed"), ""},
		{dir, ""},
		{filepath.Join(dir, "cut"), "ends after 100 of 300000 bytes"},
		{filepath.Join(dir, "page"), "it is a web page"},
		{filepath.Join(dir, "none"), "no such file"},
		{os.DevNull, "is not a file"},
	}
	for _, test := range tests {
		to := filepath.Join(t.TempDir(), "new")
		path, err := f.Take(test.from, to)
		if test.wantErr != "" {
			if err == nil || !strings.Contains(err.Error(), test.wantErr) {
				t.Errorf("%s: error %v, want one with %q", test.from, err, test.wantErr)
			}
			continue
		}
		if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, good) {
			t.Errorf("%s: %v, %v", test.from, err, readErr)
		}
		wantFiles(t, to, f.Base)
	}
}

// TestProxy runs this test again as a process with a proxy in its environment.
func TestProxy(t *testing.T) {
	good := content()
	if dir := os.Getenv("FETCH_TEST_DIR"); dir != "" {
		if _, err := described(good, "http://publisher.invalid/thing.bin").Get(t.Context(), quick(dir)); err != nil {
			t.Fatal(err)
		}
		return
	}
	var asked string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.String()
		w.Write(good)
	}))
	defer proxy.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestProxy$")
	cmd.Env = append(os.Environ(), "FETCH_TEST_DIR="+t.TempDir(), "HTTP_PROXY="+proxy.URL, "http_proxy="+proxy.URL, "NO_PROXY=", "no_proxy=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if want := "http://publisher.invalid/thing.bin"; asked != want {
		t.Errorf("the proxy was asked for %q, want %q", asked, want)
	}
}

func TestNoDowngrade(t *testing.T) {
	plain := httptest.NewServer(&server{data: content()})
	defer plain.Close()
	secure := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer secure.Close()
	opt := quick(t.TempDir())
	opt.Client = secure.Client()
	opt.Client.CheckRedirect = newClient().CheckRedirect
	if _, err := described(content(), secure.URL).Get(t.Context(), opt); err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Errorf("got %v", err)
	}
}

func TestMessages(t *testing.T) {
	good := content()
	web := httptest.NewServer(&server{data: good, faults: []http.HandlerFunc{cut(good, 100_000), throttle(good)}})
	defer web.Close()
	var out bytes.Buffer
	opt := quick(t.TempDir())
	opt.Messages, opt.Pace = &out, 150*time.Millisecond
	if _, err := described(good, web.URL).Get(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"thing: byte 100000: unexpected EOF: again in 1ms\n", " of 0.3 MB, ", " MB/s, ", "s to go\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.ContainsAny(out.String(), "\r\x1b") {
		t.Errorf("control characters where there is no terminal:\n%q", out.String())
	}
}

// FuzzPart begins with whatever an earlier fetch, or someone else, left: what gets
// its name is what the publisher has, and nothing else ends up in its place.
func FuzzPart(f *testing.F) {
	good := content()[:300]
	f.Add(good[:100], []byte(`{"url": "u", "validator": "v"}`), true)
	f.Add(good, []byte(`{"url": 1`), false)
	f.Add(append(bytes.Clone(good), 1), []byte(nil), true)
	thing := described(good, "http://127.0.0.1:1/thing.bin")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, left, origin []byte, whole bool) {
		if whole { // hardly any other would be
			left = append(good[:min(len(left), len(good))], left[min(len(left), len(good)):]...)
		}
		name := filepath.Join(dir, "thing.bin")
		write(t, name+".part", left)
		write(t, name+".part.json", origin)
		p, err := thing.part(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer os.Remove(name + ".part")
		defer p.close()
		if p.size != int64(len(left)) {
			t.Errorf("a part of %d bytes, want %d", p.size, len(left))
		}
		if err := thing.check(p.file); (err == nil) != bytes.Equal(left, good) {
			t.Errorf("%d bytes: %v", len(left), err)
		}
	})
}
