package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"k6report/tools/engine"
)

// laboratory makes real runs of the testbed's engine, one after the other, and
// keeps their snapshots.
type laboratory struct {
	dir              string
	engine, k6, prog string
	script           string
	unchanged        int
	slowed           int      // of each factor
	factors          []string // of the engine's fault slow
	rate             int
	seconds          int
	limit            time.Duration
	log              io.Writer
}

// usualFactors slow an execution by about 10 and 20 %.
const usualFactors = "1.7,2.4"

func runsCommand(ctx context.Context, args []string, log io.Writer) (string, output, error) {
	l := laboratory{log: log}
	f := flag.NewFlagSet("runs", flag.ContinueOnError)
	f.StringVar(&l.dir, "dir", "results/stats", "`folder` of the snapshots; runs that are there are not made again")
	f.StringVar(&l.engine, "engine", "bin/engine", "the testbed's engine")
	f.StringVar(&l.k6, "k6", ".tools/bin/k6", "the k6 `program`")
	f.StringVar(&l.prog, "k6report", "bin/k6report", "the k6report `program`")
	f.StringVar(&l.script, "script", "tools/stats/execute.js", "what k6 runs")
	f.IntVar(&l.unchanged, "n", 64, "`runs` of the unchanged engine")
	f.IntVar(&l.slowed, "slow", 40, "`runs` of the engine at each factor of slow")
	f.Func("factors", "`factors` of the engine's fault slow, on the statements that write: such as "+usualFactors+" (the default), which make an execution about 10 and 20 % slower", func(list string) error {
		l.factors = strings.Split(list, ",")
		return nil
	})
	f.IntVar(&l.rate, "rate", 55, "executions a second")
	f.IntVar(&l.seconds, "seconds", 8, "length of a run")
	f.DurationVar(&l.limit, "limit", time.Hour, "begin no run after this `time`; a later call goes on")
	if err := parse(f, args, log); err != nil {
		return "", output{}, err
	}
	if len(l.factors) == 0 {
		l.factors = strings.Split(usualFactors, ",")
	}
	made, left, err := l.makeAll(ctx)
	if err != nil {
		return "", output{}, err
	}
	return fmt.Sprintf("%d runs made in %s, %d are left to be made\n", made, l.dir, left), output{}, nil
}

// plan is the order of all runs: slowed ones are spread among the unchanged, so
// that both see the same machine.
func (l *laboratory) plan() []string {
	var names []string
	slow := 0
	total := l.slowed * len(l.factors)
	for i := range l.unchanged {
		names = append(names, fmt.Sprintf("%03d-unchanged", i))
		// None before there is a baseline of eight.
		for i >= 8 && slow < total && slow*(l.unchanged-8) < total*(i-7) {
			names = append(names, fmt.Sprintf("%03d-slow-%s-%02d", i, l.factors[slow%len(l.factors)], slow))
			slow++
		}
	}
	return names
}

func (l *laboratory) makeAll(ctx context.Context) (made, left int, err error) {
	if err := os.MkdirAll(l.dir, 0o755); err != nil {
		return 0, 0, fmt.Errorf("make a folder for the runs: %w", err)
	}
	start := time.Now() //nolint:forbidigo // the limit is one of real time
	for _, name := range l.plan() {
		path := filepath.Join(l.dir, name+".k6run")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		if time.Since(start) > l.limit { //nolint:forbidigo // see above
			left++
			continue
		}
		if err := l.makeOne(ctx, name, path); err != nil {
			return made, left, fmt.Errorf("run %s: %w", name, err)
		}
		made++
		fmt.Fprintln(l.log, name)
	}
	return made, left, nil
}

// makeOne starts an engine of its own, loads it, and keeps the snapshot.
func (l *laboratory) makeOne(ctx context.Context, name, path string) error {
	work, err := os.MkdirTemp("", "stats")
	if err != nil {
		return fmt.Errorf("make a folder for the run: %w", err)
	}
	defer os.RemoveAll(work) //nolint:errcheck // a folder of the system's temporary ones
	started, err := l.startEngine(ctx, work, name)
	if err != nil {
		return err
	}
	defer started.Stop()
	samples, plan := filepath.Join(work, "run.json.gz"), filepath.Join(work, "plan.json")
	env := []string{"-e", "BASE_URL=" + started.URL, "-e", fmt.Sprintf("RATE=%d", l.rate), "-e", fmt.Sprintf("DURATION=%ds", l.seconds)}
	inspected, err := command(ctx, l.k6, append(append([]string{"inspect", "--execution-requirements"}, env...), l.script)...)
	if err != nil {
		return err
	}
	if err := os.WriteFile(plan, inspected, 0o644); err != nil {
		return fmt.Errorf("keep the plan: %w", err)
	}
	if _, err := command(ctx, l.k6, append(append([]string{"run", "--quiet", "--no-usage-report", "--out", "json=" + samples}, env...), l.script)...); err != nil {
		return err
	}
	part := path + ".part"
	if _, err := command(ctx, l.prog, "snapshot", samples, plan, "-q", "-o", part, "--label", "name="+name); err != nil {
		return err
	}
	return os.Rename(part, path)
}

func command(ctx context.Context, name string, args ...string) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), args[0], err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

// startEngine starts an engine with a database of its own in a folder.
func (l *laboratory) startEngine(ctx context.Context, work, name string) (*engine.Process, error) {
	args := []string{"-db", filepath.Join(work, "engine.db"), "-log-level", "error"}
	if _, after, slowed := strings.Cut(name, "-slow-"); slowed {
		factor, _, _ := strings.Cut(after, "-")
		args = append(args, "-fault", "slow="+factor)
	}
	return engine.Start(ctx, l.engine, "127.0.0.1:0", args...)
}
