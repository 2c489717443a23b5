package page_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"trainbench/bench/record"
	"trainbench/bench/report"
	"trainbench/bench/report/internal/made"
	"trainbench/bench/report/page"
)

func suites(n int) []report.Suite {
	return report.New(report.Input{Suites: made.Suites(), Records: made.Records(n), Published: made.Published(), Judged: made.Judged()})
}

func write(t *testing.T, s []report.Suite) string {
	t.Helper()
	var b bytes.Buffer
	if err := page.Write(&b, s); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestContent(t *testing.T) {
	html := write(t, suites(2))
	tests := []struct {
		why, want string
		count     int // 0 is at least once
	}{
		{"the state of the gate", `<span class="outcome regression">regression</span>`, 1},
		{"every sample", `<details class="sample">`, 8 * 2},
		{"every config", `<summary>Config</summary>`, 8},
		{"a field of the config", `<dt>optim.drops</dt><dd>[10,15]</dd>`, 8},
		{"where a sample was made", `<dt>CPU</dt><dd>a CPU of two cores</dd>`, 8 * 2},
		{"why a verdict is what it is", "about 12 more seeds would settle it", 0},
		{"a sample that diverged, and where", "loss is NaN at step 31 (epoch 2)", 0},
		{"the best epoch is named for what it is", "which was best on the test set", 0},
		{"ink follows the reader's choice", "stroke:currentColor", 0},
	}
	for _, test := range tests {
		if n := strings.Count(html, test.want); n == 0 || test.count != 0 && n != test.count {
			t.Errorf("%s: %q is there %d times, want %d", test.why, test.want, n, test.count)
		}
	}
}

// TestSelfContained looks for anything that a browser would load.
func TestSelfContained(t *testing.T) {
	html := write(t, suites(1))
	for _, address := range regexp.MustCompile(`(?i)(src|href|url|@import)\s*[=(]?\s*["'(]?(https?:)?//[^"'\s)]*`).FindAllString(html, -1) {
		t.Errorf("the page loads %s", address)
	}
	for _, address := range regexp.MustCompile(`https?://[^"'\s<]+`).FindAllString(html, -1) {
		if !strings.HasPrefix(address, "http://www.w3.org/") { // names of XML, not addresses
			t.Errorf("the page names %s", address)
		}
	}
}

// TestHostileText puts markup where records carry words of others.
func TestHostileText(t *testing.T) {
	const evil = `</script><script>alert(1)</script><img src=x onerror=alert(1)>`
	records := made.Records(1)
	for _, r := range records {
		r.Notes = []string{evil}
		r.Samples[0].Detail, r.Samples[0].Env.Device, r.Samples[0].Env.Host = evil, evil, evil
		r.Config = []byte(`{"a<b": "</pre><script>alert(1)</script>"}`)
	}
	asked := made.Suites()
	asked[0].Question = evil
	html := write(t, report.New(report.Input{Suites: asked, Records: records, Published: []record.Published{{Suite: "skip", Source: evil}}}))
	for _, bad := range []string{"<script>alert", "<img"} {
		if strings.Contains(html, bad) {
			t.Errorf("%s is in the page as it is", bad)
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path, err := page.WriteFile(dir, suites(1))
	if err != nil {
		t.Fatal(err)
	}
	if path != filepath.Join(dir, "index.html") {
		t.Errorf("path is %s", path)
	}
	if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
		t.Errorf("%s: %v, %v", path, info, err)
	}
	if html := write(t, nil); !strings.Contains(html, "</html>") {
		t.Error("the page of nothing is not whole")
	}
}
