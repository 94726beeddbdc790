package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

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

// runFiles are the sources of a run folder, the samples first.
var runFiles = []string{samplesFile, "run.json", summaryFile, planFile, executionFile}

// howToMakeOne is the k6 command whose output can be read.
const howToMakeOne = "make a run with: k6 run --out json=run.json.gz --summary-export summary.json SCRIPT.js\nthen: k6report analyze run.json.gz summary.json"

// openSources opens all arguments as parts of one run. close closes them.
func (a *app) openSources(args []string) (sources []ingest.Source, closeAll func(), err error) {
	var opened []io.Closer
	closeAll = func() {
		for _, c := range opened {
			c.Close()
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
		f, err := os.Open(path)
		if err != nil {
			closeAll()
			return nil, func() {}, readError(err)
		}
		opened = append(opened, f)
		sources = append(sources, ingest.Source{Name: filepath.ToSlash(path), Reader: f})
	}
	return sources, closeAll, nil
}

func readError(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("read %s: %w", path.Path, path.Err)
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
		if strings.Contains(arg, "://") {
			return nil, usageError{hinted{fmt.Errorf("%s: k6report does not read URLs yet", arg), howToMakeOne}}
		}
		info, err := os.Stat(arg)
		switch {
		case arg == "-":
			paths = append(paths, arg)
		case err == nil && info.IsDir():
			files, err := runFolder(arg)
			if err != nil {
				return nil, err
			}
			paths = append(paths, files...)
		case err != nil && strings.ContainsAny(arg, "*?["):
			matches, globErr := filepath.Glob(arg)
			if globErr != nil || len(matches) == 0 {
				return nil, fmt.Errorf("read %s: no file matches", arg)
			}
			paths = append(paths, matches...)
		case err != nil:
			return nil, readError(err)
		default:
			paths = append(paths, arg)
		}
	}
	return paths, nil
}

// runFolder lists the sources in a folder as k6report run writes it.
func runFolder(dir string) ([]string, error) {
	var files []string
	for _, name := range runFiles {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			files = append(files, path)
		}
	}
	if len(files) > 0 {
		return files, nil
	}
	if path := filepath.Join(dir, snapshotFile); isFile(path) {
		return []string{path}, nil
	}
	return nil, hinted{
		fmt.Errorf("read %s: the folder holds no run (none of %s, %s)", dir, strings.Join(runFiles, ", "), snapshotFile),
		"name the files themselves",
	}
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.IsDir()
}

// newestRun finds the folder under dir, at most two levels down, whose run is
// the newest.
func newestRun(dir string) (string, error) {
	type candidate struct {
		dir  string
		time int64
	}
	var found []candidate
	for _, pattern := range []string{"*", filepath.Join("*", "*")} {
		folders, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return "", err
		}
		for _, folder := range folders {
			files, err := runFolder(folder)
			if err != nil || strings.HasPrefix(folder, filepath.Join(dir, "baselines")) {
				continue
			}
			if info, err := os.Stat(files[0]); err == nil {
				found = append(found, candidate{folder, info.ModTime().UnixNano()})
			}
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
