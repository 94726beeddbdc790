package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"k6report/tools/engine"
)

var errNoPostgreSQL = errors.New("PostgreSQL is not installed; tools/install.sh postgresql does it, as root")

// usualEngine are flags of every engine: transactions and a service that take
// some milliseconds, as elsewhere, so that waiting for them can show.
func usualEngine() []string {
	return []string{"-db-hold", "8ms", "-callee-delay", "10ms", "-log-level", "error"}
}

// deployed is the engine of a step, on a PostgreSQL of its own.
type deployed struct {
	*engine.Process // nil before the first one listens
	program         string
	args            []string
	work            string // a folder of its own
	script          string // starts and stops the PostgreSQL
}

// deploy starts an engine, fresh, with flags beside the usual ones.
func (t *tools) deploy(ctx context.Context, flags []string) (_ *deployed, err error) {
	// A socket's path is short, and the disk's moods stay out of the commits.
	parent := "/dev/shm"
	if _, missing := os.Stat(parent); missing != nil {
		parent = ""
	}
	work, err := os.MkdirTemp(parent, "k6r")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the engine: %w", err)
	}
	if err := os.Chmod(work, 0o755); err != nil { //nolint:gosec // as root, PostgreSQL runs as somebody else
		return nil, err
	}
	made := &deployed{program: t.engine, work: work, script: t.postgres}
	defer func() {
		if err != nil {
			made.stop()
		}
	}()
	database, err := output(ctx, t.postgres, "start", filepath.Join(work, "pg"))
	if failed := new(exec.ExitError); errors.As(err, &failed) && failed.ExitCode() == 3 {
		return nil, errNoPostgreSQL
	}
	if err != nil {
		return nil, err
	}
	made.args = append(append([]string{"-db", strings.TrimSpace(database)}, usualEngine()...), flags...)
	if made.Process, err = engine.Start(ctx, made.program, "127.0.0.1:0", made.args...); err != nil {
		return nil, err
	}
	return made, nil
}

// stop takes all of it away.
func (d *deployed) stop() {
	if d.Process != nil {
		d.Kill()
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, _ = output(ctx, d.script, "stop", filepath.Join(d.work, "pg")) // it may not have started
	_ = os.RemoveAll(d.work)                                          // a folder of the system's temporary ones
}

// crashing kills the engine every few seconds, and starts it again as a
// supervisor does, until ctx is done.
func (d *deployed) crashing(ctx context.Context) error {
	const lives, dead = 4 * time.Second, time.Second
	address := strings.TrimPrefix(d.URL, "http://")
	for {
		if pause(ctx, lives) != nil {
			return nil
		}
		d.Kill()
		if pause(ctx, dead) != nil {
			return nil
		}
		// The process outlives ctx, which is the job's.
		p, err := engine.Start(context.WithoutCancel(ctx), d.program, address, d.args...)
		if err != nil {
			return err
		}
		d.Process = p
	}
}

// busy takes the processors away, on and off, until ctx is done or as long has
// passed: what others on the same machine do.
func busy(ctx context.Context, delay, long time.Duration) error {
	const others = 3
	if pause(ctx, delay) != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, long)
	defer cancel()
	var wg sync.WaitGroup
	failed := make(chan error, others)
	for range others {
		wg.Go(func() {
			for ctx.Err() == nil {
				burst, end := context.WithTimeout(ctx, 800*time.Millisecond)
				err := exec.CommandContext(burst, "bash", "-c", "while :; do :; done").Run()
				end()
				if errors.As(err, new(*exec.ExitError)) || burst.Err() != nil { // ended by the clock
					err = nil
				}
				if err != nil {
					failed <- err
					return
				}
				_ = pause(ctx, 400*time.Millisecond) // the loop asks ctx
			}
		})
	}
	wg.Wait()
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// pause waits; an error when ctx was done before.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// output runs a program and answers what it printed.
func output(ctx context.Context, name string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, name, args...)
	var stdout, stderr strings.Builder
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}
