package k6exec

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"k6report/internal/redact"
)

// Command is a `k6 run` command line that was read but not changed.
type Command struct {
	// Script is what k6 runs: a file, "-" for standard input, "" when the command
	// line has none or a flag that is unknown here hides it.
	Script string

	args  []string            // after the program's name, as given
	run   int                 // index of the word "run" in args
	flags map[string][]string // values by the flag's long name, in order
}

// ParseRun reads the arguments that follow the program's name, such as
// run -e RATE=20 script.js. It fails when they are not those of `k6 run`.
// Flags that a later k6 may have are passed on without being understood.
func ParseRun(args []string) (Command, error) {
	shown := func() string { return strings.Join((*redact.Redactor)(nil).Args(args), " ") }
	run := findRun(args)
	if run < 0 {
		return Command{}, fmt.Errorf("read the k6 command %q: only `k6 run` can be analysed", shown())
	}
	_, before, err := parseFlags(args[:run])
	if err != nil {
		return Command{}, fmt.Errorf("read the k6 command %q: %w", shown(), err)
	}
	words, after, err := parseFlags(args[run+1:])
	if err != nil {
		return Command{}, fmt.Errorf("read the k6 command %q: %w", shown(), err)
	}
	for flag, values := range after {
		before[flag] = append(before[flag], values...)
	}
	c := Command{args: slices.Clone(args), run: run, flags: before}
	if len(words) > 0 {
		c.Script = words[0]
	}
	return c, nil
}

// findRun returns the index of the word "run" that is the command and not the
// value of a flag before it, or -1.
func findRun(args []string) int {
	for i, arg := range args {
		if arg != "run" {
			continue
		}
		words, _, err := parseFlags(args[:i])
		if err == nil && len(words) == 0 {
			return i
		}
	}
	return -1
}

// Has reports whether the command line sets the flag with this long name.
func (c Command) Has(flag string) bool { return len(c.flags[flag]) > 0 }

// Last returns the last value of the flag with this long name, "" for none.
func (c Command) Last(flag string) string {
	if v := c.flags[flag]; len(v) > 0 {
		return v[len(v)-1]
	}
	return ""
}

// All returns every value of the flag with this long name, in order.
func (c Command) All(flag string) []string { return slices.Clone(c.flags[flag]) }

// With returns the command with more arguments of `k6 run`. Where k6 lets the
// last one win, the user's own do.
func (c Command) With(extra ...string) (Command, error) { return ParseRun(c.with(extra...)) }

// with returns the arguments with extra ones put right after the word "run", so
// that where k6 lets the last one win, the user's own do.
func (c Command) with(extra ...string) []string {
	return slices.Concat(c.args[:c.run+1], extra, c.args[c.run+1:])
}

// parseFlags splits a k6 command line into its words and its flags' values.
func parseFlags(args []string) (words []string, values map[string][]string, err error) {
	fs := k6Flags()
	values = map[string][]string{}
	err = fs.ParseAll(args, func(f *pflag.Flag, value string) error {
		values[f.Name] = append(values[f.Name], value)
		return nil
	})
	if errors.Is(err, pflag.ErrHelp) {
		err = nil
	}
	return fs.Args(), values, err
}

// k6Flags are the flags of `k6 run`, of 1.8 and those that 2.0 to 2.3 added or
// dropped, as far as their form matters here: which of them take a value.
func k6Flags() *pflag.FlagSet {
	fs := pflag.NewFlagSet("k6", pflag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.ParseErrorsAllowlist.UnknownFlags = true
	for _, name := range []string{
		"address a", "batch", "batch-per-host", "blacklist-ip", "block-hostnames", "compatibility-mode",
		"config c", "console-output", "dns", "duration d", "env e", "execution-segment",
		"execution-segment-sequence", "features", "iterations i", "js-cpu-profile-output", "js-profile-id",
		"js-profiling-scope", "js-runtime-trace-output", "local-ips", "log-format", "log-output", "max-redirects",
		"min-iteration-duration", "out o", "rps", "secret-source", "stage s", "summary-export", "summary-mode",
		"summary-time-unit", "summary-trend-stats", "system-tags", "tag", "traces-output", "type t",
		"user-agent", "vus u",
	} {
		long, short, _ := strings.Cut(name, " ")
		fs.StringArrayP(long, short, nil, "")
	}
	for _, name := range []string{
		"discard-response-bodies", "help h", "include-system-env-vars", "insecure-skip-tls-verify",
		"js-profiling-enabled", "linger l", "new-machine-readable-summary", "no-color", "no-connection-reuse",
		"no-setup", "no-summary", "no-teardown", "no-thresholds", "no-usage-report", "no-vu-connection-reuse",
		"paused p", "profiling-enabled", "quiet q", "throw w", "verbose v",
	} {
		long, short, _ := strings.Cut(name, " ")
		fs.BoolP(long, short, false, "")
	}
	fs.String("http-debug", "", "")
	fs.Lookup("http-debug").NoOptDefVal = "headers" // its value can only follow a "="
	return fs
}
