//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// throttle has this process stopped for busy of each period until it ends or
// release is called: what a quota of processor time does to a container. A process
// can't stop and continue itself, so another one does it, which goes when this
// one does.
func throttle(ctx context.Context, busy, period time.Duration) (release func() error, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("throttle the engine: %w", err)
	}
	// Not ended by ctx: it goes on while requests under way finish.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self)
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d/%d", throttleOf, busy, period))
	cmd.Stderr = os.Stderr
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("throttle the engine: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("throttle the engine: %w", err)
	}
	return func() error { return errors.Join(lifeline.Close(), cmd.Wait()) }, nil
}

// beThrottle stops and continues the parent process by turns, until the pipe
// to it is closed.
func beThrottle(setting string, lifeline io.Reader) error {
	var busy, period time.Duration
	if _, err := fmt.Sscanf(setting, "%d/%d", &busy, &period); err != nil || busy <= 0 || period <= busy {
		return fmt.Errorf("%s=%s: want BUSY/PERIOD in nanoseconds", throttleOf, setting)
	}
	parent := os.Getppid()
	over := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, lifeline) // ends when the parent does, however
		close(over)
	}()
	for {
		select {
		case <-over:
			return nil
		case <-time.After(period - busy):
		}
		if err := syscall.Kill(parent, syscall.SIGSTOP); err != nil {
			return nil // it is gone
		}
		time.Sleep(busy)
		if err := syscall.Kill(parent, syscall.SIGCONT); err != nil {
			return nil
		}
	}
}
