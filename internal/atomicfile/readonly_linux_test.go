package atomicfile

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "x")
	if err := WriteFile(t.Context(), name, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	if err := writeUnprivileged(name); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("error %v, want permission denied", err)
	}
	wantContent(t, name, "old")
	wantFiles(t, dir, "x")
}

// writeUnprivileged writes as nobody when the tests run as root, whom a
// read-only directory does not stop. The identity belongs to one thread, which
// ends with the goroutine because it is never unlocked.
func writeUnprivileged(name string) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		done <- WriteFile(context.Background(), name, []byte("new"))
	}()
	return <-done
}
