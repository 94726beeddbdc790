// Command bench holds k6report against its goals of speed and memory: it makes
// up runs of k6, reads them with k6report and with the programs that people
// would use otherwise, and prints one table. `make bench` runs it.
//
// It judges whole programs from outside. The parts of k6report are measured by
// the Go benchmarks beside them. A goal that is missed is a result: the exit
// code is 0 unless something could not be measured.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"k6report/internal/atomicfile"
)

//nolint:forbidigo // a command is where arguments, clock and streams come from
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr, time.Now)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "bench: error: %v\n", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	program string  // k6report
	version string  // of it, for the heading
	dir     string  // of the files made up
	npm     string  // holds node_modules/@duckdb
	out     string  // a page to rewrite, "" for none
	n       int     // repetitions
	scale   float64 // of all sizes
	big     bool    // also 8 GB
	only    string  // the measurement wanted, "" for all
	seed    uint64
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer, now func() time.Time) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	target, err := openPage(o.out)
	if err != nil {
		return err
	}
	h := &harness{options: o, now: now, log: stderr, machine: thisMachine()} // before there is load of our own
	heading := h.heading(ctx)
	rows, err := h.measure(ctx)
	if err != nil {
		return err
	}
	table, err := markdown(rows)
	if err != nil {
		return err
	}
	result := heading + "\n" + table + "\n" + h.footing(rows)
	if _, err := io.WriteString(stdout, result); err != nil {
		return fmt.Errorf("print the results: %w", err)
	}
	if o.out == "" {
		return nil
	}
	return atomicfile.WriteFile(ctx, o.out, target.with(result))
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.program, "k6report", "bin/k6report", "the `program` to measure")
	f.StringVar(&o.version, "version", "unknown", "what to call its `version`")
	f.StringVar(&o.dir, "dir", ".cache/bench", "`folder` for the runs made up: 13 GB, kept for the next time")
	f.StringVar(&o.npm, "npm", ".tools/npm", "`folder` with DuckDB in its node_modules")
	f.StringVar(&o.out, "o", "", "a Markdown `page`: rewrite the results between its marks")
	f.IntVar(&o.n, "n", 5, "repetitions")
	f.Float64Var(&o.scale, "scale", 1, "multiply all sizes: below 1 tries out the harness, and measures nothing")
	f.BoolVar(&o.big, "big", true, "also a run of 8 GB")
	f.StringVar(&o.only, "only", "", "one `measurement` instead of all: "+strings.Join(measurementNames(), ", "))
	f.Uint64Var(&o.seed, "seed", 1, "of the runs made up")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.only != "" && o.out != "" {
		return o, errors.New("read the flags: -o rewrites the whole table, so it does not go with -only")
	}
	if o.only != "" && !slices.Contains(measurementNames(), o.only) {
		return o, fmt.Errorf("read the flags: there is no measurement %q", o.only)
	}
	if f.NArg() > 0 || o.n < 1 || !(o.scale > 0 && o.scale <= 10) {
		return o, errors.New("read the flags: want -n of 1 and more, -scale above 0 and up to 10, and no arguments")
	}
	for _, path := range []*string{&o.program, &o.dir, &o.npm} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return o, fmt.Errorf("find %s: %w", *path, err)
		}
		*path = absolute
	}
	if _, err := os.Stat(o.program); err != nil {
		return o, fmt.Errorf("find k6report: %w; `make build` builds it", err)
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return o, fmt.Errorf("make a folder for the runs: %w", err)
	}
	return o, nil
}

// page is a Markdown page with a place for the results.
type page struct{ before, after string }

const (
	beginMark = "<!-- bench:begin -->\n"
	endMark   = "<!-- bench:end -->\n"
)

// openPage reads a page before anything is measured, so that minutes aren't
// lost on a wrong name.
func openPage(name string) (page, error) {
	if name == "" {
		return page{}, nil
	}
	content, err := os.ReadFile(name)
	if err != nil {
		return page{}, fmt.Errorf("read the page to rewrite: %w", err)
	}
	before, rest, begins := strings.Cut(string(content), beginMark)
	_, after, ends := strings.Cut(rest, endMark)
	if !begins || !ends {
		return page{}, fmt.Errorf("rewrite %s: it lacks the lines %q and %q", name, strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return page{before, after}, nil
}

func (p page) with(results string) []byte {
	return []byte(p.before + beginMark + "\n" + results + "\n" + endMark + p.after)
}
