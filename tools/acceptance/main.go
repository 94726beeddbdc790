// Command acceptance lives a week with k6report as a team does: the engine of
// testbed, k6 and the suite, an InfluxDB, a GitLab over HTTP with its package
// registry, and the program as GitLab's jobs run it. It tells of each pipeline what
// was changed and what was said, holds that against what a careful reviewer
// would have said (week.go), and ends with 1 when something differs.
// `make acceptance` runs it, `make test` its short form.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"k6report/internal/gitlab/gitlabtest"
)

//nolint:forbidigo // a command is where arguments and streams come from
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv("PATH"), os.Getenv("K6REPORT_REQUIRE_ALL") == "1", os.Stdout)
	stop()
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	fmt.Fprintf(os.Stderr, "acceptance: error: %v\n", err)
	if errors.Is(err, errTooNoisy) {
		fmt.Fprintln(os.Stderr, "acceptance: hint: let nothing else run on this machine, and start it again")
	}
	os.Exit(1)
}

// tools are the programs, by absolute paths.
type tools struct{ engine, product, k6, postgres, influxd string }

// errTooNoisy says that the runs of the baseline differ so much that the week's
// slower builds could not be seen: what would be said is "can't tell", rightly.
var errTooNoisy = errors.New("this machine is too busy for the week")

var errUnexpected = errors.New("not everything was as expected")

// run lives a week. Where all has to run, the short form fails for want of
// PostgreSQL or quiet; else it is left out with a word, as tests are.
func run(ctx context.Context, args []string, path string, requireAll bool, stdout io.Writer) error {
	f := flag.NewFlagSet("acceptance", flag.ContinueOnError)
	f.SetOutput(stdout)
	root := f.String("root", ".", "the project's `folder`, with bin/engine, bin/k6report and .tools")
	out := f.String("out", "", "`folder` for comments, reports and logs, which is emptied: .cache/acceptance without, of the short form .cache/acceptance-short")
	short := f.Bool("short", false, "only the beginning of the week")
	only := f.String("only", "", "only the steps of these `numbers`, such as 1,2,7; what they need must be among them, and runs in the registry are not counted")
	if err := f.Parse(args); err != nil {
		return err
	}
	if *out == "" {
		*out = map[bool]string{false: ".cache/acceptance", true: ".cache/acceptance-short"}[*short]
	}
	chosen, err := choose(week(), *short, *only)
	if err != nil {
		return err
	}
	switch err := gitlabtest.Described(); {
	case gitlabtest.NoDescription(err):
		fmt.Fprintf(stdout, "GitLab's description of its API is not in %s: requests are not held against it\n", gitlabtest.DescriptionFolder)
	case err != nil:
		return err
	}
	err = amidQuiet(stdout, func() error {
		t, err := settle(ctx, *root, *out, path)
		if err != nil {
			return err
		}
		defer t.leave()
		t.uncounted = *only != ""
		t.say = stdout
		if *short {
			t.load = shortLoad()
		}
		return t.live(chosen, func(s numbered) (outcome, error) { return t.step(ctx, s) })
	})
	if *short && !requireAll && excused(err) {
		fmt.Fprintf(stdout, "acceptance: left out: %v\n", err)
		return nil
	}
	return err
}

// excused reports whether the machine, not k6report, is why there was no week.
func excused(err error) bool {
	return errors.Is(err, errNoPostgreSQL) || errors.Is(err, errTooNoisy)
}

// amidQuiet lives the week from its beginning again, up to three times, while the
// machine is too busy. Noise is found by the unchanged engine's runs alone, before
// anything is said of a build that is slower: no answer is asked for twice.
func amidQuiet(say io.Writer, live func() error) error {
	const more = 3
	for n := 1; ; n++ {
		err := live()
		if !errors.Is(err, errTooNoisy) || n > more {
			return err
		}
		fmt.Fprintf(say, "\n%v: afresh, %d of %d\n", err, n, more)
	}
}

// numbered is a step and its place in the week.
type numbered struct {
	step
	number int
}

func choose(all []step, short bool, only string) ([]numbered, error) {
	wanted := make(map[int]bool)
	for _, text := range strings.FieldsFunc(only, func(r rune) bool { return r == ',' }) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > len(all) {
			return nil, fmt.Errorf("read -only: %q is no step; there are 1 to %d", text, len(all))
		}
		if short && !all[n-1].short {
			return nil, fmt.Errorf("read -only: step %d is not part of the short form", n)
		}
		wanted[n] = true
	}
	var out []numbered
	last := 0
	for i, s := range all {
		n := i + 1
		if len(wanted) > 0 && !wanted[n] || short && !s.short {
			continue
		}
		if s.refersBack() && last != n-1 {
			return nil, fmt.Errorf("step %d (%s) refers to step %d, which is not chosen", n, s.what, n-1)
		}
		out, last = append(out, numbered{s, n}), n
	}
	return out, nil
}

// live goes through the steps, of which do does one, and prints and keeps the
// table of all that it came to, whatever ended it. That something was not as
// expected is never hidden by what ended it.
func (t *town) live(steps []numbered, do func(numbered) (outcome, error)) (err error) {
	var told []outcome
	defer func() {
		unexpected := slices.ContainsFunc(told, func(o outcome) bool { return len(o.problems) > 0 })
		switch {
		case unexpected && err != nil:
			err = fmt.Errorf("%w; then %v", errUnexpected, err) //nolint:errorlint // what counts is that alone
		case unexpected:
			err = errUnexpected
		}
		err = errors.Join(err, t.sum(told))
	}()
	for _, s := range steps {
		o, err := do(s)
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", s.number, s.what, err)
		}
		told = append(told, o)
		o.tell(t.say)
		if s.kind == seed && o.unseen > mostUnseen {
			return fmt.Errorf("%w: of the runs of the unchanged engine no change below %.0f %% would be seen", errTooNoisy, 100*o.unseen)
		}
	}
	return nil
}

// sum prints the table of what happened, and keeps it.
func (t *town) sum(told []outcome) error {
	var table strings.Builder
	printTable(&table, told)
	fmt.Fprintf(t.say, "\n%s\nComments, threads, logs and reports: %s\n", &table, t.out)
	if err := os.WriteFile(filepath.Join(t.out, "week.md"), []byte(table.String()), 0o644); err != nil {
		return fmt.Errorf("keep the table: %w", err)
	}
	return nil
}
