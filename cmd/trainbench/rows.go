package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"
)

// row is one training in a file to be imported.
type row struct {
	where  string            // "runs.csv:3"
	fields map[string]string // by column
	// numbers are the columns, in order, that are metrics unless told otherwise.
	numbers []string
}

// maxRowLine bounds a line of a file to be imported, and maxRowFile the file: a
// million trainings have less.
const (
	maxRowLine = 16 << 20
	maxRowFile = 256 << 20
)

// bounded is a reader that fails when it has read more than most bytes.
type bounded struct {
	r          io.Reader
	most, read int
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.read += n; b.read > b.most {
		return 0, fmt.Errorf("more than %d MiB: want one line a training", b.most>>20)
	}
	return n, err
}

// readRows reads a file in the given format.
func readRows(r io.Reader, name, format string) ([]row, error) {
	return parseRows(&bounded{r: r, most: maxRowFile}, name, format)
}

func parseRows(r io.Reader, name, format string) ([]row, error) {
	switch format {
	case "csv":
		return readCSV(r, name)
	case "jsonl":
		return readJSONLines(r, name)
	case "bench":
		return readBench(r, name)
	}
	return nil, fmt.Errorf("format %q is none of csv, jsonl, bench", format)
}

// formatOf guesses the format of a file from its name.
func formatOf(name string) (string, error) {
	switch {
	case strings.HasSuffix(name, ".csv"):
		return "csv", nil
	case strings.HasSuffix(name, ".jsonl"), strings.HasSuffix(name, ".ndjson"), strings.HasSuffix(name, ".json"):
		return "jsonl", nil
	case strings.HasSuffix(name, ".txt"), strings.HasSuffix(name, ".bench"):
		return "bench", nil
	}
	return "", fmt.Errorf("%s: cannot tell the format from the name: say -format csv, jsonl or bench", name)
}

func readCSV(r io.Reader, name string) ([]row, error) {
	in := csv.NewReader(r)
	header, err := in.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: empty: want a first line with the names of the columns", name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	for i, column := range header {
		header[i] = strings.TrimSpace(strings.TrimPrefix(column, "\ufeff"))
		if slices.Contains(header[:i], header[i]) {
			return nil, fmt.Errorf("%s: line 1: two columns are called %q", name, header[i])
		}
	}
	var rows []row
	for {
		record, err := in.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := in.FieldPos(0)
		out := row{where: fmt.Sprintf("%s:%d", name, line), fields: map[string]string{}}
		for i, value := range record {
			out.add(header[i], strings.TrimSpace(value))
		}
		rows = append(rows, out)
	}
}

// add sets a column, and takes it for a metric if it holds a number.
func (r *row) add(column, value string) {
	r.fields[column] = value
	if _, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		r.numbers = append(r.numbers, column)
	}
}

// readJSONLines reads one object a line. Objects inside it are columns with dots
// in their names; lists are left out.
func readJSONLines(r io.Reader, name string) ([]row, error) {
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxRowLine)
	var rows []row
	for line := 1; in.Scan(); line++ {
		if len(bytes.TrimSpace(in.Bytes())) == 0 {
			continue
		}
		out := row{where: fmt.Sprintf("%s:%d", name, line), fields: map[string]string{}}
		dec := json.NewDecoder(bytes.NewReader(in.Bytes()))
		dec.UseNumber()
		var object map[string]any
		if err := dec.Decode(&object); err != nil {
			return nil, fmt.Errorf("%s: want one JSON object a line: %w", out.where, err)
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: more than one JSON value in the line", out.where)
		}
		if err := out.flatten("", object, 0); err != nil {
			return nil, fmt.Errorf("%s: %w", out.where, err)
		}
		slices.Sort(out.numbers)
		rows = append(rows, out)
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return rows, nil
}

// maxRowDepth bounds the memory that the names of columns take.
const maxRowDepth = 20

func (r *row) flatten(prefix string, object map[string]any, depth int) error {
	if depth > maxRowDepth {
		return fmt.Errorf("objects nested deeper than %d", maxRowDepth)
	}
	for key, value := range object {
		switch v := value.(type) {
		case map[string]any:
			if err := r.flatten(prefix+key+".", v, depth+1); err != nil {
				return err
			}
		case json.Number:
			r.fields[prefix+key] = v.String()
			r.numbers = append(r.numbers, prefix+key)
		case string:
			r.add(prefix+key, v) // "NaN" can only be written so
		case bool:
			r.fields[prefix+key] = strconv.FormatBool(v)
		}
	}
	return nil
}

// readBench reads the output of go test -bench. Units are columns; of the name
// BenchmarkSkip/method=resnet20/seed=42 the parts key=value are columns too, and
// what is neither the seed nor the benchmark itself is the experiment.
func readBench(r io.Reader, name string) ([]row, error) {
	in := benchfmt.NewReader(r, name)
	var rows []row
	for in.Scan() {
		switch result := in.Result().(type) {
		case *benchfmt.SyntaxError:
			return nil, result
		case *benchfmt.Result:
			rows = append(rows, benchRow(result))
		}
	}
	return rows, in.Err()
}

func benchRow(result *benchfmt.Result) row {
	file, line := result.Pos()
	out := row{where: fmt.Sprintf("%s:%d", file, line), fields: map[string]string{}}
	base, parts := result.Name.Parts()
	var experiment []string
	for _, part := range parts {
		key, value, ok := strings.Cut(strings.TrimPrefix(string(part), "/"), "=")
		switch {
		case strings.HasPrefix(string(part), "-"): // GOMAXPROCS
		case ok && key == "seed":
			out.fields[key] = value
		case ok:
			out.fields[key] = value
			experiment = append(experiment, value)
		default:
			experiment = append(experiment, key)
		}
	}
	out.fields["benchmark"] = string(base)
	out.fields["experiment"] = strings.Join(experiment, "+")
	if len(experiment) == 0 {
		out.fields["experiment"] = string(base)
	}
	for _, v := range result.Values {
		out.add(v.Unit, strconv.FormatFloat(v.Value, 'g', -1, 64))
	}
	return out
}
