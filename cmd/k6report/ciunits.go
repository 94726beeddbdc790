package main

import (
	"errors"
	"fmt"
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
		found, err := runsBelow(resultsFolder)
		if err != nil {
			return nil, err
		}
		if len(found) == 0 {
			return nil, usageError{hinted{
				errors.New("there is no SOURCE, and no run under " + resultsFolder),
				"let it run k6: k6report ci -- k6 run SCRIPT.js\nor k6 before it: k6 run --out json=results/NAME/run.json.gz --summary-export results/NAME/summary.json SCRIPT.js",
			}}
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
		for _, dir := range runs {
			if dir = filepath.Clean(dir); !slices.Contains(folders, dir) {
				folders = append(folders, dir)
			}
		}
	}
	var units []unit
	folders = slices.Clip(folders)
	for _, dir := range withoutConfirmations(folders) {
		u := unit{dir: dir, sources: []string{dir}}
		if again := confirmFolder(dir); slices.Contains(folders, again) || isRun(again) {
			u.rerun = again
		}
		units = append(units, u)
	}
	if len(files) > 0 {
		units = append(units, unit{dir: ciFolder, sources: files})
	}
	if len(units) == 0 {
		return nil, usageError{hinted{errors.New("no SOURCE is the first run of anything"), "name the folder of a run: k6report ci results/NAME"}}
	}
	nameUnits(units, out)
	return units, nil
}

// nameUnits gives each run a name that tells it from the others, and its reports a
// folder; see unitsOf.
func nameUnits(units []unit, out string) {
	var paths []string
	for _, u := range units {
		paths = append(paths, strings.TrimSuffix(u.sources[0], ".k6run"))
	}
	for i, name := range uniqueNames(paths) {
		units[i].name = name
		switch {
		case out == "" && len(units[i].sources) == 1 && isFile(units[i].dir): // a snapshot
			units[i].dir = filepath.Join(ciFolder, filepath.FromSlash(name))
		case out == "":
		case len(units) == 1:
			units[i].dir = out
		default:
			units[i].dir = filepath.Join(out, filepath.FromSlash(name))
		}
	}
}

// uniqueNames are the ends of paths, as long as it takes to tell all apart, with
// slashes. They lead nowhere upwards.
func uniqueNames(paths []string) []string {
	parts := make([][]string, len(paths))
	for i, p := range paths {
		for part := range strings.SplitSeq(filepath.ToSlash(filepath.Clean(p)), "/") {
			if part != "" && part != "." && part != ".." && !strings.HasSuffix(part, ":") {
				parts[i] = append(parts[i], part)
			}
		}
	}
	names, lengths := make([]string, len(paths)), make([]int, len(paths))
	for longer := true; longer; {
		longer = false
		count := make(map[string]int)
		for i, p := range parts {
			names[i] = strings.Join(p[max(0, len(p)-1-lengths[i]):], "/")
			count[names[i]]++
		}
		for i, p := range parts {
			if count[names[i]] > 1 && lengths[i]+1 < len(p) {
				lengths[i]++
				longer = true
			}
		}
	}
	seen := make(map[string]bool)
	for i, n := range names {
		if n == "" {
			n = "run"
		}
		name := n
		for k := 2; seen[name]; k++ {
			name = fmt.Sprintf("%s-%d", n, k)
		}
		names[i], seen[name] = name, true
	}
	return names
}

// withoutConfirmations leaves out second runs whose first is among the folders.
func withoutConfirmations(folders []string) []string {
	return slices.DeleteFunc(slices.Clone(folders), func(dir string) bool {
		first, ok := strings.CutSuffix(filepath.Clean(dir), confirmEnding)
		return ok && slices.Contains(folders, first)
	})
}
