package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"trainbench/bench/fetch"
)

const fetchUsage = `usage: trainbench fetch [flags] NAME...

Fetch gets data sets and trained weights, checks them, and says how to use them.
A download that broke goes on where it ended. Proxies are taken from HTTPS_PROXY
and NO_PROXY. Without a network, -from takes a file that came another way.

names:
`

// dataEnv names the folder of the data sets, here as in the suites.
const dataEnv = "TRAINBENCH_DATA"

// runFetch is the command "trainbench fetch".
func runFetch(ctx context.Context, args []string, _ io.Reader, stdout, stderr io.Writer) error {
	return fetchFiles(ctx, fetch.Known(), args, stdout, stderr)
}

// fetchFiles fetches those of the files that args name.
func fetchFiles(ctx context.Context, known []fetch.File, args []string, stdout, stderr io.Writer) error {
	usage := fetchUsage
	for _, f := range known {
		usage += fmt.Sprintf("  %-27s %s\n", f.Name, f.URLs[0])
	}
	fs := newFlags("fetch", usage+"\n", stderr)
	opt := fetch.DefaultOptions(dataFolder())
	opt.Messages = stderr
	fs.StringVar(&opt.Dir, "to", opt.Dir, "`folder` to put files into (default $"+dataEnv+", or data)")
	from := fs.String("from", "", "take the `file` (or the file in this folder) rather than download it")
	fs.Func("mirror", "`address` of a folder with the files, to be tried first; may be repeated", func(s string) error {
		if !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://") {
			return errors.New("want an address that begins with https:// or http://")
		}
		opt.Mirrors = append(opt.Mirrors, s)
		return nil
	})
	if err := parse(fs, args, -1); err != nil {
		return err
	}
	dir, err := filepath.Abs(opt.Dir) // what is said must make sense in whatever folder it is read
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	opt.Dir = dir
	files, err := named(known, fs.Args())
	if err != nil {
		return fmt.Errorf("fetch: %w", err)
	}
	if info, err := os.Stat(*from); len(files) > 1 && err == nil && !info.IsDir() {
		return fmt.Errorf("fetch: -from %s is one file, and %d are asked for: name one, or a folder that holds them", *from, len(files))
	}
	var failures []error // of one file, which does not keep the others away
	for _, f := range files {
		if err := fetchOne(ctx, f, *from, opt, stdout); err != nil {
			failures = append(failures, fmt.Errorf("fetch: %w", err))
		}
	}
	return errors.Join(failures...)
}

func dataFolder() string {
	if dir := os.Getenv(dataEnv); dir != "" {
		return dir
	}
	return "data"
}

// named returns the files of the given names.
func named(known []fetch.File, names []string) ([]fetch.File, error) {
	var files []fetch.File
	for _, name := range names {
		var found bool
		var all []string
		for _, f := range known {
			all = append(all, f.Name)
			if f.Name == name {
				files, found = append(files, f), true
			}
		}
		if !found {
			return nil, fmt.Errorf("%q is unknown; known are %s", name, strings.Join(all, ", "))
		}
	}
	return files, nil
}

// fetchOne makes sure that the file is there and can be read, and says how to go on.
func fetchOne(ctx context.Context, f fetch.File, from string, opt fetch.Options, stdout io.Writer) error {
	what, err := f.Open(opt.Dir)
	if err == nil {
		return ready(stdout, f, opt.Dir, what+", there already")
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: what is there cannot be used: %w; move it away, and fetch again", f.Name, err)
	}
	if from != "" {
		_, err = f.Take(from, opt.Dir)
	} else {
		_, err = f.Get(ctx, opt)
	}
	if err != nil {
		return err
	}
	if what, err = f.Open(opt.Dir); err != nil {
		return fmt.Errorf("%s has the right checksum and cannot be read, which is our mistake: %w", f.Name, err)
	}
	return ready(stdout, f, opt.Dir, what)
}

// ready says what was fetched and what to type next.
func ready(w io.Writer, f fetch.File, dir, what string) error {
	next := fmt.Sprintf("next: ./benchstat.sh -profile %s -data %s", f.Profile, quoted(dir))
	if f.Profile == "" {
		next = fmt.Sprintf("next: in a suite, e.Model.Source = &experiment.Source{File: %q, FileSHA256: %q}",
			filepath.Join(dir, f.Base), f.SHA256[:8])
	}
	_, err := fmt.Fprintf(w, "%s: ready in %s: %s\n%s\n", f.Name, dir, what, next)
	return err
}

// quoted quotes a word for the shell where that is needed.
func quoted(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("/._-+=:,@%", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}
