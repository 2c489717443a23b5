package page_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The browser opens a page of two frames, wide and narrow, clicks in them, and
// leaves what it saw in the document, which --dump-dom prints.
const clicker = `<!DOCTYPE html><title>waiting</title>
<iframe id="wide" width="1200" height="800" src="/index.html"></iframe>
<iframe id="phone" width="390" height="800" src="/index.html"></iframe>
<ol id="seen"></ol>
<script>
function see(name, value) {
	const item = document.createElement("li");
	item.textContent = name + ": " + value;
	document.getElementById("seen").append(item);
}
window.onload = () => {
	const doc = document.getElementById("wide").contentDocument;
	const table = doc.querySelector("#imbalance table.sortable");
	const names = () => [...table.tBodies[0].rows].map((r) => r.cells[0].textContent.split(" ")[0].replace(/\d+$/, "")).join(" ");
	const heads = [...table.tHead.rows[0].cells];
	const click = (label) => heads.find((h) => h.textContent.startsWith(label)).querySelector("button").click();
	see("at first", names());
	click("top-1"); see("top-1 once", names());
	click("top-1"); see("top-1 twice", names());
	click("experiment"); see("experiment once", names());
	see("sorted by", heads.filter((h) => h.hasAttribute("aria-sort")).map((h) => h.textContent + " " + h.getAttribute("aria-sort")).join());

	const sample = doc.querySelector("#skip-resnet20 details.sample");
	const shown = () => sample.querySelector("dl").checkVisibility();
	see("sample shown", shown());
	sample.querySelector("summary").click();
	see("sample shown after a click", shown());
	see("curve drawn", sample.querySelector("svg").getBoundingClientRect().width > 100);
	doc.querySelector("#imbalance sup a").click();
	see("footnote", doc.querySelector(":target").textContent.slice(0, 14));

	for (const id of ["wide", "phone"]) {
		const root = document.getElementById(id).contentDocument.documentElement;
		root.querySelectorAll("details").forEach((d) => { d.open = true; });
		see(id + " overflows by", Math.max(0, root.scrollWidth - root.clientWidth));
	}
};
window.addEventListener("error", (e) => see("error", e.message));
</script>`

func TestInBrowser(t *testing.T) {
	browser := findBrowser()
	if browser == "" {
		t.Skip("no chromium: the page is not opened (apt-get install chromium)")
	}
	html := write(t, suites(1))
	mux := http.NewServeMux()
	serve := func(path, content string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprint(w, content)
		})
	}
	serve("/index.html", html)
	serve("/clicker.html", clicker)
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute) // it takes four seconds, unless others want the processors
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
		"--user-data-dir="+t.TempDir(), "--window-size=1700,900", "--virtual-time-budget=10000", "--dump-dom", server.URL+"/clicker.html")
	cmd.WaitDelay = 5 * time.Second
	dom, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", browser, err)
	}
	seen := regexp.MustCompile(`<li>(.*?)</li>`).FindAllStringSubmatch(string(dom), -1)
	var got []string
	for _, match := range seen {
		got = append(got, match[1])
	}
	want := []string{
		"at first: baseline balanced-mixup balanced-softmax focal logit-adjusted",
		"top-1 once: balanced-mixup balanced-softmax baseline focal logit-adjusted",
		"top-1 twice: baseline balanced-softmax balanced-mixup focal logit-adjusted",
		"experiment once: balanced-mixup balanced-softmax baseline focal logit-adjusted",
		"sorted by: experiment ascending",
		"sample shown: false",
		"sample shown after a click: true",
		"curve drawn: true",
		"footnote: Early stopping",
		"wide overflows by: 0",
		"phone overflows by: 0",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the browser saw\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// findBrowser returns the path of a Chromium, "" if there is none.
func findBrowser() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
