package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"k6report/internal/ingest"
)

// Names of the files in a folder that k6report run writes.
const (
	samplesFile   = "run.json.gz"
	summaryFile   = "summary.json"
	planFile      = "plan.json"
	executionFile = "execution.json"
	logFile       = "k6.log"
	snapshotFile  = "run.k6run"
	resultsFolder = "results"
)

// besideFiles are the sources in a run folder beside its samples.
var besideFiles = []string{summaryFile, planFile, executionFile}

// howToMakeOne is the k6 command whose output can be read.
const howToMakeOne = "make a run with: k6 run --out json=run.json.gz --summary-export summary.json SCRIPT.js\nthen: k6report analyze run.json.gz summary.json"

// openSources opens all arguments as parts of one run. close closes them.
func (a *app) openSources(ctx context.Context, args []string) (sources []ingest.Source, closeAll func(), err error) {
	var opened []io.Closer
	closeAll = func() {
		for _, c := range opened {
			_ = c.Close() // it was only read
		}
	}
	paths, err := expand(args)
	if err != nil {
		return nil, closeAll, err
	}
	for _, path := range paths {
		if path == "-" {
			sources = append(sources, ingest.Source{Name: "standard input", Reader: a.stdin})
			continue
		}
		if db, ok := databaseOf(path); ok {
			s, err := db.open(a, path)
			if err != nil {
				closeAll()
				return nil, func() {}, err
			}
			sources = append(sources, s)
			continue
		}
		f, err := openFile(ctx, path)
		if err != nil {
			closeAll()
			return nil, func() {}, readError(err)
		}
		opened = append(opened, f)
		sources = append(sources, ingest.Source{Name: filepath.ToSlash(path), Reader: f})
	}
	return sources, closeAll, nil
}

// openFile is os.Open, which Ctrl-C ends: opening a pipe waits until somebody
// writes to it.
func openFile(ctx context.Context, path string) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	result := make(chan opened, 1)
	go func() {
		f, err := os.Open(path)
		result <- opened{f, err}
	}()
	select {
	case o := <-result:
		return o.file, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("open %s: %w", path, ctx.Err())
	}
}

func readError(err error) error {
	var path *fs.PathError
	if !errors.As(err, &path) {
		return err
	}
	err = fmt.Errorf("read %s: %w", path.Path, path.Err)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return hinted{err, "let the file's owner run chmod a+r on it, or run k6report as the user that wrote it"}
	case errors.Is(err, syscall.EMFILE):
		return hinted{err, "all files of a run are open at once: raise the limit with ulimit -n, or make snapshots of some of them first"}
	}
	return err
}

// expand turns arguments into paths: globs into what matches, folders into the
// files of their run, nothing into the newest run under results.
func expand(args []string) ([]string, error) {
	if len(args) == 0 {
		newest, err := newestRun(resultsFolder)
		if err != nil {
			return nil, err
		}
		args = []string{newest}
	}
	var paths []string
	for _, arg := range args {
		files, err := expandOne(arg)
		if err != nil {
			return nil, err
		}
		paths = append(paths, files...)
	}
	return paths, nil
}

func expandOne(arg string) ([]string, error) {
	if _, ok := databaseOf(arg); ok || arg == "-" {
		return []string{arg}, nil
	}
	if strings.Contains(arg, "://") {
		return nil, usageError{hinted{fmt.Errorf("read %s: k6report does not read such URLs", publicURL(arg)), howToNameADatabase()}}
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return runFolder(arg)
	case err == nil:
		return []string{arg}, nil
	case !strings.ContainsAny(arg, "*?["):
		return nil, readError(err)
	}
	matches, err := matching(arg)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, match := range matches {
		if isFile(match) {
			paths = append(paths, match)
			continue
		}
		files, err := runFolder(match)
		if err != nil {
			return nil, err
		}
		paths = append(paths, files...)
	}
	return paths, nil
}

// matching are the paths that a pattern matches, as in a shell without those that are
// hidden: what a run being made has there is none of its sources.
func matching(pattern string) ([]string, error) {
	hidden := func(path string) bool { return strings.HasPrefix(filepath.Base(path), ".") }
	matches, err := filepath.Glob(pattern)
	if !hidden(pattern) {
		matches = slices.DeleteFunc(matches, hidden)
	}
	if err != nil || len(matches) == 0 {
		return nil, fmt.Errorf("read %s: no file matches", pattern)
	}
	return matches, nil
}

// publicURL is a URL without what may be secret in it.
func publicURL(raw string) string {
	scheme, rest, _ := strings.Cut(raw, "://")
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		rest = rest[at+1:]
	}
	rest, _, _ = strings.Cut(rest, "?")
	return scheme + "://" + rest
}

// runFolder lists the sources in a folder as k6report run writes it, or with samples
// in another format. A snapshot holds what stands beside the samples, too.
func runFolder(dir string) ([]string, error) {
	var files []string
	for _, name := range ingest.SampleFiles() {
		path := filepath.Join(dir, name)
		if !isFile(path) {
			continue
		}
		if name == snapshotFile {
			return []string{path}, nil
		}
		files = append(files, path)
		break
	}
	for _, name := range besideFiles {
		if path := filepath.Join(dir, name); holdsSomething(path) {
			files = append(files, path)
		}
	}
	if len(files) > 0 {
		return files, nil
	}
	return nil, hinted{
		fmt.Errorf("read %s: the folder holds no run (none of %s)", dir, strings.Join(slices.Concat(ingest.SampleFiles(), besideFiles), ", ")),
		"name the files themselves",
	}
}

// holdsSamples reports whether the folder of a run holds more than what stands beside
// the samples.
func holdsSamples(dir string) bool {
	return slices.ContainsFunc(ingest.SampleFiles(), func(name string) bool { return isFile(filepath.Join(dir, name)) })
}

// holdsSomething reports whether there is a file that is not empty, as k6 leaves its
// summary where the disk is full.
func holdsSomething(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir() && info.Size() > 0
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// newestRun finds the folder under dir, at most two levels down, whose run is
// the newest. A second run is none: the report of its first one tells of both.
func newestRun(dir string) (string, error) {
	type candidate struct {
		dir  string
		time int64
	}
	folders, err := runsBelow(dir)
	if err != nil {
		return "", err
	}
	var found []candidate
	for _, folder := range folders {
		if firstOf(folder) != "" {
			continue
		}
		files, err := runFolder(folder)
		if err != nil {
			continue // taken away since
		}
		if info, err := os.Stat(files[0]); err == nil {
			found = append(found, candidate{folder, info.ModTime().UnixNano()})
		}
	}
	if len(found) == 0 {
		return "", usageError{hinted{fmt.Errorf("there is no SOURCE, and no run under %s", dir), howToMakeOne}}
	}
	newest := slices.MaxFunc(found, func(x, y candidate) int {
		return cmp.Or(cmp.Compare(x.time, y.time), cmp.Compare(x.dir, y.dir))
	})
	return newest.dir, nil
}

// runsBelow are the folders of runs under another, at most two levels down,
// sorted. Those of the default store are none: they are what is compared with.
func runsBelow(root string) ([]string, error) {
	store := filepath.FromSlash(defaultStore)
	var found []string
	for _, pattern := range []string{"*", filepath.Join("*", "*")} {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, dir := range matches {
			if dir != store && filepath.Dir(dir) != store && isRun(dir) {
				found = append(found, dir)
			}
		}
	}
	slices.Sort(found)
	return found, nil
}

func isRun(dir string) bool {
	_, err := runFolder(dir)
	return err == nil
}
