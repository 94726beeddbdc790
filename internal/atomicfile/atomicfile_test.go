package atomicfile

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/needs"
)

// childEnv makes the test binary play the writer that is killed.
const childEnv = "ATOMICFILE_TEST_CHILD"

func TestMain(m *testing.M) {
	if mode := os.Getenv(childEnv); mode != "" {
		if err := child(mode, os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child writes name until it is killed.
func child(mode, name string) error {
	if mode == "half" {
		f, err := Create(context.Background(), name)
		if err != nil {
			return err
		}
		if _, err := f.Write([]byte("half of the new con")); err != nil {
			return err
		}
		fmt.Println("half")
		_, err = io.Copy(io.Discard, os.Stdin) // until killed
		return err
	}
	for i := byte(0); ; i++ {
		if err := WriteFile(context.Background(), name, bytes.Repeat([]byte{'a' + i%26}, 1<<18)); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

func TestCommitReplaces(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	for _, want := range []string{"first", "", "a longer third"} {
		if err := WriteFile(t.Context(), name, []byte(want)); err != nil {
			t.Fatal(err)
		}
		wantContent(t, name, want)
		wantFiles(t, filepath.Dir(name), "x")
	}
}

func TestWriterStreams(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	f, err := Create(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if n, err := fmt.Fprintf(f, "line %d\n", i); err != nil || n != 7 {
			t.Fatalf("Write = %d, %v; want 7, nil", n, err)
		}
		if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("the name exists before Commit: %v", err)
		}
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	wantContent(t, name, "line 0\nline 1\nline 2\n")
	wantFiles(t, filepath.Dir(name), "x")
	if err := f.Abort(); err != nil {
		t.Errorf("Abort after Commit: %v", err)
	}
	wantContent(t, name, "line 0\nline 1\nline 2\n")
	if err := f.Commit(); !errors.Is(err, ErrDone) {
		t.Errorf("second Commit = %v, want ErrDone", err)
	}
	if _, err := f.Write([]byte("x")); !errors.Is(err, ErrDone) {
		t.Errorf("Write after Commit = %v, want ErrDone", err)
	}
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		needs.LeaveOut(t, "Windows has no permission bits")
	}
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, perm); err != nil { // applies the umask
		t.Fatal(err)
	}
	want, err := os.Stat(plain)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "x")
	if err := WriteFile(t.Context(), name, []byte("x")); err != nil {
		t.Fatal(err)
	}
	got, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if got.Mode() != want.Mode() {
		t.Errorf("mode %v, want %v", got.Mode(), want.Mode())
	}
}

// TestFailureKeepsOld breaks each step and expects the old content, no
// temporary file, and an error that names the file.
func TestFailureKeepsOld(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		name  string
		fail  func(t *testing.T, f *File, cancel context.CancelCauseFunc) error
		wants error // nil: any error
	}{
		{"write error", func(t *testing.T, f *File, _ context.CancelCauseFunc) error {
			mustClose(t, f.tmp) // the next write fails as on a broken disk
			_, err := f.Write([]byte("more"))
			return err
		}, os.ErrClosed},
		{"sync error", func(t *testing.T, f *File, _ context.CancelCauseFunc) error {
			mustClose(t, f.tmp)
			return f.Commit()
		}, os.ErrClosed},
		{"rename error", func(t *testing.T, f *File, _ context.CancelCauseFunc) error {
			if err := os.Remove(f.tmp.Name()); err != nil {
				t.Fatal(err)
			}
			return f.Commit()
		}, fs.ErrNotExist},
		{"abort", func(t *testing.T, f *File, _ context.CancelCauseFunc) error {
			if err := f.Abort(); err != nil {
				t.Fatal(err)
			}
			return f.Commit()
		}, ErrDone},
		{"cancelled before write", func(_ *testing.T, f *File, cancel context.CancelCauseFunc) error {
			cancel(boom)
			_, err := f.Write([]byte("more"))
			return err
		}, boom},
		{"cancelled before commit", func(_ *testing.T, f *File, cancel context.CancelCauseFunc) error {
			cancel(boom)
			return f.Commit()
		}, boom},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "x")
			if err := WriteFile(t.Context(), name, []byte("old")); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			f, err := Create(ctx, name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write([]byte("new")); err != nil {
				t.Fatal(err)
			}
			err = tt.fail(t, f, cancel)
			if !errors.Is(err, tt.wants) || strings.Count(err.Error(), filepath.Dir(name)) != 1 || !strings.Contains(err.Error(), name+": ") {
				t.Errorf("error %v, want one of %s that is %v, and of no other file", err, name, tt.wants)
			}
			wantContent(t, name, "old")
			wantFiles(t, filepath.Dir(name), "x")
			if again := f.Commit(); again == nil {
				t.Error("Commit after a failure succeeded")
			}
			wantContent(t, name, "old")
		})
	}
}

func TestCancelRemovesTempOfIdleWriter(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	f, err := Create(ctx, filepath.Join(dir, "x"))
	if err != nil {
		t.Fatal(err)
	}
	removed := make(chan struct{})
	go func() { // nobody writes: only the context can clean up
		defer close(removed)
		for {
			f.mu.Lock()
			done := f.done != nil
			f.mu.Unlock()
			if done {
				return
			}
			runtime.Gosched()
		}
	}()
	cancel()
	<-removed
	wantFiles(t, dir)
}

func TestCreateErrors(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		filepath.Join(dir, "absent", "x"), filepath.Join(file, "x"), "", ".", dir + string(filepath.Separator),
	} {
		if err := WriteFile(t.Context(), name, nil); err == nil || strings.Contains(err.Error(), ".tmp") {
			t.Errorf("WriteFile(%q): %v", name, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Create(ctx, filepath.Join(dir, "x")); !errors.Is(err, context.Canceled) {
		t.Errorf("Create with a cancelled context: %v", err)
	}
	wantFiles(t, dir, "file")
}

func TestNameIsDirectory(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "taken")
	if err := os.Mkdir(name, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(t.Context(), name, []byte("x")); err == nil {
		t.Error("a directory was replaced by a file")
	}
	wantFiles(t, dir, "taken")
}

// What a killed writer left is swept once it is old; what is none of its files stays.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{
		".a.json.ABCDEFGH23.tmp": 2 * time.Hour, ".a.json.ABCDEFGH24.tmp": 0, ".b.json.ABCDEFGH23.tmp": 2 * time.Hour,
		"a.json": 2 * time.Hour, ".a.json.mine.tmp": 2 * time.Hour, ".a.json.tmp": 2 * time.Hour, "..ABCDEFGH23.tmp": 2 * time.Hour,
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	isA := func(name string) bool { return name == "a.json" }
	if n, err := Sweep(dir, now.Add(-time.Hour), isA); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	wantFiles(t, dir, "..ABCDEFGH23.tmp", ".a.json.ABCDEFGH24.tmp", ".a.json.mine.tmp", ".a.json.tmp", ".b.json.ABCDEFGH23.tmp", "a.json")
	if n, err := Sweep(filepath.Join(dir, "none"), now, isA); n != 0 || err != nil {
		t.Errorf("of no folder: %d, %v", n, err)
	}
}

func TestKilledHalfway(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x")
	if err := WriteFile(t.Context(), name, []byte("old")); err != nil {
		t.Fatal(err)
	}
	cmd, out := startChild(t, "half", name)
	if line, err := out.ReadString('\n'); line != "half\n" {
		t.Fatalf("child said %q, %v", line, err)
	}
	kill(t, cmd)
	wantContent(t, name, "old")
	if n, err := Sweep(filepath.Dir(name), time.Now().Add(time.Minute), func(name string) bool { return name == "x" }); n != 1 || err != nil {
		t.Errorf("swept %d halves, %v", n, err)
	}
	wantFiles(t, filepath.Dir(name), "x")
}

func TestKilledAnywhereLeavesAWholeFile(t *testing.T) {
	for round := range 5 {
		name := filepath.Join(t.TempDir(), "x")
		cmd, out := startChild(t, "loop", name)
		for range 3 + round {
			if _, err := out.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
			wantWhole(t, name) // while the next one is being written
		}
		kill(t, cmd)
		wantWhole(t, name)
	}
}

func startChild(t *testing.T, mode, name string) (*exec.Cmd, *bufio.Reader) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], name)
	cmd.Env = append(os.Environ(), childEnv+"="+mode)
	cmd.Stderr = os.Stderr
	if _, err := cmd.StdinPipe(); err != nil { // held open: the child waits on it
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewReader(out)
}

// kill ends the child as kill -9 does, with no chance to tidy up.
func kill(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child ended by itself")
	}
}

func wantWhole(t *testing.T, name string) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != 1<<18 || bytes.Count(b, b[:1]) != len(b) {
		t.Fatalf("read a file of %d bytes that is not one whole version", len(b))
	}
}

func wantContent(t *testing.T, name, want string) {
	t.Helper()
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s holds %q, want %q", filepath.Base(name), got, want)
	}
}

// wantFiles expects exactly these names in dir: no temporary file.
func wantFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !slices.Equal(got, names) {
		t.Errorf("%s holds %q, want %q", dir, got, names)
	}
}

func mustClose(t *testing.T, f *os.File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
