package fetch

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// content is what the publisher of these tests has.
func content() []byte {
	r := rand.NewChaCha8([32]byte{1})
	b := make([]byte, 300_000)
	r.Read(b)
	return b
}

func described(data []byte, urls ...string) File {
	sha, md := sha256.Sum256(data), md5.Sum(data)
	return File{
		Name: "thing", Base: "thing.bin", URLs: urls, Size: int64(len(data)), Says: "its publisher",
		SHA256: hex.EncodeToString(sha[:]), MD5: hex.EncodeToString(md[:]),
	}
}

func quick(dir string) Options {
	opt := DefaultOptions(dir)
	opt.Wait, opt.Stall, opt.Attempts = time.Millisecond, 20*time.Second, 3
	return opt
}

func TestGet(t *testing.T) {
	good := content()
	corrupt := bytes.Clone(good)
	corrupt[1000] ^= 1
	redirect := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }
	tests := []struct {
		why     string
		part    []byte // what an earlier fetch left
		faults  []http.HandlerFunc
		asked   []string
		wantErr string
	}{
		{"nothing goes wrong", nil, nil, []string{""}, ""},
		{"a broken connection: the rest is asked for, of the same version", nil,
			[]http.HandlerFunc{cut(good, 100_000), cut(good, 50_000)},
			[]string{"", `bytes=100000- "v1"`, `bytes=150000- "v1"`}, ""},
		{"a part of an earlier process", good[:70_000], nil, []string{"bytes=70000-"}, ""},
		{"a part that is whole needs no request", good, nil, nil, ""},
		{"a part that is too long", append(bytes.Clone(good), 1), nil, []string{""}, ""},
		{"a part that is wrong: once more from the beginning", corrupt[:70_000], nil, []string{"bytes=70000-", ""}, ""},
		{"a whole part that is wrong", corrupt, nil, []string{""}, ""},
		{"a server that ignores ranges", good[:70_000], []http.HandlerFunc{body(good)}, []string{"bytes=70000-"}, ""},
		{"a server that has no such range", good[:70_000], []http.HandlerFunc{status(416)}, []string{"bytes=70000-", ""}, ""},
		{"a server that sends another range", good[:70_000], []http.HandlerFunc{wrongRange(good)}, []string{"bytes=70000-"}, "was asked for the bytes from 70000 on"},
		{"a server with a bad moment", nil, []http.HandlerFunc{status(500), status(503), body(good)}, []string{"", "", ""}, ""},
		{"a server with a bad day", nil, []http.HandlerFunc{status(500), status(500), status(500)}, []string{"", "", ""}, "500 Internal Server Error (after 3 attempts)"},
		{"a file that is not there is not asked for twice", nil, []http.HandlerFunc{status(404)}, []string{""}, "404 Not Found"},
		{"a slow server", nil, []http.HandlerFunc{throttle(good)}, []string{""}, ""},
		{"corrupt bytes that came in one piece", nil, []http.HandlerFunc{body(corrupt)}, []string{""}, "its SHA-256 is"},
		{"a login page in the file's place", nil, []http.HandlerFunc{body([]byte("<html>"))}, []string{""}, "has a file of 6 bytes (text/html"},
		{"more bytes than the file has", nil, []http.HandlerFunc{endless(good[:100_000])}, []string{""}, "sends more than the 300000 bytes"},
		{"a redirect", nil, []http.HandlerFunc{redirect}, []string{"", ""}, ""},
	}
	for _, test := range tests {
		t.Run(test.why, func(t *testing.T) {
			s := &server{data: good, faults: test.faults}
			web := httptest.NewServer(s)
			defer web.Close()
			dir := t.TempDir()
			if test.part != nil {
				write(t, filepath.Join(dir, "thing.bin.part"), test.part)
			}
			path, err := described(good, web.URL+"/thing.bin").Get(t.Context(), quick(dir))
			if diff := cmp.Diff(test.asked, s.asked); diff != "" {
				t.Errorf("ranges asked for (-want +got):\n%s", diff)
			}
			if test.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), test.wantErr) {
					t.Fatalf("error %v, want one with %q", err, test.wantErr)
				}
				if _, err := os.Stat(filepath.Join(dir, "thing.bin")); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("after a failure the file must not have its name: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, good) {
				t.Errorf("the file is not the publisher's: %v", err)
			}
			wantFiles(t, dir, "thing.bin")
		})
	}
}

func TestStall(t *testing.T) {
	good := content()
	silent := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	s := &server{data: good, faults: []http.HandlerFunc{stall(good), silent}}
	web := httptest.NewServer(s)
	defer web.Close()
	var out bytes.Buffer
	opt := quick(t.TempDir())
	opt.Stall, opt.Attempts, opt.Messages = 300*time.Millisecond, 10, &out
	if _, err := described(good, web.URL).Get(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", "bytes=1000-", "bytes=1000-"}, s.asked[:3]); diff != "" {
		t.Errorf("ranges asked for (-want +got):\n%s", diff)
	}
	if want := "byte 1000: nothing came for 300ms"; strings.Count(out.String(), want) < 2 {
		t.Errorf("not twice %q in\n%s", want, out.String())
	}
}

// TestMirrors checks that what one address began, another ends, and what is said
// when none can.
func TestMirrors(t *testing.T) {
	good := content()
	broken := &server{data: good, faults: []http.HandlerFunc{cut(good, 1000), status(500), status(500), status(500)}}
	fine := &server{data: good}
	first, second := httptest.NewServer(broken), httptest.NewServer(fine)
	defer first.Close()
	defer second.Close()
	f := described(good, first.URL+"/thing.bin", second.URL+"/thing.bin")

	dir := t.TempDir()
	if _, err := f.Get(t.Context(), quick(dir)); err != nil {
		t.Fatal(err)
	}
	// The ETag is the first server's, and means nothing to the second.
	if diff := cmp.Diff([]string{"bytes=1000-"}, fine.asked); diff != "" {
		t.Errorf("asked of the second address (-want +got):\n%s", diff)
	}

	dir, opt := t.TempDir(), quick(t.TempDir())
	f.URLs = []string{first.URL + "/thing.bin"}
	broken.asked, fine.asked, opt.Dir, opt.Mirrors = nil, nil, dir, []string{second.URL + "/folder/"}
	if _, err := f.Get(t.Context(), opt); err != nil || len(broken.asked) > 0 || len(fine.asked) != 1 {
		t.Errorf("the mirror that is named comes first: error %v, asked %q and %q", err, broken.asked, fine.asked)
	}

	dir = t.TempDir()
	_, err := f.Get(t.Context(), quick(dir))
	for _, want := range []string{first.URL, "500", "1000 bytes are kept", "the same command goes on", "without a network: get thing.bin", "300000 bytes", f.SHA256, "put it into " + dir} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
	wantFiles(t, dir, "thing.bin.part", "thing.bin.part.json")
	if _, err := f.Get(t.Context(), quick(dir)); err != nil {
		t.Fatal(err)
	}
	if got := broken.asked[len(broken.asked)-1]; got != `bytes=1000- "v1"` {
		t.Errorf("the next process asked for %q", got)
	}
}

func TestUnknownHost(t *testing.T) {
	good := content()
	web := httptest.NewServer(&server{data: good})
	defer web.Close()
	asked := 0
	opt := quick(t.TempDir())
	opt.Client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "nowhere") {
			asked++
			return nil, &net.DNSError{Err: "no such host", Name: "nowhere.example", IsNotFound: true}
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}}}
	if _, err := described(good, "http://nowhere.example/thing.bin", web.URL+"/thing.bin").Get(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if asked != 1 {
		t.Errorf("a host that does not exist was asked %d times, want once", asked)
	}
}

func TestNewVersionInBetween(t *testing.T) {
	// If-Range makes a server with another version send all of it.
	good := content()
	s := &server{data: good, faults: []http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Range")
		cut(bytes.Repeat([]byte{7}, len(good)), 5000)(withTag{w, `"v0"`}, r)
	}}}
	web := httptest.NewServer(s)
	defer web.Close()
	if _, err := described(good, web.URL).Get(t.Context(), quick(t.TempDir())); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"", `bytes=5000- "v0"`}, s.asked); diff != "" {
		t.Errorf("ranges asked for (-want +got):\n%s", diff)
	}
}

func TestInterrupted(t *testing.T) {
	good := content()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(good[:4096])
		w.(http.Flusher).Flush()
		time.Sleep(50 * time.Millisecond)
		cancel()
		<-r.Context().Done()
	}))
	defer web.Close()
	dir := t.TempDir()
	_, err := described(good, web.URL).Get(ctx, quick(dir))
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "4096 bytes are kept") {
		t.Errorf("got %v", err)
	}
}

func TestKnown(t *testing.T) {
	names := map[string]bool{}
	for _, f := range Known() {
		if names[f.Name] {
			t.Errorf("%s: twice", f.Name)
		}
		names[f.Name] = true
		if f.limit() <= 0 || f.limit() > 200<<20 || len(f.SHA256) < 8 || f.Open == nil {
			t.Errorf("%s: incomplete: %+v", f.Name, f)
		}
		for _, url := range f.URLs {
			if !strings.HasPrefix(url, "https://") || !strings.HasSuffix(url, "/"+f.Base) {
				t.Errorf("%s: address %s", f.Name, url)
			}
		}
		if _, err := f.Open(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: an empty folder gives %v", f.Name, err)
		}
	}
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files in the folder (-want +got):\n%s", diff)
	}
}
