package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// TestNoPermission: a file that may not be read is named, with what to do. Root
// may read everything, so the file is opened as nobody; the identity belongs to
// one thread, which ends with the goroutine because it is never unlocked.
func TestNoPermission(t *testing.T) {
	name := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(name, nil, 0o200); err != nil {
		t.Fatal(err)
	}
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				result <- err
				return
			}
		}
		_, err := os.Open(name)
		result <- readError(err)
	}()
	var stderr bytes.Buffer
	a := &app{stderr: &stderr}
	a.explain(<-result)
	want := "k6report: error: read " + name + ": permission denied\n" +
		"k6report: hint: let the file's owner run chmod a+r on it, or run k6report as the user that wrote it\n"
	if stderr.String() != want {
		t.Errorf("%s\nwant\n%s", stderr.String(), want)
	}
	t.Logf("no permission -> %s", stderr.String())
	if _, err := openFile(context.Background(), name+"x"); err == nil {
		t.Error("a file that is not there opens")
	}
}
