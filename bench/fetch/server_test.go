package fetch

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A server serves data with faults: the n-th request (from 0) goes to faults[n],
// and those after the last fault are served well.
type server struct {
	data   []byte
	faults []http.HandlerFunc
	asked  []string // Range and If-Range of each request
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n := len(s.asked)
	s.asked = append(s.asked, strings.TrimSpace(r.Header.Get("Range")+" "+r.Header.Get("If-Range")))
	if n < len(s.faults) {
		s.faults[n](w, r)
		return
	}
	s.good(w, r)
}

func (s *server) good(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"v1"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.data))
}

// status answers with a code.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", code) }
}

// cut sends n bytes of what is asked for, and breaks the connection.
func cut(data []byte, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		start := 0
		if s := r.Header.Get("Range"); s != "" {
			start, _ = strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(s, "bytes="), "-"))
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, len(data)-1, len(data)))
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(data)-start))
		w.Header().Set("ETag", `"v1"`)
		if start > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(data[start : start+n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

// body sends these bytes as the whole file, whatever was asked for.
func body(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Write(b) }
}

// endless sends without telling how much, and more than is right.
func endless(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for range 10 {
			w.Write(b)
			w.(http.Flusher).Flush()
		}
	}
}

// stall sends a little and then nothing.
func stall(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:1000])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

// throttle sends everything slowly, but never stops for long.
func throttle(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(data); i += len(data) / 10 {
			w.Write(data[i:min(i+len(data)/10, len(data))])
			w.(http.Flusher).Flush()
			time.Sleep(40 * time.Millisecond)
		}
	}
}

// wrongRange answers a request for a range with another one.
func wrongRange(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-%d/%d", len(data)-1, len(data)))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(data[5:])
	}
}

// withTag overrides the ETag.
type withTag struct {
	http.ResponseWriter
	tag string
}

func (w withTag) Write(b []byte) (int, error) {
	w.Header().Set("ETag", w.tag)
	return w.ResponseWriter.Write(b)
}
func (w withTag) Flush() { w.ResponseWriter.(http.Flusher).Flush() }
