// Simulate shows how often the gate errs: it draws thousands of runs of 12
// experiments from known distributions, judges them, and prints the tables of
// docs/gate.md. Beside the gate it judges the same samples as benchstat does, and
// with a fixed tolerance.
//
//	go run ./bench/gate/simulate -w docs/gate.md
//
// replaces the tables in that file. The draws are seeded: the same command gives
// the same tables.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"

	"trainbench/bench/atomicfile"
	"trainbench/bench/gate"
)

func main() {
	families := flag.Int("families", 20000, "runs of 12 comparisons that each cell is drawn from")
	seed := flag.Uint64("seed", 1, "seed of the draws")
	file := flag.String("w", "", "replace the tables in this `file` instead of printing them")
	flag.Parse()
	if err := run(*families, *seed, *file, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run(families int, seed uint64, file string, out io.Writer) error {
	tables := (&simulation{families, seed}).tables()
	if file == "" {
		_, err := io.WriteString(out, tables)
		return err
	}
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := replace(old, tables)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return atomicfile.Write(file, text)
}

// What is between the marks is replaced.
const (
	begin = "<!-- simulate -->\n"
	end   = "<!-- /simulate -->\n"
)

func replace(text []byte, tables string) ([]byte, error) {
	head, rest, ok := bytes.Cut(text, []byte(begin))
	_, tail, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		return nil, fmt.Errorf("no lines %q and %q to put tables between", begin, end)
	}
	return fmt.Appendf(nil, "%s%s%s%s%s", head, begin, tables, end, tail), nil
}

// simulation draws families.
type simulation struct {
	families int
	seed     uint64
}

// rates are what a rule did in many families, in per cent.
type rates struct {
	anyFail float64 // families with a Fail
	first   map[gate.Outcome]float64
	each    map[gate.Outcome]float64 // of all comparisons
	// seeds are the mean numbers of new seeds that sequential mode took: of all
	// comparisons, and of the first one of each family.
	seeds, firstSeeds float64
}

// count is one worker's part of rates.
type count struct {
	anyFail     int
	first, each map[gate.Outcome]int
	seeds       int
	firstSeeds  int
}

// chunk is the number of families drawn from one stream: so many that streams
// cost nothing, and so few that cores share the work evenly.
const chunk = 250

// rates judges s.families families of a scenario. The result does not depend on
// the number of cores.
func (s *simulation) rates(sc scenario, newRule func() rule) rates {
	chunks := (s.families + chunk - 1) / chunk
	counts := make([]count, chunks)
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			r, f := newRule(), newFamily(sc)
			for i := range next {
				rng := rand.New(rand.NewPCG(s.seed, uint64(i)))
				counts[i] = tally(sc, r, f, rng, min(chunk, s.families-i*chunk))
			}
		})
	}
	for i := range chunks {
		next <- i
	}
	close(next)
	wg.Wait()
	return s.sum(counts)
}

func tally(sc scenario, r rule, f *family, rng *rand.Rand, n int) count {
	c := count{first: map[gate.Outcome]int{}, each: map[gate.Outcome]int{}}
	for range n {
		f.draw(sc, rng)
		failed := false
		for i, o := range r.judge(f) {
			c.each[o]++
			if i == 0 {
				c.first[o]++
			}
			failed = failed || o == gate.Fail
		}
		if failed {
			c.anyFail++
		}
		if q, ok := r.(*sequential); ok {
			c.firstSeeds += q.taken[0]
			for _, n := range q.taken {
				c.seeds += n
			}
		}
	}
	return c
}

func (s *simulation) sum(counts []count) rates {
	out := rates{first: map[gate.Outcome]float64{}, each: map[gate.Outcome]float64{}}
	n := float64(s.families)
	for _, c := range counts {
		out.anyFail += 100 * float64(c.anyFail) / n
		out.seeds += float64(c.seeds) / n / comparisons
		out.firstSeeds += float64(c.firstSeeds) / n
		for o, k := range c.first {
			out.first[o] += 100 * float64(k) / n
		}
		for o, k := range c.each {
			out.each[o] += 100 * float64(k) / n / comparisons
		}
	}
	return out
}
