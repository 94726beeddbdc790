//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"k6report/internal/k6gen"
)

// BenchmarkAllReports is how long k6report takes from a snapshot of half an hour
// with 20 endpoints to all its files, its start included, and the most memory
// that it needs. `make bench-reports` prints both.
func BenchmarkAllReports(b *testing.B) {
	dir := b.TempDir()
	samples, snapshot := filepath.Join(dir, "run.json"), filepath.Join(dir, "run.k6run")
	f, err := os.Create(samples)
	if err != nil {
		b.Fatal(err)
	}
	_, err = k6gen.Write(f, k6gen.Options{
		Seed: 1, Start: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), Duration: 30 * time.Minute, Rate: 20, Endpoints: 20, Components: true,
	})
	if err := errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	if out, err := exec.Command("k6report", "snapshot", samples, "-q", "-o", snapshot).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	var longest time.Duration
	most := int64(0)
	for b.Loop() {
		cmd := exec.Command("k6report", "analyze", snapshot, "-q", "--fail-on", "none", "--out", filepath.Join(dir, "out"))
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
		longest = max(longest, time.Since(start))
		most = max(most, peakMemory(cmd.ProcessState))
	}
	b.ReportMetric(longest.Seconds(), "s-longest")
	b.ReportMetric(float64(most)/1e6, "MB-peak")
}

// peakMemory is the highest resident memory of a program that has ended, in
// bytes. On Linux it is at least that of this program, which started it.
func peakMemory(state *os.ProcessState) int64 {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	switch {
	case !ok:
		return 0
	case runtime.GOOS == "darwin":
		return int64(usage.Maxrss)
	}
	return int64(usage.Maxrss) * 1024
}
