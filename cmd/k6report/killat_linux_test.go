//go:build linux && (amd64 || arm64)

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// killAt runs a program and kills it, as kill -9 does, right behind one of the changes
// that it makes to files: killat N PROGRAM ARGS... It ends as the program where that
// makes fewer, and waits for all that the program started.
func killAt(args []string) int {
	runtime.LockOSThread() // a tracer is one thread
	code, err := killed(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "killat:", err)
		return exitFailed
	}
	return code
}

func killed(args []string) (code int, err error) {
	left, err := strconv.Atoi(args[0])
	if err != nil {
		return 0, err
	}
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(context.Background(), args[1], args[2:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	program := cmd.Process.Pid
	var status unix.WaitStatus
	if _, err := unix.Wait4(program, &status, 0, nil); err != nil { // it stops where it begins
		return 0, err
	}
	if err := unix.PtraceSetOptions(program, unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_EXITKILL); err != nil {
		return 0, err
	}
	changing := make(map[int]bool) // threads that are amid a change
	for thread := program; ; {
		if status.Stopped() {
			did, err := changed(thread, status, changing)
			if err != nil {
				return 0, err
			}
			if left > 0 && did {
				if left--; left == 0 {
					_ = unix.Kill(program, unix.SIGKILL)
				}
			}
			_ = unix.PtraceSyscall(thread, passedOn(status)) // it may have ended
		}
		thread, err = unix.Wait4(-1, &status, unix.WALL, nil)
		switch {
		case errors.Is(err, unix.EINTR):
			status = 0
		case errors.Is(err, unix.ECHILD): // all have ended
			return code, nil
		case err != nil:
			return 0, err
		case thread == program && status.Exited():
			code = status.ExitStatus()
		case thread == program && status.Signaled():
			code = 128 + int(status.Signal())
		}
	}
}

// systemCall is the stop of a thread at a system call, before and behind it.
const systemCall = unix.SIGTRAP | 0x80

// passedOn is the signal that a thread stopped for; 0 where it is the tracer's own.
func passedOn(status unix.WaitStatus) int {
	switch s := status.StopSignal(); s {
	case systemCall, unix.SIGTRAP, unix.SIGSTOP:
		return 0
	default:
		return int(s)
	}
}

// callInfo is the kernel's struct ptrace_syscall_info.
type callInfo struct {
	op   uint8 // 1 before the call, 2 behind it
	_    [23]byte
	data [7]uint64 // before it the number and the arguments, behind it the result
}

// changed reports whether a thread has just changed a file. An error says that the
// kernel can't tell, as before Linux 5.3.
func changed(thread int, status unix.WaitStatus, changing map[int]bool) (bool, error) {
	if status.StopSignal() != systemCall {
		return false, nil
	}
	var call callInfo
	_, _, err := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(thread), unsafe.Sizeof(call), uintptr(unsafe.Pointer(&call)), 0, 0)
	switch {
	case err == unix.ESRCH: // it was killed meanwhile
		return false, nil
	case err != 0:
		return false, fmt.Errorf("ask for a system call: %w", err)
	case call.op == 1:
		changing[thread] = changes(call.data[0], call.data[1:])
		return false, nil
	}
	return changing[thread] && int64(call.data[0]) >= 0, nil
}

// changes reports whether a system call is one that changes files, if it succeeds. The
// runtime wakes itself by short writes.
func changes(number uint64, args []uint64) bool {
	switch number {
	case unix.SYS_OPENAT:
		return args[2]&unix.O_CREAT != 0
	case unix.SYS_WRITE:
		return args[0] > 2 && args[2] > 8
	}
	return number == unix.SYS_FSYNC || number == unix.SYS_RENAMEAT || number == unix.SYS_UNLINKAT || number == unix.SYS_MKDIRAT
}
