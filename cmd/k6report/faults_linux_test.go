package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"k6report/internal/needs"
	"k6report/internal/report"
	"k6report/internal/run"
)

// aRun is a folder with the samples of a short run.
func aRun(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := (generated{seconds: 30, rate: 50}).writeFile(filepath.Join(dir, "run.json.gz")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// shell runs a command line with the program on PATH.
func shell(t *testing.T, dir, line string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-c", line)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), endAtOnce)
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), complaints.String(), cmd.ProcessState.ExitCode()
}

// whole reads every file in a folder of reports and answers how many there are;
// each has to be complete, whoever was stopped while writing it.
func whole(t *testing.T, folder string) (files int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".tmp") {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := complete(path, content); err != nil {
			t.Errorf("%s, %d bytes: %v", filepath.Base(path), len(content), err)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

func complete(path string, content []byte) error {
	switch filepath.Ext(path) {
	case ".json":
		if filepath.Base(path) == reportFile {
			_, err := report.Decode(bytes.NewReader(content))
			return err
		}
		var any json.RawMessage
		return json.Unmarshal(content, &any)
	case ".k6run":
		_, err := run.Decode(bytes.NewReader(content))
		return err
	case ".png":
		_, err := png.Decode(bytes.NewReader(content))
		return err
	case ".xml", ".svg":
		return xml.Unmarshal(content, new(struct{}))
	case ".html":
		return endsWith(bytes.TrimRight(content, "\n"), "</html>")
	case ".txt":
		if filepath.Base(path) == "metrics.txt" {
			return endsWith(content, "# EOF\n")
		}
	}
	return endsWith(content, "\n")
}

func endsWith(content []byte, end string) error {
	if !bytes.HasSuffix(content, []byte(end)) {
		return fmt.Errorf("it does not end with %q", end)
	}
	return nil
}

// A full disk costs the files that don't fit, never the report on the terminal,
// and leaves none half written.
func TestDiskFull(t *testing.T) {
	dir := aRun(t)
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=48k"); err != nil {
		needs.LeaveOut(t, "missing: %s", "root and the right to mount a small file system: "+err.Error())
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	_, stderr, code := shell(t, dir, "k6report analyze run.json.gz -q --out small --formats summary,html,md,load-performance,annotations")
	if code != exitFailed || !strings.Contains(stderr, "write small/report.html: no space left on device\nk6report: hint: make room there") {
		t.Errorf("exit code %d, standard error:\n%s", code, stderr)
	}
	for _, name := range []string{"summary.txt", "report.md", "load-performance.json", "annotations.json"} {
		if !isFile(filepath.Join(small, name)) {
			t.Errorf("there was room for %s", name)
		}
	}
	stdout, stderr, code := shell(t, dir, "k6report analyze run.json.gz --out small")
	if code != exitFailed || !strings.Contains(stderr, "no space left on device") || !strings.Contains(stderr, "small") {
		t.Errorf("exit code %d, standard error:\n%s", code, stderr)
	}
	if !strings.Contains(stdout, "Endpoints") {
		t.Errorf("the terminal has no report:\n%s", stdout)
	}
	whole(t, small)
	if left, err := filepath.Glob(filepath.Join(small, ".*.tmp")); err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	_, stderr, code = shell(t, dir, "k6report analyze run.json.gz >/dev/full")
	if code != exitFailed || !strings.Contains(stderr, "no space left on device") {
		t.Errorf("to a full device: exit code %d, standard error:\n%s", code, stderr)
	}
}

// Limits of small containers are enough: 2 GB of address space, 40 open files.
func TestSmallMachine(t *testing.T) {
	needs.Time(t, "the race detector, under which the short tests run, reserves terabytes of address space")
	dir := aRun(t)
	_, stderr, code := shell(t, dir, "ulimit -v 2097152; ulimit -n 40; k6report analyze -q run.json.gz --out out")
	if code != exitOK {
		t.Fatalf("exit code %d, standard error:\n%s", code, stderr)
	}
	if files := whole(t, filepath.Join(dir, "out")); files < len(formats()) {
		t.Errorf("only %d files were written", files)
	}
}

// Killed at any time, the program leaves whole files, and the next run puts all
// of them there.
func TestKilledWhileWriting(t *testing.T) {
	needs.Time(t, "starts many programs")
	dir := aRun(t)
	began := time.Now()
	if _, stderr, code := shell(t, dir, "k6report analyze -q run.json.gz --out once"); code != exitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	usual := time.Since(began)
	all := whole(t, filepath.Join(dir, "once"))
	const seed = 20261127
	t.Logf("seed %d, a run takes %v and writes %d files", seed, usual, all)
	moments := rand.New(rand.NewPCG(seed, 0))
	partly := 0
	for i := range 40 {
		folder := fmt.Sprintf("out%d", i%4) // some anew, some over what is there
		cmd := exec.CommandContext(t.Context(), "k6report", "analyze", "-q", "run.json.gz", "--out", folder)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), endAtOnce)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(moments.Int64N(int64(usual))), func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // says that it was killed
		kill.Stop()
		if n := whole(t, filepath.Join(dir, folder)); n > 0 && n < all {
			partly++
		}
	}
	if partly == 0 {
		t.Error("no run was killed between its first file and its last: the test shows nothing")
	}
	for i := range 4 {
		folder := fmt.Sprintf("out%d", i)
		if _, stderr, code := shell(t, dir, "k6report analyze -q run.json.gz --out "+folder); code != exitOK {
			t.Fatalf("exit code %d: %s", code, stderr)
		}
		if n := whole(t, filepath.Join(dir, folder)); n != all {
			t.Errorf("%s has %d of %d files", folder, n, all)
		}
	}
}

// Two programs that write into one folder leave whole files there.
func TestTwoIntoOneFolder(t *testing.T) {
	dir := aRun(t)
	_, stderr, code := shell(t, dir, "k6report analyze -q run.json.gz --out out & k6report analyze -q run.json.gz --out out; code=$?; wait $! && exit $code")
	if code != exitOK {
		t.Errorf("exit code %d: %s", code, stderr)
	}
	if files := whole(t, filepath.Join(dir, "out")); files < len(formats()) {
		t.Errorf("only %d files were written", files)
	}
	left, err := filepath.Glob(filepath.Join(dir, "out", ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v is left behind, %v", left, err)
	}
}
