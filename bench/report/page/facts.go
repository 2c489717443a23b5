package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"trainbench/bench/gate"
	"trainbench/bench/record"
)

// fact is a name and a value.
type fact struct{ Name, Value string }

// group is facts under a heading.
type group struct {
	Title string
	Facts []fact
}

// summary is a sample in one line: "top-1 70.50, macro-F1 71.20".
func summary(s record.Sample) string {
	if s.Status != record.OK {
		return s.Detail
	}
	var parts []string
	for _, name := range []string{record.Top1, record.F1} {
		if x, ok := s.Metrics[name]; ok {
			parts = append(parts, fmt.Sprintf("%s %.2f", gate.Label(name), x))
		}
	}
	return strings.Join(parts, ", ")
}

// facts is everything that is recorded of a sample, but for curve and
// predictions. What is empty is left out.
func facts(s record.Sample) []group {
	groups := []group{
		{"Metrics, last epoch", metricFacts(s.Metrics)},
		{"Environment", environment(s.Env)},
		{"Data", []fact{
			{"dataset", s.Data.Dataset}, {"sha256", s.Data.SHA256}, {"subset sha256", s.Data.SubsetSHA256},
			{"images to train on", count(s.Data.TrainImages)}, {"held out", count(s.Data.HeldOut)}, {"to test on", count(s.Data.TestImages)},
			{"per class", list(s.Data.TrainPerClass)}, {"test images in the training set", count(s.Data.Overlap)},
		}},
		{"Weights", []fact{
			{"parameters", count(s.Params.Total)}, {"trainable", count(s.Params.Trainable)},
			{"initial sha256", s.Weights.InitialSHA256}, {"final sha256", s.Weights.FinalSHA256}, {"source sha256", s.Weights.SourceSHA256},
		}},
		{"Time", []fact{
			{"compiling", seconds(s.Timing.Compile)}, {"training", seconds(s.Timing.Train)}, {"an epoch", seconds(s.Timing.PerEpoch)},
			{"evaluating", seconds(s.Timing.Eval)}, {"images a second", count(int(s.Timing.ImagesSec))}, {"peak memory, MiB", count(int(s.Timing.PeakBytes >> 20))},
		}},
	}
	if s.Best != nil {
		title := fmt.Sprintf("Metrics, epoch %d, which was best on the test set", s.Best.Epoch)
		groups = slices.Insert(groups, 1, group{title, metricFacts(s.Best.Metrics)})
	}
	if p := s.Predictions; p != nil {
		groups = append(groups, group{"Predictions", []fact{{"count", count(p.Count)}, {"classes", count(p.Classes)}, {"sha256", p.SHA256}}})
	}
	for i := range groups {
		groups[i].Facts = slices.DeleteFunc(groups[i].Facts, func(f fact) bool { return f.Value == "" })
	}
	return slices.DeleteFunc(groups, func(g group) bool { return len(g.Facts) == 0 })
}

func metricFacts(metrics map[string]float64) []fact {
	var out []fact
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		out = append(out, fact{name, strconv.FormatFloat(metrics[name], 'f', 4, 64)})
	}
	return out
}

func environment(e record.Env) []fact {
	out := []fact{
		{"backend", e.Backend}, {"plugin", e.Plugin}, {"device", e.Device}, {"flags", strings.Join(e.Flags, " ")},
		{"CPU", e.CPU}, {"cores", count(e.Cores)}, {"system", e.OS}, {"host", e.Host}, {"code", e.Code},
	}
	for _, name := range slices.Sorted(maps.Keys(e.Versions)) {
		out = append(out, fact{name, e.Versions[name]})
	}
	if !e.Start.IsZero() {
		out = append(out, fact{"started", e.Start.UTC().Format(time.RFC3339)})
	}
	return out
}

func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func seconds(s float64) string {
	if s == 0 {
		return ""
	}
	return fmt.Sprintf("%.3g s", s)
}

func list(xs []int) string {
	if len(xs) == 0 {
		return ""
	}
	return strings.Trim(fmt.Sprint(xs), "[]")
}

// maxDepth bounds the time that the configuration of another framework can take.
const maxDepth = 20

// flatten lists the leaves of a JSON object in their order: "optim.rate", "0.1".
// A list of plain values is one leaf, and so is what is deeper than maxDepth: each
// level is read again.
func flatten(config json.RawMessage) []fact {
	var out []fact
	var walk func(depth int, name string, value json.RawMessage)
	walk = func(depth int, name string, value json.RawMessage) {
		dec := json.NewDecoder(bytes.NewReader(value))
		start, err := dec.Token()
		if err != nil || start != json.Delim('{') || depth == maxDepth {
			out = append(out, fact{name, strings.Trim(string(value), `"`)})
			return
		}
		for dec.More() {
			key, err := dec.Token()
			var inner json.RawMessage
			if err != nil || dec.Decode(&inner) != nil {
				return // not JSON; records hold nothing else
			}
			walk(depth+1, strings.TrimPrefix(fmt.Sprintf("%s.%v", name, key), "."), inner)
		}
	}
	walk(0, "", config)
	return slices.DeleteFunc(out, func(f fact) bool { return f.Value == "" })
}
