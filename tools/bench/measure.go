package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// quickFactor is how many times more often commands of milliseconds run.
const quickFactor = 4

// harness measures; its notes say what the table can't.
type harness struct {
	options
	machine machine
	now     func() time.Time
	log     io.Writer
	notes   []string
}

func (h *harness) note(format string, args ...any) {
	h.notes = append(h.notes, fmt.Sprintf(format, args...))
}

// program is one to be measured.
type program struct {
	argv []string
	// read checks what was printed and returns the time that counts, which is
	// mostly the wall time handed in. Without it the output is thrown away.
	read func(stdout []byte, wall time.Duration) (time.Duration, error)
}

// k6report is the program itself with arguments.
func (h *harness) k6report(args ...string) program {
	return program{argv: append([]string{h.program}, args...)}
}

// measured is what some runs of a program took.
type measured struct {
	time   time.Duration // median; wall time unless the program says otherwise
	memory int64         // highest peak, in bytes; 0 when unknown
}

// compare runs programs n times in turn, so that what disturbs the machine for
// a while disturbs all of them.
func (h *harness) compare(ctx context.Context, n int, programs ...program) ([]measured, error) {
	times := make([][]time.Duration, len(programs))
	results := make([]measured, len(programs))
	for range n {
		for i, p := range programs {
			took, memory, err := h.once(ctx, p)
			if err != nil {
				return nil, err
			}
			times[i] = append(times[i], took)
			results[i].memory = max(results[i].memory, memory)
		}
	}
	for i := range results {
		results[i].time = median(times[i])
	}
	return results, nil
}

func (h *harness) once(ctx context.Context, p program) (took time.Duration, memory int64, err error) {
	var stdout, stderr bytes.Buffer
	cmd := h.command(ctx, p.argv...)
	cmd.Stderr = &stderr
	if p.read != nil {
		cmd.Stdout = &stdout
	}
	start := h.now()
	err = cmd.Run()
	took = h.now().Sub(start)
	if err != nil {
		return 0, 0, failed(p.argv, err, stderr.Bytes())
	}
	if p.read != nil {
		if took, err = p.read(stdout.Bytes(), took); err != nil {
			return 0, 0, fmt.Errorf("read what %s printed: %w", p.argv[0], err)
		}
	}
	memory, _ = peakMemory(cmd.ProcessState)
	return took, memory, nil
}

// command runs in the folder of the runs, where no configuration is found.
func (h *harness) command(ctx context.Context, argv ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Dir = h.dir
	return cmd
}

func failed(argv []string, err error, stderr []byte) error {
	return fmt.Errorf("run %s: %w\n%s", strings.Join(argv, " "), err, bytes.TrimSpace(stderr))
}

// median of one and more; of an even number the lower of both in the middle.
func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[(len(sorted)-1)/2]
}
