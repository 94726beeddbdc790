// Command k6report turns a run of k6 into answers: what happened, can it be
// believed, is it worse than before, and why.
//
// This package is the only one that reads arguments, environment, clock and
// standard streams; it parses flags, calls the others and chooses the exit
// code.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"k6report/internal/redact"
)

// version is set when a release is built.
var version = ""

func main() {
	tuneMemory(os.Getenv)
	ctx, kill := interrupts()
	a := &app{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		env: os.Environ(), now: time.Now, kill: kill, forges: forges(),
		width:            terminalWidth(os.Stdout),
		stdoutTerminal:   term.IsTerminal(int(os.Stdout.Fd())),
		stderrTerminal:   term.IsTerminal(int(os.Stderr.Fd())),
		version:          buildVersion(),
		ignoreBrokenPipe: func() { signal.Ignore(syscall.SIGPIPE) },
	}
	os.Exit(a.run(ctx, os.Args[1:]))
}

// Memory is given back late while there is little in use, which saves a tenth of
// the time of reading, and early from softMemory on: what reading holds is
// bounded, and most of what comes on top is garbage.
const (
	lateCollection = 400
	softMemory     = 144 << 20
)

// tuneMemory sets the garbage collector unless the environment does.
func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" && getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(lateCollection)
		debug.SetMemoryLimit(softMemory)
	}
}

// interrupts are the ends that Ctrl-C asks for: the first ends the context, the
// second closes kill, the third ends the program as if nobody had listened.
func interrupts() (ctx context.Context, kill <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	again := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		cancel()
		<-signals
		signal.Stop(signals)
		close(again)
	}()
	return ctx, again
}

// app is the program with all it may touch.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	env            []string
	now            func() time.Time
	kill           <-chan struct{} // closed by the second Ctrl-C
	// ignoreBrokenPipe keeps the program alive when its reader goes away.
	ignoreBrokenPipe func()
	width            int // of the terminal; 0 when unknown
	stdoutTerminal   bool
	stderrTerminal   bool
	version          string
	// redactor masks secrets in all that is shown and written.
	redactor *redact.Redactor
	// forges are those that it publishes on and whose CI it knows.
	forges []forgeKind
	// folding is how the log of the job folds its sections.
	folding folding
}

// Exit codes of the contract that are the program's own; those of verdicts are
// in package report.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError is wrong usage or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// hinted is an error with advice on a line of its own.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// Hint is what to do.
func (e hinted) Hint() string { return e.hint }

// exitError ends the program with the code of a verdict; all has been said.
type exitError struct{ code int }

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// run executes the command line and returns the exit code. No secret of the
// environment is shown or written, not even when the program breaks.
func (a *app) run(ctx context.Context, args []string) int {
	return a.guarded(func() int { return a.execute(ctx, args) })
}

// guarded does something with all secrets masked in what is printed.
func (a *app) guarded(do func() int) (code int) {
	a.redactor = redact.New(a.secrets())
	stdout, stderr := a.redactor.Writer(a.stdout), a.redactor.Writer(a.stderr)
	a.stdout, a.stderr = stdout, stderr
	defer func() {
		if broken := recover(); broken != nil {
			fmt.Fprintf(a.stderr, "k6report: error: this is a fault of k6report: %v\n%s", broken, debug.Stack())
			code = exitFailed
		}
		_ = stdout.Flush() // what could not be written was said before
		_ = stderr.Flush()
	}()
	return do()
}

func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetContext(ctx)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	var exit exitError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &exit):
		return exit.code
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintln(a.stderr, "k6report: interrupted")
		return exitInterrupted
	}
	a.explain(err)
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	if ctx.Err() != nil {
		return exitInterrupted
	}
	return exitFailed
}

// explain prints an error and its hint.
func (a *app) explain(err error) { a.spell("error", err) }

// spell prints an error behind a word, a line for each where several are joined,
// and its hint.
func (a *app) spell(word string, err error) {
	for line := range strings.SplitSeq(strings.TrimSpace(err.Error()), "\n") {
		fmt.Fprintf(a.stderr, "k6report: %s: %s\n", word, visible(line))
	}
	var hint interface{ Hint() string }
	if errors.As(err, &hint) && hint.Hint() != "" {
		for line := range strings.SplitSeq(hint.Hint(), "\n") {
			fmt.Fprintf(a.stderr, "k6report: hint: %s\n", visible(line))
		}
	}
}

// visible makes control characters of an input harmless.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' && c != '\t' || c >= 0x7f && c < 0xa0 || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			return '\uFFFD'
		}
		return c
	}, s)
}

func terminalWidth(f *os.File) int {
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// buildVersion is the version of a release, else what the module cache or the
// working tree tells.
func buildVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "devel"
}
