package main

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"k6report/internal/baseline"
	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6gen"
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
		if _, err := baseline.Decode(content); err == nil {
			return nil
		}
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
	small := smallDisk(t, dir, "48k")
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

// smallDisk is a file system of a size in a folder named small.
func smallDisk(t *testing.T, dir, size string) string {
	t.Helper()
	small := filepath.Join(dir, "small")
	if err := os.Mkdir(small, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size="+size); err != nil {
		needs.LeaveOut(t, "missing: %s", "root and the right to mount a small file system: "+err.Error())
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	return small
}

// A disk that is full, or becomes so, is named by every verb that writes, with what to
// do; what was measured is shown all the same, and judged as what it is.
func TestDiskFullOfOtherVerbs(t *testing.T) {
	const (
		k6   = "PATH=$PWD/bin:$PATH "
		fill = "head -c 4m /dev/zero >small/full; "
	)
	in := inputsOfWritings(t)
	t.Setenv("IN", in)
	entries, err := filesBelow(filepath.Join(in, "store"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, size, line string
		shows            []string // on the terminal; none is nothing
		says             []string
		keeps            []string // on the small disk
	}{
		{
			"run, full before", "4k", "head -c 4096 /dev/zero >small/full; " + k6 + "k6report run --out small -- k6 run s.js", nil,
			[]string{"k6report: error: keep the plan: write small/plan.json: no space left on device\nk6report: hint: make room there"},
			[]string{"full"},
		},
		{
			"run, full meanwhile", "16k", k6 + "k6report run --out small -- k6 run s.js",
			[]string{"INVALID", "Endpoints"},
			[]string{"k6report: error: keep the record of the run: write small/execution.json: no space left on device\n", "k6report: hint: make room there"},
			[]string{logFile, planFile, samplesFile, summaryFile},
		},
		{
			"ci", "16k", k6 + "k6report ci --join always --store store --out small -- k6 run s.js",
			[]string{"INVALID", "Endpoints"},
			[]string{"small does not join baseline", "k6report: error: keep the record of the run: write small/execution.json: no space left on device\n"},
			[]string{logFile, planFile, samplesFile, summaryFile},
		},
		{
			"snapshot", "4k", "k6report snapshot run.json.gz -o small/run.k6run", nil,
			[]string{"k6report: error: write small/run.k6run: no space left on device\nk6report: hint: make room there"},
			nil,
		},
		{
			"baseline add", "4k", "k6report baseline add --baseline main --store small run.json.gz", nil,
			[]string{"no space left on device\nk6report: hint: make room there, or name a folder on another disk with --store\n"},
			nil,
		},
		{
			"baseline accept", "4k", fill + "k6report baseline accept $IN/" + slowRun + " --reason signed --config small/k6report.yaml", nil,
			[]string{"k6report: error: write small/k6report.yaml: no space left on device\nk6report: hint: make room there, or name a file on another disk with --config\n"},
			[]string{"full"},
		},
		{
			"baseline accept --from", "2m", "cp -r $IN/store/main small; " + fill + "k6report baseline accept --from 20261101T15 --reason signed --baseline main --store small", nil,
			[]string{"no space left on device\nk6report: hint: make room there, or name a folder on another disk with --store\n"},
			slices.Concat([]string{"full"}, entries),
		},
		{
			"baseline prune", "2m", "cp -r $IN/store/main small; " + fill + "k6report baseline prune --keep 0 --baseline main --store small", nil,
			[]string{"no space left on device\nk6report: hint: make room there, or name a folder on another disk with --store\n"},
			slices.Concat([]string{"full"}, entries),
		},
		{
			"init", "4k", fill + "cd small; k6report init", nil,
			[]string{"k6report: error: write k6report.yaml: no space left on device\nk6report: hint: make room there\n"},
			[]string{"full"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := aRun(t)
			if err := putK6(filepath.Join(dir, "bin")); err != nil {
				t.Fatal(err)
			}
			small := smallDisk(t, dir, tc.size)
			stdout, stderr, code := shell(t, dir, tc.line)
			if code != exitFailed || len(tc.shows) == 0 && stdout != "" {
				t.Errorf("exit code %d, standard output:\n%s", code, stdout)
			}
			for _, want := range tc.shows {
				if !strings.Contains(stdout, want) {
					t.Errorf("standard output lacks %q:\n%s", want, stdout)
				}
			}
			for _, want := range tc.says {
				if !strings.Contains(stderr, want) {
					t.Errorf("standard error lacks %q:\n%s", want, stderr)
				}
			}
			if kept, err := filesBelow(small); err != nil || !slices.Equal(kept, tc.keeps) {
				t.Errorf("the disk holds %q, %v; want %q", kept, err, tc.keeps)
			}
			if kept, err := filesBelow(filepath.Join(dir, "store")); err != nil || len(kept) > 0 {
				t.Errorf("the store holds %q, %v", kept, err)
			}
		})
	}
}

// Limits of small containers are enough: 2 GB of address space, 40 open files. What
// takes more files at once says so.
func TestSmallMachine(t *testing.T) {
	needs.Time(t, "the race detector, under which the short tests run, reserves terabytes of address space")
	dir := aRun(t)
	for i := range 1500 {
		name := filepath.Join(dir, "parts", fmt.Sprintf("%d.json", i))
		var err error
		if i < 100 {
			err = generated{seconds: 2, rate: 1, seed: uint64(i)}.writeFile(name)
		} else { // it won't be read
			err = os.WriteFile(name, nil, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(dir, "series.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := k6gen.Write(f, k6gen.Options{Start: time.Date(2026, 11, 23, 11, 45, 53, 0, time.UTC), Duration: 5 * time.Second, Rate: 1000, Endpoints: 5000}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, files, source string
		says                string // "" is nothing: it works
	}{
		{"a run", "40", "run.json.gz", ""},
		{"5,000 series", "40", "series.json", ""},
		{"parts", "1000", "'parts/?.json' 'parts/??.json'", ""},
		{"too many parts", "1000", "'parts/*.json'", "too many open files\nk6report: hint: all files of a run are open at once: raise the limit with ulimit -n, or make snapshots of some of them first\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			began := time.Now()
			_, stderr, code := shell(t, dir, "ulimit -v 2097152; ulimit -n "+tc.files+"; k6report analyze -q "+tc.source+" --fail-on none --out "+out)
			t.Logf("took %v", time.Since(began))
			if want := map[bool]int{true: exitOK, false: exitFailed}[tc.says == ""]; code != want || !strings.HasSuffix(stderr, tc.says) {
				t.Fatalf("exit code %d, want %d, standard error:\n%s", code, want, stderr)
			}
			if files := whole(t, out); (files >= len(formats())) != (tc.says == "") {
				t.Errorf("%d files were written", files)
			}
		})
	}
	t.Run("InfluxDB", func(t *testing.T) {
		server := influxtest.Run(t, filepath.Join("..", ".."), influxtest.Options{})
		if err := server.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
			t.Fatal(err)
		}
		var samples bytes.Buffer
		if err := (generated{seconds: 5, rate: 50}).write(&samples); err != nil {
			t.Fatal(err)
		}
		if _, err := server.WriteK6(t.Context(), "k6", &samples, map[string]string{"testid": "one"}); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "out")
		_, stderr, code := shell(t, dir, "ulimit -v 2097152; ulimit -n 40; k6report analyze -q 'influxdb://"+server.Addr+"/k6?testid=one' --fail-on none --out "+out)
		if files := whole(t, out); code != exitOK || files < len(formats()) {
			t.Errorf("exit code %d, %d files, standard error:\n%s", code, files, stderr)
		}
	})
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
