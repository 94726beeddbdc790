package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"k6report/internal/atomicfile"
	"k6report/internal/render"
	"k6report/internal/report"
	"k6report/internal/run"
)

// format is a file that can be written under --out.
type format struct {
	name string // for --formats
	file string
	// write makes the content; the run is nil when only the report is known.
	write func(io.Writer, *report.Report, *run.Run) error
	// needsRun says that it can't be made from a report alone.
	needsRun bool
}

// formats are all files, in the order in which they are written.
func formats() []format {
	return []format{
		{name: "summary", file: "summary.txt", write: func(w io.Writer, r *report.Report, _ *run.Run) error {
			return render.Terminal(w, r, render.TerminalOptions{Verbose: true})
		}},
		{name: "json", file: "report.json", write: func(w io.Writer, r *report.Report, _ *run.Run) error {
			return report.Encode(w, r)
		}},
		{name: "snapshot", file: snapshotFile, needsRun: true, write: func(w io.Writer, _ *report.Report, r *run.Run) error {
			return run.Encode(w, r)
		}},
	}
}

func formatNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// writeFiles writes the wanted files into a folder, each as a whole.
func writeFiles(ctx context.Context, dir string, wanted []string, rep *report.Report, r *run.Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make folder for the reports: %w", err)
	}
	for _, f := range formats() {
		if !slices.Contains(wanted, f.name) || f.needsRun && r == nil {
			continue
		}
		var content bytes.Buffer
		if err := f.write(&content, rep, r); err != nil {
			return err
		}
		path := filepath.Join(dir, f.file)
		if err := atomicfile.WriteFile(ctx, path, content.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// show prints the report as the flags want it.
func (a *app) show(c *common, r *report.Report) error {
	if c.json {
		return report.Encode(a.stdout, r)
	}
	if c.quiet {
		return nil
	}
	return render.Terminal(a.stdout, r, render.TerminalOptions{
		Width: min(a.width, 200), ASCII: c.ascii, Color: a.useColor(c), Verbose: c.verbose,
	})
}

// finish is the end of every verb that has a verdict.
func finish(r *report.Report) error {
	if r.Verdict.ExitCode != report.ExitOK {
		return exitError{r.Verdict.ExitCode}
	}
	return nil
}

// say prints a message on standard error.
func (a *app) say(c *common, format string, args ...any) {
	if !c.quiet {
		fmt.Fprintf(a.stderr, "k6report: "+format+"\n", args...)
	}
}
