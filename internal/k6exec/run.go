package k6exec

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"k6report/internal/redact"
)

// RunOptions says how to run a command. Relative paths are relative to Dir.
type RunOptions struct {
	K6      string   // path of the program
	Version string   // its version, for the record; "" when not known
	Command Command  // what to run
	Dir     string   // working directory, "" for the process's own
	Env     []string // the whole environment, as os.Environ gives it

	Samples string // file for `--out json=`, compressed when it ends in .gz; "" for none
	Summary string // file for --summary-export; "" for none
	Log     string // file for what k6 writes to standard error; "" for none

	Outputs []string // values of --out to add beside that of Samples

	// Tags are put on every sample. A tag that the command line sets stays.
	// k6 replaces the tags of the script's options by those of the command line,
	// so the script's are repeated there, which takes the Plan.
	Tags map[string]string
	Plan []byte // what Inspect returned; nil when there is none

	Progress io.Writer // k6's standard output: progress and summary; nil discards it
	Messages io.Writer // k6's standard error: its log; nil discards it
	Stdin    io.Reader // for the script "-"; not a terminal; nil is empty

	Labels map[string]string // kept in the record
	// Redactor masks the record and the log; nil knows only what tokens look like.
	Redactor *redact.Redactor
	Now      func() time.Time // the clock, usually time.Now

	// Kill, once closed, ends k6 at once. The end of Run's context only asks it to
	// stop: it then runs teardown and writes what it has.
	Kill <-chan struct{}
}

// RunResult is how a run went and what it left.
type RunResult struct {
	Execution Execution

	// Samples and Summary are the files that hold them, absolute when Dir is: the
	// user's own where the command line or the environment names one, else those
	// of RunOptions. "" when k6 wrote none.
	Samples, Summary string

	Tagged bool // the Tags were added
	// TestID is the testid that the samples bear, by the Tags or the script; ""
	// when they bear none that is known.
	TestID string
	LogErr error // the log could not be kept whole; nil otherwise
}

// Run runs k6 until it ends and returns how it went. A run that failed a
// threshold, was interrupted or threw is no error: see Execution.ExitCode. An
// error means that k6 could not be started.
//
// When ctx ends k6 gets one interrupt, however often the user presses Ctrl-C: it
// runs in a process group of its own, because a second one would make it drop
// the summary. On Linux it also gets one when this process dies.
func Run(ctx context.Context, o RunOptions) (RunResult, error) {
	if err := context.Cause(ctx); err != nil {
		return RunResult{}, fmt.Errorf("run k6: %w", err)
	}
	plan, err := planRun(o)
	if err != nil {
		return RunResult{}, fmt.Errorf("run k6: %w", err)
	}
	log, err := openLog(o)
	if err != nil {
		return RunResult{}, fmt.Errorf("run k6: keep its log: %w", err)
	}
	samples, summary := look(o.Dir, plan.samples), look(o.Dir, plan.summary)
	ex, err := execute(ctx, o, plan.args, log)
	logErr := log.Close()
	if err != nil {
		return RunResult{}, fmt.Errorf("run k6: %w", err)
	}
	ex.Args = o.Redactor.Args(plan.args)
	o.Redactor.Value(&ex)
	return RunResult{
		Execution: ex,
		Samples:   samples.written(),
		Summary:   summary.written(),
		Tagged:    plan.tagged,
		TestID:    plan.testID,
		LogErr:    logErr,
	}, nil
}

// runPlan is the command line as it will be, and the files it names.
type runPlan struct {
	args             []string
	samples, summary string
	tagged           bool
	testID           string
}

func planRun(o RunOptions) (runPlan, error) {
	c := o.Command
	if len(c.args) == 0 {
		return runPlan{}, errors.New("no command: make it with ParseRun")
	}
	var p runPlan
	var extra []string
	// 1.x opens a port for its REST API, which two runs on one machine can't
	// share; 2.x opens none by default and accepts the flag.
	if !c.Has("address") {
		extra = append(extra, "--address", "")
	}
	var outs []string
	outs, p.samples = outputs(o)
	for _, out := range outs {
		extra = append(extra, "--out", out)
	}
	fromEnv, inEnv := LookupEnv(o.Env, "K6_SUMMARY_EXPORT")
	switch {
	case c.Has("summary-export"):
		p.summary = c.Last("summary-export")
	case inEnv && fromEnv != "":
		p.summary = fromEnv
	case o.Summary != "":
		p.summary = o.Summary
		extra = append(extra, "--summary-export", o.Summary)
	}
	tags, ok, err := runTags(o)
	if err != nil {
		return runPlan{}, err
	}
	p.tagged = ok
	for _, name := range slices.Sorted(maps.Keys(tags)) {
		extra = append(extra, "--tag", name+"="+tags[name])
	}
	p.testID = tags["testid"]
	for _, tag := range c.All("tag") {
		if id, ok := strings.CutPrefix(tag, "testid="); ok {
			p.testID = id
		}
	}
	p.args = c.with(extra...)
	return p, nil
}

// outputs returns the values of --out to add, and the file that will hold the
// samples. The user's own JSON file serves as well as ours, so none is added to
// it: writing the samples twice would cost the load generator CPU.
func outputs(o RunOptions) (add []string, samples string) {
	own := o.Command.All("out")
	if env, ok := LookupEnv(o.Env, "K6_OUT"); ok && env != "" && len(own) == 0 {
		own = strings.Split(env, ",")
		add = own // --out replaces K6_OUT, so it is repeated
	}
	samples, wanted := o.Samples, slices.Clone(o.Outputs)
	if o.Samples != "" {
		wanted = append(wanted, "json="+o.Samples)
	}
	for _, out := range own {
		if file, ok := strings.CutPrefix(out, "json="); ok && file != "" && file != "-" {
			samples, wanted = file, slices.Clone(o.Outputs)
			break
		}
	}
	if len(wanted) == 0 {
		return nil, samples // K6_OUT is left as it is
	}
	return slices.Concat(add, wanted), samples
}

// runTags returns the tags to put on the command line: those asked for and, as
// they would be lost otherwise, those of the script. It adds none, and returns
// false, where it can't know or repeat the script's.
func runTags(o RunOptions) (tags map[string]string, ok bool, err error) {
	if len(o.Tags) == 0 {
		return nil, false, nil
	}
	tags = maps.Clone(o.Tags)
	if o.Command.Has("tag") { // the user has replaced the script's already
		return tags, true, nil
	}
	if o.Plan == nil {
		return nil, false, nil
	}
	own, err := planTags(o.Plan)
	if err != nil {
		return nil, false, err
	}
	for name, value := range own {
		if value == "" { // k6 refuses it on a command line
			return nil, false, nil
		}
		tags[name] = value
	}
	return tags, true, nil
}

// LostTags are the names of the script's tags that a command line takes away,
// in order: k6 lets any --tag replace all of them. Without a plan none is known.
func LostTags(c Command, plan []byte) []string {
	own, err := planTags(plan)
	if err != nil || !c.Has("tag") {
		return nil
	}
	for _, tag := range c.All("tag") {
		name, _, _ := strings.Cut(tag, "=")
		delete(own, name)
	}
	return slices.Sorted(maps.Keys(own))
}

// execute starts k6, passes on ctx's end and Kill, and waits.
func execute(ctx context.Context, o RunOptions, args []string, log io.Writer) (Execution, error) {
	// Linux sends the parent's death signal when the thread that started the
	// child ends, so the thread is kept for as long as the child lives.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.CommandContext(ctx, o.K6, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = o.Dir, quietEnv(o.Env), o.Stdin
	var mu sync.Mutex // the two may be the same writer
	cmd.Stdout = &lossy{w: o.Progress, mu: &mu}
	cmd.Stderr = io.MultiWriter(log, &lossy{w: o.Messages, mu: &mu})
	cmd.SysProcAttr = ownGroup()
	interrupted := false
	cmd.Cancel = func() error {
		err := interrupt(cmd.Process)
		interrupted = err == nil // Wait returns after Cancel did
		return err
	}
	ex := Execution{
		Schema: ExecutionSchema, K6Version: o.Version, Labels: maps.Clone(o.Labels), CPUs: runtime.GOMAXPROCS(0),
	}
	started := o.Now()
	if err := cmd.Start(); err != nil {
		return Execution{}, err
	}
	var watch sync.WaitGroup
	ended := make(chan struct{})
	watch.Go(func() {
		select {
		case <-o.Kill:
			kill(cmd.Process)
		case <-ended:
		}
	})
	// Wait's error repeats what the state says, or speaks of the output, which
	// the writers have taken care of.
	_ = cmd.Wait()
	stopped := o.Now()
	close(ended)
	watch.Wait()

	state := cmd.ProcessState
	ex.ExitCode, ex.Signal = state.ExitCode(), signalName(state)
	ex.Meaning, ex.Remedy = Explain(ex.ExitCode)
	ex.Interrupted = interrupted
	ex.CPUSeconds = (state.UserTime() + state.SystemTime()).Seconds()
	ex.WallSeconds = stopped.Sub(started).Seconds()
	ex.Started, ex.Ended = started.UTC(), stopped.UTC()
	return ex, nil
}

// lossy passes on what it can. k6 must not be stopped by a reader that went
// away, as it would be if an error reached its pipe.
type lossy struct {
	w   io.Writer   // nil discards
	mu  *sync.Mutex // nil: w is written by nobody else
	err error       // the first one; nothing is written after it
}

func (l *lossy) Write(p []byte) (int, error) {
	if l.mu != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
	}
	if l.w != nil && l.err == nil {
		_, l.err = l.w.Write(p)
	}
	return len(p), nil
}

// logFile keeps k6's log, without secrets, and remembers the first error.
type logFile struct {
	lossy
	f    *os.File       // nil: no log is kept
	mask *redact.Writer // before it
}

func openLog(o RunOptions) (*logFile, error) {
	if o.Log == "" {
		return &logFile{}, nil
	}
	f, err := os.Create(inDir(o.Dir, o.Log))
	if err != nil {
		return nil, err
	}
	l := &logFile{f: f, mask: o.Redactor.Writer(f)}
	l.w = l.mask
	return l, nil
}

// Close closes the file and returns the first error of writing or closing it.
func (l *logFile) Close() error {
	if l.f == nil {
		return nil
	}
	if l.err == nil {
		l.err = l.mask.Flush()
	}
	err := l.f.Close()
	if l.err != nil {
		err = l.err
	}
	if err != nil {
		return fmt.Errorf("keep k6's log in %s: %w", l.f.Name(), err)
	}
	return nil
}

// inDir returns the path as seen from outside dir.
func inDir(dir, path string) string {
	if dir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// seen is a file as it was before the run, so that a leftover of an earlier run
// is not taken for the result of one that failed to start.
type seen struct {
	path   string
	before os.FileInfo // nil: it was not there
}

func look(dir, path string) seen {
	if path == "" {
		return seen{}
	}
	s := seen{path: inDir(dir, path)}
	if info, err := os.Stat(s.path); err == nil {
		s.before = info
	}
	return s
}

// written returns the path if the file has been written since, else "".
func (s seen) written() string {
	if s.path == "" {
		return ""
	}
	now, err := os.Stat(s.path)
	if err != nil || !now.Mode().IsRegular() {
		return ""
	}
	if b := s.before; b != nil && os.SameFile(b, now) && b.Size() == now.Size() && b.ModTime().Equal(now.ModTime()) {
		return ""
	}
	return s.path
}
