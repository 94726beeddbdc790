package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// runningFile is in the folder of a run that is being made.
const runningFile = ".running"

// claim makes the folder of a series that was not told where to go: another may have
// begun in the same second.
func (s *series) claim() error {
	if s.fresh == "" {
		return nil
	}
	made, err := freshFolder(s.fresh)
	if err != nil {
		return writeError(fmt.Errorf("make folder for the results: %w", err))
	}
	for i := range s.jobs {
		s.jobs[i].dir = made + strings.TrimPrefix(s.jobs[i].dir, s.fresh)
	}
	s.fresh = ""
	return nil
}

// freshFolder makes a folder of a name, with a number behind it if it is taken.
func freshFolder(name string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return "", err
	}
	fresh := name
	for n := 2; ; n++ {
		if err := os.Mkdir(fresh, 0o755); !errors.Is(err, fs.ErrExist) {
			return fresh, err
		}
		fresh = fmt.Sprintf("%s-%d", name, n)
	}
}

// begin makes a folder ready for a run, and keeps other runs out of it until release
// is called. An earlier run is taken away: what the next one doesn't write anew would
// be taken for a part of it.
func begin(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, writeError(fmt.Errorf("make folder for the results: %w", err))
	}
	release, err = occupy(dir)
	if err != nil {
		return nil, err
	}
	if err := remove(dir, ownFiles()); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// occupy locks a folder for one run. The lock is the system's and ends with the
// process: what one leaves that was killed is no lock.
func occupy(dir string) (release func(), err error) {
	for {
		f, err := os.OpenFile(filepath.Join(dir, runningFile), os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, writeError(fmt.Errorf("lock the folder for the results: %w", err))
		}
		locked, err := lock(f)
		switch {
		case err != nil:
			_ = f.Close() // nothing was written
			return nil, fmt.Errorf("lock the folder for the results: %w", err)
		case !locked:
			_ = f.Close()
			return nil, hinted{fmt.Errorf("another k6report is making a run in %s", filepath.ToSlash(dir)), "wait for its end, or name another folder with --out"}
		case isNamed(f):
			return func() { unlock(f) }, nil
		}
		_ = f.Close() // whoever had it took it away after it was opened
	}
}

// isNamed reports whether an open file still has its name.
func isNamed(f *os.File) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(f.Name())
	return err == nil && os.SameFile(opened, named)
}
