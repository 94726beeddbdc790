// Command acceptance lives a week with k6report as a team does: the engine of
// testbed, k6 and the suite, an InfluxDB, a GitLab over HTTP with its package
// registry, and the program as GitLab's jobs run it. It tells of each pipeline what
// was changed and what was said, holds that against what a careful reviewer
// would have said (week.go), and ends with 1 when something differs.
// `make acceptance` runs it.
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
)

//nolint:forbidigo // a command is where arguments and streams come from
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv("PATH"), os.Stdout)
	stop()
	missing := errors.Is(err, errNoPostgreSQL) && os.Getenv("K6REPORT_REQUIRE_ALL") != "1"
	if slices.Contains(os.Args[1:], "-short") && (missing || errors.Is(err, errTooNoisy)) {
		fmt.Fprintf(os.Stderr, "acceptance: left out: %v\n", err) // as tests are that need it
		return
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "acceptance: error: %v\n", err)
		os.Exit(1)
	}
}

// tools are the programs, by absolute paths.
type tools struct{ engine, product, k6, postgres, influxd string }

// errTooNoisy says that the runs of the baseline differ so much that the week's
// slower builds could not be seen: what would be said is "can't tell", rightly.
var errTooNoisy = errors.New("this machine is too busy for the week")

var errUnexpected = errors.New("not everything was as expected")

func run(ctx context.Context, args []string, path string, stdout io.Writer) error {
	f := flag.NewFlagSet("acceptance", flag.ContinueOnError)
	f.SetOutput(stdout)
	root := f.String("root", ".", "the project's `folder`, with bin/engine, bin/k6report and .tools")
	out := f.String("out", ".cache/acceptance", "`folder` for comments, reports and logs; it is emptied")
	short := f.Bool("short", false, "only the beginning of the week")
	only := f.String("only", "", "only the steps of these `numbers`, such as 1,2,7; what they need must be among them, and runs in the registry are not counted")
	if err := f.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(week(), *short, *only)
	if err != nil {
		return err
	}
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
	return t.live(ctx, chosen)
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
		wanted[n] = true
	}
	var out []numbered
	for i, s := range all {
		if (len(wanted) == 0 || wanted[i+1]) && (!short || s.short) {
			out = append(out, numbered{s, i + 1})
		}
	}
	return out, nil
}

// live goes through the steps, and prints the table of all of them.
func (t *town) live(ctx context.Context, steps []numbered) error {
	var told []outcome
	expected := true
	for _, s := range steps {
		o, err := t.step(ctx, s)
		if err != nil {
			return fmt.Errorf("step %d (%s): %w", s.number, s.what, err)
		}
		told = append(told, o)
		expected = expected && len(o.problems) == 0
		o.tell(t.say)
		if s.kind == seed && o.unseen > mostUnseen {
			return fmt.Errorf("%w: of the runs of the unchanged engine no change below %.0f %% would be seen", errTooNoisy, 100*o.unseen)
		}
	}
	var table strings.Builder
	printTable(&table, told)
	fmt.Fprintf(t.say, "\n%s\nComments, threads, logs and reports: %s\n", &table, t.out)
	if err := os.WriteFile(filepath.Join(t.out, "week.md"), []byte(table.String()), 0o644); err != nil {
		return fmt.Errorf("keep the table: %w", err)
	}
	if !expected {
		return errUnexpected
	}
	return nil
}
