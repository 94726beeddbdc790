// Package atomicfile replaces a file as a whole: whoever reads the name sees
// the old content or the new one, never a part, and after a failure the old
// content is still there. It writes to a temporary name in the same directory,
// syncs, renames and syncs the directory.
//
// It is not a lock (two writers of one name: the last rename wins, both files
// were whole), makes no directories, and knows nothing of what it writes.
package atomicfile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// perm is what a new file gets, minus the process's umask. A report is meant
// to be read by others, so the 0600 of os.CreateTemp would be a surprise.
const perm = 0o644

// ErrDone is returned by the methods of a File that was already committed or
// aborted.
var ErrDone = errors.New("file is already committed or aborted")

// File is a new content on its way to a name. Write it, then call Commit; until
// Commit returns nil the name keeps its old content, or stays absent.
// The methods may be called from several goroutines.
type File struct {
	name string
	ctx  context.Context // kept because Write is io.Writer's and can't take one

	mu        sync.Mutex
	tmp       *os.File
	done      error // nil while the file is open, else what later calls return
	unwatched func() bool
}

// Create starts a new content for name, whose directory must exist. It puts a
// hidden file named .NAME.*.tmp beside it, which is gone after Commit, Abort, a
// failed Write or the end of ctx. Only a killed process leaves it behind.
//
// A name that is a symbolic link is replaced by a plain file. The caller must
// call Commit or Abort; Abort after Commit does no harm, so it can be deferred.
func Create(ctx context.Context, name string) (*File, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, fmt.Errorf("write %s: %w", name, err)
	}
	tmp, err := createTemp(name)
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", name, reason(err))
	}
	f := &File{name: name, ctx: ctx, tmp: tmp}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.unwatched = context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		_ = f.giveUp(context.Cause(ctx)) // Write or Commit will say so
	})
	return f, nil
}

// temporary are the names that createTemp gives.
var temporary = regexp.MustCompile(`^\.(.+)\.[A-Z2-7]{10}\.tmp$`)

// createTemp opens a file that did not exist, beside name, because only a
// rename within one directory is sure to stay on one file system. The random
// part needs no seed: it never reaches an output.
func createTemp(name string) (*os.File, error) {
	dir, base := filepath.Split(name)
	if base == "" || base == "." || base == ".." {
		return nil, errors.New("not the name of a file")
	}
	for {
		tmp := filepath.Join(dir, "."+base+"."+rand.Text()[:10]+".tmp")
		f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// Write appends p to the new content. After an error, that of ctx included, the
// temporary file is gone, the old content stays, and every later call fails.
func (f *File) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return 0, err
	}
	n, err := f.tmp.Write(p)
	if err != nil {
		return n, f.giveUp(err)
	}
	return n, nil
}

// Commit makes the new content the content of the name, and returns once both
// are on disk as far as the operating system can promise. After an error the
// old content stays, with one exception: where only the directory could not be
// synced the new content is there, and the error says so.
func (f *File) Commit() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(); err != nil {
		return err
	}
	if err := f.tmp.Sync(); err != nil {
		return f.giveUp(err)
	}
	// Windows renames only what is closed.
	if err := f.tmp.Close(); err != nil {
		return f.giveUp(err)
	}
	if err := os.Rename(f.tmp.Name(), f.name); err != nil {
		return f.giveUp(err)
	}
	f.done = f.fail(ErrDone)
	f.unwatched()
	if err := syncDir(filepath.Dir(f.name)); err != nil {
		return fmt.Errorf("write %s: the file is in place but may not survive a power failure: %w", f.name, err)
	}
	return nil
}

// Abort gives the new content up and leaves the old one. It does nothing when
// the file was already committed or aborted. It returns an error only where the
// temporary file could not be removed.
func (f *File) Abort() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.done != nil {
		return nil
	}
	return f.discard(f.fail(ErrDone))
}

// open reports whether f can still be written. It looks at the context itself
// because the function that watches it may not have run yet.
func (f *File) open() error {
	if f.done != nil {
		return f.done
	}
	if err := context.Cause(f.ctx); err != nil {
		return f.giveUp(err)
	}
	return nil
}

func (f *File) fail(err error) error { return fmt.Errorf("write %s: %w", f.name, reason(err)) }

// reason is why a file system refused something, without the temporary name, which
// nobody knows.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link): // of a rename
		return link.Err
	}
	return err
}

// giveUp discards the new content because of err and returns it for the caller.
// A temporary file that can't even be removed is the smaller trouble then.
func (f *File) giveUp(err error) error {
	err = f.fail(err)
	_ = f.discard(err)
	return err
}

// discard removes the temporary file and makes why the answer of every later
// call. The caller holds the lock.
func (f *File) discard(why error) error {
	if f.done != nil {
		return nil
	}
	f.done = why
	f.unwatched()
	// Closing fails where the close was what went wrong; the removal counts.
	_ = f.tmp.Close()
	if err := os.Remove(f.tmp.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return f.fail(err)
	}
	return nil
}

// syncDir makes a rename in dir durable. Windows can't sync a directory, and
// some file systems answer that they don't: there is nothing more to do then.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// WriteFile makes data the whole content of name, as Create, Write and Commit
// do. An empty data makes an empty file.
func WriteFile(ctx context.Context, name string, data []byte) error {
	f, err := Create(ctx, name)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// Sweep removes from a directory what killed writers of some names left half written
// before a time, and returns how many files that were. A writer needs seconds, so that
// a time an hour ago harms none.
func Sweep(dir string, before time.Time, of func(name string) bool) (int, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	swept := 0
	for _, e := range entries {
		parts := temporary.FindStringSubmatch(e.Name())
		if parts == nil || !of(parts[1]) {
			continue
		}
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() || !info.ModTime().Before(before) {
			continue // where it is gone, that is what was wanted
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err == nil {
			swept++
		}
	}
	return swept, err
}
