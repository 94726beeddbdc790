// Package engine starts the testbed's engine for tools that load it.
package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Process is an engine that listens.
type Process struct {
	URL     string
	command *exec.Cmd
	ended   chan struct{}
	failure error // valid once ended is closed
}

// Start starts an engine and waits, for a minute, until it listens: one that calls
// a service that hangs is seeded slowly. The address is host:port, where port 0 is
// any that is free; args are the other flags. It ends with ctx, if not before.
func Start(ctx context.Context, program, address string, args ...string) (_ *Process, err error) {
	work, err := os.MkdirTemp("", "engine")
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	defer os.RemoveAll(work) //nolint:errcheck // a folder of the system's temporary ones
	file := filepath.Join(work, "url")
	c := exec.CommandContext(ctx, program, append([]string{"-addr", address, "-addr-file", file}, args...)...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	if err := c.Start(); err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	p := &Process{command: c, ended: make(chan struct{})}
	go func() {
		p.failure = c.Wait()
		close(p.ended)
	}()
	defer func() {
		if err != nil {
			p.Kill()
			err = fmt.Errorf("start the engine: %w: %s", err, strings.TrimSpace(stderr.String()))
		}
	}()
	for range 1200 {
		if content, err := os.ReadFile(file); err == nil && len(content) > 0 {
			p.URL = strings.TrimSpace(string(content))
			return p, nil
		}
		select {
		case <-p.ended:
			return nil, fmt.Errorf("it ended: %w", errors.Join(ctx.Err(), p.failure))
		case <-time.After(50 * time.Millisecond):
		}
	}
	return nil, errors.New("it did not listen within a minute")
}

// Stop asks the engine to end, and waits for its end; after 15 s it is killed.
func (p *Process) Stop() {
	_ = p.command.Process.Signal(os.Interrupt) // it may have ended by itself
	select {
	case <-p.ended:
	case <-time.After(15 * time.Second):
		p.Kill()
	}
}

// Kill ends the engine as a crash would, and waits for its end.
func (p *Process) Kill() {
	_ = p.command.Process.Kill() // it may have ended
	<-p.ended
}
