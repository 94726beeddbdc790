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

// asNobody does something as a user who owns nothing where the tests run as root, who
// may do everything. The identity belongs to one thread, which ends with the goroutine
// because it is never unlocked.
func asNobody(t *testing.T, do func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if os.Geteuid() == 0 {
			if err := syscall.Setfsuid(65534); err != nil {
				done <- err
				return
			}
		}
		do()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// A folder that may not be written into: each file is named once, by its own name, and
// the report is shown all the same.
func TestReadOnlyFolder(t *testing.T) {
	t.Chdir(t.TempDir()) // nobody may enter it by its whole path
	if err := os.Mkdir("out", 0o555); err != nil {
		t.Fatal(err)
	}
	var samples bytes.Buffer
	if err := (generated{seconds: 3, rate: 40}).write(&samples); err != nil {
		t.Fatal(err)
	}
	a, stdout, stderr := terminal(t, 100)
	a.stdin, a.stderrTerminal = &samples, false
	code := -1
	asNobody(t, func() {
		code = a.run(t.Context(), []string{"analyze", "-", "--out", "out", "--formats", "summary,json"})
	})
	want := "k6report: error: write out/summary.txt: permission denied\n" +
		"k6report: error: write out/report.json: permission denied\n" +
		"k6report: hint: run k6report as a user who may write there, or name another folder with --out\n"
	if code != exitFailed || stderr.String() != want {
		t.Errorf("exit code %d, standard error:\n%s\nwant\n%s", code, stderr, want)
	}
	if !bytes.Contains(stdout.Bytes(), []byte("Endpoints")) {
		t.Errorf("the terminal has no report:\n%s", stdout)
	}
}

// A run stays in a baseline whose folder may not be written into, and it is said why.
func TestRemoveFromReadOnlyFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	var samples bytes.Buffer
	if err := (generated{seconds: 3, rate: 40}).write(&samples); err != nil {
		t.Fatal(err)
	}
	a, _, stderr := terminal(t, 100)
	a.stdin, a.stderrTerminal = &samples, false
	if code := a.run(t.Context(), []string{"baseline", "add", "-", "--store", "store", "--baseline", "main", "-q"}); code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	dir := filepath.Join("store", "main")
	before, err := os.ReadDir(dir)
	if err != nil || len(before) != 1 {
		t.Fatalf("%d runs: %v", len(before), err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	code := -1
	asNobody(t, func() {
		code = a.run(t.Context(), []string{"baseline", "rm", "2", "--store", "store", "--baseline", "main"})
	})
	want := "k6report: error: delete baseline entry: remove store/main/" + before[0].Name() + ": permission denied\n" +
		"k6report: hint: run k6report as a user who may write there\n"
	if code != exitFailed || stderr.String() != want {
		t.Errorf("exit code %d, standard error:\n%s\nwant\n%s", code, stderr, want)
	}
	if after, err := os.ReadDir(dir); err != nil || len(after) != 1 {
		t.Errorf("%d runs are left: %v", len(after), err)
	}
}

// TestNoPermission: a file that may not be read is named, with what to do.
func TestNoPermission(t *testing.T) {
	name := filepath.Join(t.TempDir(), "run.json")
	if err := os.WriteFile(name, nil, 0o200); err != nil {
		t.Fatal(err)
	}
	var err error
	asNobody(t, func() { _, err = os.Open(name) })
	var stderr bytes.Buffer
	a := &app{stderr: &stderr}
	a.explain(readError(err))
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
