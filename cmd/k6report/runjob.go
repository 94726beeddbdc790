package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"k6report/internal/k6exec"
)

// series is what one command line of the run verb asks for.
type series struct {
	jobs   []job
	levels []level  // nil for a k6 command
	target *url.URL // what the levels load; nil for a k6 command
	// fresh is the folder that is yet to be made, under this name or the next that is
	// free; "" where one was named, and once it is there.
	fresh string
}

// job is one k6 run to make.
type job struct {
	name    string // of the folder: the level, or the script
	command k6exec.Command
	dir     string        // of the results
	plan    []byte        // what k6 inspect printed; nil when unknown
	lasts   time.Duration // as planned; 0 when unknown
}

// left are the jobs behind one when the ladder ends with it; none where that
// is still to be repeated.
func (s *series) left(i int) []job {
	rest := s.jobs[i+1:]
	if len(rest) > 0 && rest[0].name == s.jobs[i].name {
		return nil
	}
	return rest
}

// missing says what a series that broke off at a run had come to, and what it
// left out; "" where there is only that run.
func (s *series) missing(at int, why string, verdicts []string) string {
	if len(s.jobs) == 1 {
		return ""
	}
	text := fmt.Sprintf("run %d of %d, %s, %s", at+1, len(s.jobs), s.jobs[at].name, why)
	switch {
	case len(verdicts) > 0:
		text += "; before it ended " + strings.Join(verdicts, ", ")
	case at > 0:
		text += "; all before it passed"
	}
	rest := s.jobs[at+1:]
	names := jobNames(rest)
	switch {
	case len(names) > 1 || len(rest) > 0 && rest[0].name != s.jobs[at].name:
		text += "; not run: " + strings.Join(names, ", ")
	case len(rest) > 0:
		text += fmt.Sprintf("; not made: %d more", len(rest))
	}
	return text
}

func jobNames(jobs []job) []string {
	var names []string
	for _, j := range jobs {
		names = append(names, j.name)
	}
	return slices.Compact(names)
}

// newSeries finds out what to run and where to keep it.
func (a *app) newSeries(f *runFlags, args []string, dash int) (*series, error) {
	s := &series{}
	var err error
	switch {
	case f.repeat < 1:
		return nil, usageError{fmt.Errorf("read --repeat: %d runs are none; want 1 or more", f.repeat)}
	case dash == 0 && len(args) > 1 && strings.HasPrefix(filepath.Base(args[0]), "k6"):
		if f.url != "" {
			return nil, usageError{hinted{errors.New("--url is for a LEVEL"), "tell your own script with -e NAME=value behind k6 run"}}
		}
		if f.k6 == "" && args[0] != "k6" {
			f.k6 = args[0]
		}
		err = s.add("", args[1:])
	case dash >= 0:
		return nil, usageError{hinted{errors.New("behind -- stands a whole k6 command"), "k6report run -- k6 run script.js"}}
	case len(args) == 1:
		err = a.addLevels(s, f, args[0])
	default:
		return nil, usageError{hinted{errors.New("run wants one LEVEL, or -- and a k6 command"), "levels: " + strings.Join(levelNames(), ", ")}}
	}
	if err != nil {
		return nil, err
	}
	name := s.jobs[0].name
	if len(s.jobs) > 1 {
		name = wholeLadder
	}
	root := f.out
	if root == "" {
		root = filepath.Join(resultsFolder, a.now().UTC().Format("20060102T150405")+"-"+name)
		s.fresh = root
	}
	s.place(root, f.repeat)
	return s, nil
}

func (a *app) addLevels(s *series, f *runFlags, name string) (err error) {
	if s.target, err = a.target(f); err != nil {
		return err
	}
	if s.levels, err = f.suiteLevels(name); err != nil {
		return err
	}
	for _, l := range s.levels {
		if err := s.add(l.name, l.arguments(f)); err != nil {
			return err
		}
	}
	return nil
}

// add adds a run of k6 with these arguments, named by its script where it has no
// name.
func (s *series) add(name string, k6Args []string) error {
	command, err := k6exec.ParseRun(k6Args)
	if err != nil {
		return usageError{err}
	}
	if name == "" {
		name = strings.TrimSuffix(filepath.Base(command.Script), filepath.Ext(command.Script))
	}
	s.jobs = append(s.jobs, job{name: name, command: command})
	return nil
}

// place gives each run its folder: the root, or one in it for each level and
// for each repetition.
func (s *series) place(root string, repeat int) {
	var placed []job
	for _, j := range s.jobs {
		j.dir = root
		if len(s.jobs) > 1 {
			j.dir = filepath.Join(root, j.name)
		}
		if repeat == 1 {
			placed = append(placed, j)
			continue
		}
		for n := 1; n <= repeat; n++ {
			again := j
			again.dir = j.dir + "-" + strconv.Itoa(n)
			if len(s.jobs) == 1 {
				again.dir = filepath.Join(root, strconv.Itoa(n))
			}
			placed = append(placed, again)
		}
	}
	s.jobs = placed
}

// expect has the script of a level refuse any other instance; "" is any.
func (j *job) expect(instance string) (err error) {
	if instance != "" {
		j.command, err = j.command.With("-e", "INSTANCE_ID="+instance)
	}
	return err
}

// remedy is what to do about how k6 ended, and where it said more.
func (j job) remedy(e k6exec.Execution) string {
	log := "k6's log is " + filepath.ToSlash(filepath.Join(j.dir, logFile))
	if e.Remedy == "" {
		return log
	}
	return e.Remedy + "\n" + log
}

// inspectAll asks k6 for the plan of every run, before anything is written.
func (a *app) inspectAll(ctx context.Context, k6 string, s *series) error {
	for i := range s.jobs {
		j := &s.jobs[i]
		if i > 0 && s.jobs[i-1].name == j.name { // a repetition
			j.plan = s.jobs[i-1].plan
			continue
		}
		plan, err := a.inspect(ctx, k6, j.command)
		if err != nil {
			return err
		}
		j.plan = plan
	}
	return nil
}
