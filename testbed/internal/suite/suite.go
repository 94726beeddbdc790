// Package suite starts the engine and runs the load testing suite's scripts
// against it, as processes of their own. What the results mean is not its
// business.
package suite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// k6's exit codes that a caller may want to tell apart.
const (
	ExitOK         = 0
	ExitThresholds = 99
	ExitTestFailed = 110
)

// Engine is a running engine process.
type Engine struct {
	URL string // such as http://127.0.0.1:41231
	cmd *exec.Cmd
}

// StartEngine starts an engine binary and waits until it answers requests.
// Its log goes to log. Cancelling ctx kills it; Stop ends it in order.
func StartEngine(ctx context.Context, binary string, log io.Writer, flags ...string) (*Engine, error) {
	cmd := exec.CommandContext(ctx, binary, append([]string{"--addr", "127.0.0.1:0"}, flags...)...)
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the engine: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, found := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !found {
		ended := errors.Join(cmd.Process.Kill(), cmd.Wait())
		return nil, fmt.Errorf("start the engine: it said %q, not where it listens; its log says why: %w", line, ended)
	}
	return &Engine{URL: url, cmd: cmd}, nil
}

// Stop asks the engine to finish and waits for it.
func (e *Engine) Stop() error {
	if err := e.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop the engine: %w", err)
	}
	if err := e.cmd.Wait(); err != nil {
		return fmt.Errorf("stop the engine: %w", err)
	}
	return nil
}

// Run describes one run of k6.
type Run struct {
	K6     string            // the binary
	Script string            // path of the script
	Env    map[string]string // handed over to the script with -e, which sees no other
	OS     []string          // the environment of k6 itself, as os.Environ gives it
	Dir    string            // an existing folder for the results
	Log    io.Writer         // k6's terminal output
}

// Result says how k6 ended and where it wrote.
type Result struct {
	ExitCode int
	Samples  string // --out json
	Summary  string // --summary-export
}

// Do runs k6 to its end. A run that fails by k6's own judgement is a result,
// not an error. When ctx is done, k6 is interrupted and may finish.
func (r Run) Do(ctx context.Context) (Result, error) {
	result := Result{
		Samples: filepath.Join(r.Dir, "samples.json"),
		Summary: filepath.Join(r.Dir, "summary.json"),
	}
	args := []string{
		"run", "--quiet", "--no-usage-report", "--no-color", "--address", "",
		"--out", "json=" + result.Samples, "--summary-export", result.Summary,
	}
	for _, name := range slices.Sorted(maps.Keys(r.Env)) {
		args = append(args, "-e", name+"="+r.Env[name])
	}
	cmd := exec.CommandContext(ctx, r.K6, append(args, r.Script)...)
	cmd.Env = append(slices.Clone(r.OS), "K6_AUTO_EXTENSION_RESOLUTION=false")
	cmd.Stdout, cmd.Stderr = r.Log, r.Log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = time.Minute
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() < 0) {
		return Result{}, fmt.Errorf("run %s with k6: %w", r.Script, err)
	}
	result.ExitCode = cmd.ProcessState.ExitCode()
	return result, nil
}
