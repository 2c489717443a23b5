// Command table turns the deviations that parity tests log into a table:
//
//	go test -v ./bench/... | go run ./bench/parity/table -w docs/parity.md
//
// It replaces what is between the marks <!-- parity --> and <!-- /parity --> of the
// file. Without -w it prints the table.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"trainbench/bench/atomicfile"
)

const (
	begin = "<!-- parity -->\n"
	end   = "<!-- /parity -->\n"
)

func main() {
	path := flag.String("w", "", "write the table into this `file`")
	flag.Parse()
	if err := run(os.Stdin, os.Stdout, *path); err != nil {
		fmt.Fprintln(os.Stderr, "table:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer, path string) error {
	rows, err := read(in)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	write(&buf, rows)
	if path == "" {
		_, err := buf.WriteTo(out)
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		return fmt.Errorf("%s has no lines %q and %q in this order", path, begin, end)
	}
	return atomicfile.Write(path, []byte(before+begin+"\n"+buf.String()+"\n"+end+after))
}

// row is one check, over all nets and cases to which a test applies it.
type row struct {
	test, what, allowed string
	worst               map[string]float64 // by backend
	cases               int                // on one backend
}

// line is what parity.Check logs: test, what, deviation, tolerance.
var line = regexp.MustCompile(`parity: (Test\S+): (?:(.*): )?([0-9.e+-]+), allowed ([0-9.e+-]+)`)

// backends are the columns of the table.
var backends = []string{"go", "xla:cpu"}

// read returns the rows of a log, in its order. A test that failed is an error: its
// deviations are not those of what is there.
func read(in io.Reader) ([]*row, error) {
	var rows []*row
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "--- FAIL") || strings.HasPrefix(lines.Text(), "FAIL") {
			return nil, fmt.Errorf("a test failed: %s", lines.Text())
		}
		m := line.FindStringSubmatch(lines.Text())
		if m == nil {
			continue
		}
		path := strings.Split(m[1], "/")
		backend := "" // of a check that no backend takes part in
		if len(path) > 1 && slices.Contains(backends, path[1]) {
			backend = path[1]
		}
		deviation, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", lines.Text(), err)
		}
		i := slices.IndexFunc(rows, func(r *row) bool { return r.test == path[0] && r.what == m[2] && r.allowed == m[4] })
		if i < 0 {
			i = len(rows)
			rows = append(rows, &row{test: path[0], what: m[2], allowed: m[4], worst: map[string]float64{}})
		}
		r := rows[i]
		r.worst[backend] = max(r.worst[backend], deviation)
		if backend != backends[1] {
			r.cases++
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("no deviations in the input: pipe go test -v into it")
	}
	return rows, lines.Err()
}

func write(w io.Writer, rows []*row) {
	fmt.Fprintf(w, "| test | what | cases | pure Go | XLA CPU | allowed |\n|---|---|--:|--:|--:|--:|\n")
	for _, r := range rows {
		cell := func(backend string) string {
			if v, ok := r.worst[backend]; ok {
				return fmt.Sprintf("%.1e", v)
			}
			return "–"
		}
		host, xla := cell("go"), cell("xla:cpu")
		if v, ok := r.worst[""]; ok { // arithmetic of the host, whatever the backend
			host = fmt.Sprintf("%.1e", v)
		}
		what := r.what
		if what == "" {
			what = "–"
		}
		fmt.Fprintf(w, "| %s | %s | %d | %s | %s | %s |\n", r.test, what, r.cases, host, xla, r.allowed)
	}
}
