//go:build unix

package main

import (
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// peakMemory is the highest resident memory of a program that has ended, in
// bytes. On Linux it is at least that of the harness, from which the program was
// started; so the harness stays small until it has been read.
func peakMemory(state *os.ProcessState) (bytes int64, known bool) {
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, false
	}
	if runtime.GOOS == "darwin" {
		return int64(usage.Maxrss), true
	}
	return int64(usage.Maxrss) * 1024, true
}

// freeBytes is the room on the disk of a folder.
func freeBytes(dir string) (bytes int64, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
