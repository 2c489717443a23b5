package doctor

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { fmt.Fprintln(t, strings.Join(cells, "\t")) }
	row("system", r.OS)
	row("processor", fmt.Sprintf("%s, %d cores", or(r.CPU, "unknown"), r.Cores))
	row("vectors", or(strings.Join(r.SIMD, " "), "unknown"))
	row("memory", fmt.Sprintf("%s, %s free", size(r.Memory), size(r.Free)))
	row("disk", size(r.Disk)+" free")
	row("go", or(r.Go, "none"))
	row("cgo", or(r.Cgo, "no: "+r.NoCgo))
	for _, g := range r.GPUs {
		about := g.Name + ", " + g.Maker
		if g.Driver != "" {
			about += ", " + g.Memory + ", driver " + g.Driver
		}
		row("GPU", about)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\nbackends, in the order of choice (auto: -backend auto takes the first of them that opens; name the others)\n")
	for _, b := range r.Backends {
		auto := ""
		if b.Auto {
			auto = "auto"
		}
		about := []string{b.Says}
		if b.Package != "" {
			about = append(about, b.Package)
		}
		if !strings.Contains(b.Says, b.SHA256) {
			about = append(about, "sha256 "+b.SHA256)
		}
		row("  "+b.Name, auto, "opens: "+b.Opens, strings.Join(about, ", "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprint(w, "\ndata sets and weights\n")
	for _, f := range r.Files {
		row("  "+f.Name, f.State, f.Says)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(r.Missing) == 0 {
		_, err := fmt.Fprint(w, "\nnothing is missing\n")
		return err
	}
	fmt.Fprint(w, "\nmissing\n")
	for _, m := range r.Missing {
		if _, err := fmt.Fprintf(w, "  %s:\n    %s\n", m.What, m.Command); err != nil {
			return err
		}
	}
	return nil
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func size(n uint64) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
