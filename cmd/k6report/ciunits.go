package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// unit is one run that the ci verb takes.
type unit struct {
	name    string
	dir     string // where its reports go
	sources []string
	rerun   string // its second run; "" is none
}

// unitsOf makes runs of arguments: each folder of a run is one, all files
// together are one. Without arguments they are the runs under results/. out is
// where reports go; "" leaves those of a folder in it.
func unitsOf(args []string, out string) ([]unit, error) {
	if len(args) == 0 {
		found, err := resultFolders(resultsFolder)
		if err != nil {
			return nil, err
		}
		args = found
	}
	var folders, files []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil || !info.IsDir() {
			files = append(files, arg)
			continue
		}
		runs, err := runsOf(arg)
		if err != nil {
			return nil, err
		}
		folders = append(folders, runs...)
	}
	var units []unit
	for _, dir := range withoutConfirmations(folders) {
		u := unit{name: unitName(dir), dir: dir, sources: []string{dir}}
		if isFile(dir) { // a snapshot
			u.dir = filepath.Join(ciFolder, u.name)
		}
		if again := confirmFolder(dir); slices.Contains(folders, again) || isRun(again) {
			u.rerun = again
		}
		units = append(units, u)
	}
	if len(files) > 0 {
		units = append(units, unit{name: unitName(files[0]), dir: ciFolder, sources: files})
	}
	for i := range units {
		switch {
		case out == "":
		case len(units) == 1:
			units[i].dir = out
		default:
			units[i].dir = filepath.Join(out, units[i].name)
		}
	}
	return units, nil
}

func unitName(path string) string {
	name := filepath.Base(filepath.Clean(path))
	return strings.TrimSuffix(name, ".k6run")
}

func isRun(dir string) bool {
	_, err := runFolder(dir)
	return err == nil
}

// withoutConfirmations leaves out second runs whose first is there.
func withoutConfirmations(folders []string) []string {
	return slices.DeleteFunc(slices.Clone(folders), func(dir string) bool {
		first, ok := strings.CutSuffix(filepath.Clean(dir), confirmEnding)
		return ok && (slices.Contains(folders, first) || isRun(first))
	})
}

// resultFolders are the folders of runs under another, at most two levels down.
func resultFolders(root string) ([]string, error) {
	var found []string
	for _, pattern := range []string{"*", filepath.Join("*", "*")} {
		matches, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			return nil, err
		}
		for _, dir := range matches {
			if info, err := os.Stat(dir); err == nil && info.IsDir() && isRun(dir) && !strings.HasPrefix(dir, filepath.FromSlash(defaultStore)) {
				found = append(found, dir)
			}
		}
	}
	if len(found) == 0 {
		return nil, usageError{hinted{
			errors.New("there is no SOURCE, and no run under " + root),
			"let it run k6: k6report ci -- k6 run SCRIPT.js\nor k6 before it: k6 run --out json=results/NAME/run.json.gz --summary-export results/NAME/summary.json SCRIPT.js",
		}}
	}
	slices.Sort(found)
	return found, nil
}
