// Command stats measures what k6report's verdicts can promise: how often an
// unchanged build is called worse, how often a slower one is found, how often
// the stated bounds hold. It asks the very code that judges runs, of made-up
// numbers (simulate), or of real runs of the testbed's engine (runs, judge).
// `make stats` and `make stats-runs` run it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"k6report/internal/atomicfile"
)

//nolint:forbidigo // a command is where arguments and streams come from
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "stats: error: %v\n", err)
		os.Exit(1)
	}
}

// subcommand is one measurement; its result is Markdown.
type subcommand struct {
	name, about string
	run         func(ctx context.Context, args []string, log io.Writer) (result string, o output, err error)
}

func subcommands() []subcommand {
	return []subcommand{
		{"simulate", "false alarms, power and bounds by simulation", simulateCommand},
		{"trend", "false and found change points of a history, by simulation", trendCommand},
		{"tails", "learn how far runs with heavy tails lie from others, for internal/stat", tailsCommand},
		{"runs", "make real runs of the testbed's engine, or go on with them", runsCommand},
		{"judge", "judge the real runs that are there", judgeCommand},
	}
}

// output is where a result goes beside standard output.
type output struct {
	page string // a Markdown page to rewrite between its marks, "" for none
	mark string // of the part
}

func (o *output) flags(f *flag.FlagSet, mark string) {
	o.mark = mark
	f.StringVar(&o.page, "o", "", "a Markdown `page`: rewrite the results between its marks")
}

func dispatch(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var names []string
	for _, c := range subcommands() {
		names = append(names, fmt.Sprintf("  %-10s %s", c.name, c.about))
		if len(args) == 0 || args[0] != c.name {
			continue
		}
		result, o, err := c.run(ctx, args[1:], stderr)
		if err != nil {
			return err
		}
		if _, err := io.WriteString(stdout, result); err != nil {
			return fmt.Errorf("print the results: %w", err)
		}
		return o.rewrite(ctx, result)
	}
	return errors.New("want one of:\n" + strings.Join(names, "\n"))
}

// rewrite puts a result between the marks of the page.
func (o output) rewrite(ctx context.Context, result string) error {
	if o.page == "" || result == "" {
		return nil
	}
	content, err := os.ReadFile(o.page)
	if err != nil {
		return fmt.Errorf("read the page to rewrite: %w", err)
	}
	begin, end := "<!-- "+o.mark+":begin -->\n", "<!-- "+o.mark+":end -->\n"
	before, rest, begins := strings.Cut(string(content), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return fmt.Errorf("rewrite %s: it lacks the lines %q and %q", o.page, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return atomicfile.WriteFile(ctx, o.page, []byte(before+begin+"\n"+result+"\n"+end+after))
}

// parse reads the flags of a subcommand that takes no arguments.
func parse(f *flag.FlagSet, args []string, log io.Writer) error {
	f.SetOutput(log)
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() > 0 {
		return fmt.Errorf("%s takes no arguments, not %q", f.Name(), f.Arg(0))
	}
	return nil
}
