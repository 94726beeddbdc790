package baseline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k6report/internal/atomicfile"
)

// Dir keeps blobs as files below a directory, which is made when the first is
// put. Files are replaced as a whole; what a killed process leaves behind has a
// hidden name and is passed over.
type Dir string

// List implements Blobs.
func (d Dir) List(ctx context.Context, prefix string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(string(d), func(path string, entry fs.DirEntry, err error) error {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // taken away since, or never there
			}
			return err
		}
		relative, err := filepath.Rel(string(d), path)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		switch {
		case name == ".":
		case CheckName(name) != nil && entry.IsDir():
			return fs.SkipDir
		case entry.IsDir() && !strings.HasPrefix(name+"/", prefix) && !strings.HasPrefix(prefix, name+"/"):
			return fs.SkipDir
		case CheckName(name) == nil && !entry.IsDir() && strings.HasPrefix(name, prefix):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", string(d), err)
	}
	return names, nil
}

// mostBlob bounds what is read of a file: entries take 1 MB at most.
const mostBlob = 64 << 20

// Get implements Blobs. A link is not followed, and a pipe not waited for.
func (d Dir) Get(_ context.Context, name string) ([]byte, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("read %s: it is no file", path)
	case info.Size() > mostBlob:
		return nil, fmt.Errorf("read %s: it has %d bytes, which no entry of a baseline has", path, info.Size())
	}
	return os.ReadFile(path)
}

// Put implements Blobs.
func (d Dir) Put(ctx context.Context, name string, content []byte) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("make the baseline's folder: %w", err)
	}
	return atomicfile.WriteFile(ctx, path, content)
}

// Delete implements Blobs.
func (d Dir) Delete(_ context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete baseline entry: %w", err)
	}
	return nil
}

// Sweep removes what killed processes left half written before a time, see
// [atomicfile.Sweep], and returns how many files that were.
func (d Dir) Sweep(ctx context.Context, before time.Time) (int, error) {
	swept := 0
	err := filepath.WalkDir(string(d), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case context.Cause(ctx) != nil:
			return context.Cause(ctx)
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case !entry.IsDir():
			return nil
		}
		n, err := atomicfile.Sweep(path, before, func(name string) bool { return strings.HasSuffix(name, Ending) })
		swept += n
		return err
	})
	if err != nil {
		return swept, fmt.Errorf("clean up %s: %w", string(d), err)
	}
	return swept, nil
}

func (d Dir) path(name string) (string, error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	return filepath.Join(string(d), filepath.FromSlash(name)), nil
}
