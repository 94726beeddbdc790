package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"k6report/internal/atomicfile"
	"k6report/internal/ingest"
	"k6report/internal/redact"
	"k6report/internal/render"
	"k6report/internal/render/chart"
	"k6report/internal/render/page"
	"k6report/internal/render/view"
	"k6report/internal/report"
	"k6report/internal/run"
)

// output is what files are made of.
type output struct {
	report *report.Report
	run    *run.Run // nil when only the report is known
	// dir is the folder as the CI system knows it, relative to the project.
	dir string
	// written are the names of the files that are there by now.
	written []string
}

// at is where the CI system finds a file, empty where it was not written: what points
// at a file comes after it in the list of formats.
func (o output) at(name string) string {
	if !slices.Contains(o.written, name) {
		return ""
	}
	return path.Join(o.dir, name)
}

// file is one that was made, its name relative to the folder.
type file struct {
	name    string
	content []byte
}

// format is what can be written under --out.
type format struct {
	name string // for --formats
	// may are the names of all files that it may write: a picture is made only
	// where there is something to be drawn.
	may  []string
	make func(output) ([]file, error)
	// needsRun says that it can't be made from a report alone.
	needsRun bool
}

// writer writes a report into one file.
type writer func(io.Writer, output) error

// single is a format of one file.
func single(name, path string, write writer) format {
	return format{name: name, may: []string{path}, make: func(o output) ([]file, error) {
		var content bytes.Buffer
		if err := write(&content, o); err != nil {
			return nil, err
		}
		return []file{{path, content.Bytes()}}, nil
	}}
}

// Names that other formats and verbs know.
const (
	reportFile     = "report.json"
	pageFormat     = "html"
	pageFile       = "report.html"
	chartsFolder   = "charts"
	snapshotFormat = "snapshot"
)

// formats are all of them, in the order in which they are written.
func formats() []format {
	snapshot := single(snapshotFormat, snapshotFile, func(w io.Writer, o output) error { return run.Encode(w, o.run) })
	snapshot.needsRun = true
	return []format{
		single("summary", "summary.txt", func(w io.Writer, o output) error {
			return render.Terminal(w, o.report, render.TerminalOptions{Verbose: true})
		}),
		single("json", reportFile, func(w io.Writer, o output) error { return report.Encode(w, o.report) }),
		single(pageFormat, pageFile, func(w io.Writer, o output) error { return page.HTML(w, o.report) }),
		single("md", "report.md", func(w io.Writer, o output) error { return render.Markdown(w, o.report) }),
		{name: "charts", may: pictureFiles(), make: pictures},
		single("junit", "junit.xml", func(w io.Writer, o output) error {
			return render.JUnit(w, o.report, render.JUnitOptions{Picture: func(chart string) string { return o.at(path.Join(chartsFolder, chart+".png")) }})
		}),
		single("openmetrics", "metrics.txt", func(w io.Writer, o output) error { return render.OpenMetrics(w, o.report) }),
		single("load-performance", "load-performance.json", func(w io.Writer, o output) error { return render.LoadPerformance(w, o.report) }),
		single("annotations", "annotations.json", func(w io.Writer, o output) error {
			return render.Annotations(w, o.report, o.at(pageFile))
		}),
		snapshot,
	}
}

func pictureFiles() []string {
	var names []string
	for _, id := range chart.IDs() {
		for _, ending := range []string{".png", ".svg"} {
			names = append(names, path.Join(chartsFolder, id+ending))
		}
	}
	return names
}

// pictures draws each chart twice.
func pictures(o output) ([]file, error) {
	var out []file
	for _, p := range chart.Pictures(o.report) {
		for _, as := range []struct {
			ending string
			write  func(io.Writer) error
		}{{".png", p.WritePNG}, {".svg", p.WriteSVG}} {
			var content bytes.Buffer
			if err := as.write(&content); err != nil {
				return nil, err
			}
			out = append(out, file{path.Join(chartsFolder, p.ID+as.ending), content.Bytes()})
		}
	}
	return out, nil
}

func formatNames() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// writeFiles writes the wanted files into a folder, each as a whole. One that can't be
// written costs no other.
func (a *app) writeFiles(ctx context.Context, dir string, wanted []string, rep *report.Report, r *run.Run) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return writeError(fmt.Errorf("make folder for the reports: %w", err))
	}
	sweep(dir, a.now())
	o := output{report: rep, run: r, dir: projectPath(dir)}
	var failed []error
	for _, f := range formats() {
		if !slices.Contains(wanted, f.name) || f.needsRun && r == nil {
			continue
		}
		failed = append(failed, f.write(ctx, dir, &o)...)
		if failed != nil && ctx.Err() != nil {
			break
		}
	}
	return notWritten(failed)
}

// write makes the files of a format and writes them. What it wrote there before and
// does not write now is taken away. It gives up where ctx has ended.
func (f format) write(ctx context.Context, dir string, o *output) (failed []error) {
	made, err := f.make(*o)
	if err != nil {
		return []error{err}
	}
	stale := slices.Clone(f.may)
	for _, m := range made {
		err := writeFile(ctx, filepath.Join(dir, filepath.FromSlash(m.name)), m.content)
		switch {
		case err == nil:
			o.written = append(o.written, m.name)
		case ctx.Err() != nil:
			return append(failed, err)
		default:
			failed = append(failed, err)
		}
		stale = slices.DeleteFunc(stale, func(name string) bool { return name == m.name })
	}
	if err := remove(dir, stale); err != nil {
		failed = append(failed, err)
	}
	return failed
}

// writeFile writes a file as a whole, and makes its folder.
func writeFile(ctx context.Context, name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return writeError(fmt.Errorf("make folder for the reports: %w", err))
	}
	return writeError(atomicfile.WriteFile(ctx, name, content))
}

// mostNamed is how many files are named each that can't be written: most often it is
// for one reason.
const mostNamed = 3

// notWritten joins why files were not written.
func notWritten(failed []error) error {
	if more := len(failed) - mostNamed; more > 0 {
		failed = append(failed[:mostNamed:mostNamed], fmt.Errorf("%s can't be written either", view.Plural(more, "more file", "more files")))
	}
	return errors.Join(failed...)
}

// replaceFile writes a file that stands by itself, as a whole, and takes away what
// programs that were killed left half written of it.
func (a *app) replaceFile(ctx context.Context, name string, content []byte) error {
	_, _ = atomicfile.Sweep(filepath.Dir(name), a.now().Add(-abandoned), func(of string) bool { return of == filepath.Base(name) })
	return atomicfile.WriteFile(ctx, name, content)
}

// writeError gives advice on what can't be written below --out.
func writeError(err error) error { return unwritable(err, "--out") }

// unwritable gives advice on what can't be written where a flag says; "" is where none
// does.
func unwritable(err error, flag string) error {
	kind := "folder"
	if flag == "--config" {
		kind = "file"
	}
	var advice, other string
	switch {
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		advice, other = "run k6report as a user who may write there", "another "+kind
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		advice, other = "make room there", "a "+kind+" on another disk"
	default:
		return err
	}
	if flag != "" {
		advice += ", or name " + other + " with " + flag
	}
	return hinted{err, advice}
}

// ownFiles are all that the folder of a run may get.
func ownFiles() []string {
	names := slices.Concat(ingest.SampleFiles(), besideFiles, []string{logFile})
	for _, f := range formats() {
		names = append(names, f.may...)
	}
	return names
}

// abandoned is how old a file is, half written, whose writer is no more: it needs
// seconds.
const abandoned = time.Hour

// sweep takes away what programs that were killed left half written in a folder. What
// can't be taken away does no harm.
func sweep(dir string, now time.Time) {
	own := ownFiles()
	for _, folder := range []string{".", chartsFolder} {
		_, _ = atomicfile.Sweep(filepath.Join(dir, folder), now.Add(-abandoned), func(name string) bool {
			return slices.Contains(own, path.Join(folder, name))
		})
	}
}

// remove takes files out of a folder, as far as they are there.
func remove(dir string, names []string) error {
	for _, name := range names {
		if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("take away an earlier run: %w", err)
		}
	}
	return nil
}

// projectPath is a folder relative to the working directory, where a CI job
// starts in its project; one outside is named by its last part.
func projectPath(dir string) string {
	if !filepath.IsAbs(dir) {
		return filepath.ToSlash(filepath.Clean(dir))
	}
	if here, err := os.Getwd(); err == nil {
		if relative, err := filepath.Rel(here, dir); err == nil && filepath.IsLocal(relative) {
			return filepath.ToSlash(relative)
		}
	}
	return filepath.Base(dir)
}

// deliver writes the wanted files into --out, prints the report and opens its
// page if --open asks for that: a full disk takes nothing from the terminal.
func (a *app) deliver(ctx context.Context, c *common, wanted []string, rep *report.Report, r *run.Run) error {
	var written error
	if c.out != "" {
		written = a.writeFiles(ctx, c.out, wanted, rep, r)
	}
	shown := a.show(c, rep)
	switch {
	case written != nil:
		return written
	case shown != nil:
		return shown
	}
	return a.openReport(ctx, c, rep)
}

// show prints the report as the flags want it, with the same words as its files.
func (a *app) show(c *common, r *report.Report) error {
	stdout := a.stdout
	if w, ok := stdout.(*redact.Writer); ok {
		stdout = w.Masked() // as all reports are
	}
	if c.json {
		return report.Encode(stdout, r)
	}
	if c.quiet {
		return nil
	}
	return render.Terminal(stdout, r, render.TerminalOptions{
		Width: min(a.width, 200), ASCII: c.ascii, Color: a.useColor(c), Verbose: c.verbose, Sections: c.sections,
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
