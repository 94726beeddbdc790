package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// forget takes a file out of the page cache.
func forget(f *os.File) error {
	if err := f.Sync(); err != nil { // what is not on the disk yet would stay
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}
