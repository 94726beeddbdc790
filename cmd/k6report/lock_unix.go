//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"
)

// lock takes the lock of a file, which ends with the process at the latest. False
// says that another has it.
func lock(f *os.File) (bool, error) {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		return false, nil
	case errors.Is(err, errors.ErrUnsupported), errors.Is(err, syscall.ENOLCK):
		return true, nil // a file system without locks keeps nobody out
	}
	return err == nil, err
}

// unlock takes the file away while its lock is held: who opened it before will find
// that it has no name.
func unlock(f *os.File) {
	_ = os.Remove(f.Name()) // without its lock it does no harm
	_ = f.Close()
}
