// Command engine is the reference workflow engine as a server: what the load
// testing suite loads, and what k6report's attribution is held against.
//
// It prints the line "listening on http://HOST:PORT" on standard output once
// it answers requests; logs go to standard error. SIGINT and SIGTERM let the
// requests under way finish.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"k6report/testbed/internal/fault"
)

func main() {
	if setting := os.Getenv(throttleOf); setting != "" {
		if err := beThrottle(setting, os.Stdin); err != nil {
			fmt.Fprintf(os.Stderr, "engine: error: %v\n", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks, a second one kills as usual.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	case errors.As(err, new(*usageError)):
		fmt.Fprintf(os.Stderr, "engine: error: %v\nengine: hint: engine -h lists the flags\n", err)
		os.Exit(2)
	default:
		fmt.Fprintf(os.Stderr, "engine: error: %v\n", err)
		os.Exit(1)
	}
}

// settings are the engine's flags.
type settings struct {
	addr        string
	addrFile    string
	db          string
	dbConns     int // 0 for the database's own default
	limit       int
	workers     int
	httpConns   int
	calleeDelay time.Duration
	hubQueue    int
	logLevel    slog.Level
	grace       time.Duration
	samples     int
	dbHold      time.Duration
	dbRows      int
	hubCheck    time.Duration
	faults      fault.Settings
	knobs       fault.Knobs // what the faults come to
}

// usageError is wrong on the command line.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func parse(args []string, stderr io.Writer) (settings, error) {
	var c settings
	f := flag.NewFlagSet("engine", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&c.addr, "addr", "127.0.0.1:0", "listen on `HOST:PORT`; port 0 takes a free one")
	f.StringVar(&c.addrFile, "addr-file", "", "write the server's URL to `FILE` once it answers")
	f.StringVar(&c.db, "db", "", "database: postgres://…, a `FILE` for SQLite, or :memory:; a temporary file without")
	f.IntVar(&c.dbConns, "db-conns", 0, "database connections at most; with SQLite, those that read beside\n"+
		"the one that writes (default 100 for PostgreSQL, 8 for SQLite)")
	f.IntVar(&c.limit, "max-executions", 64, "executions that run at once; more wait in a queue")
	f.IntVar(&c.workers, "workers", 8, "tasks of one execution that run at once")
	f.IntVar(&c.httpConns, "http-conns", 100, "connections to the downstream service at most")
	f.DurationVar(&c.calleeDelay, "callee-delay", 2*time.Millisecond, "how long the downstream service takes to answer")
	f.IntVar(&c.hubQueue, "hub-queue", 1024, "events that may wait for a hub client; more are dropped")
	f.TextVar(&c.logLevel, "log-level", slog.LevelInfo, "debug (every request), info, warn or error")
	f.DurationVar(&c.grace, "grace", 10*time.Second, "how long requests may take to finish after a signal")
	f.IntVar(&c.samples, "samples", 3, "executions of each sample workflow that are made for each tenant at the start")
	f.DurationVar(&c.dbHold, "db-hold", 0, "how long an execution's transaction stays open beyond its statements")
	f.IntVar(&c.dbRows, "db-rows", 0, "fill the database with made-up executions up to so many (PostgreSQL)")
	f.DurationVar(&c.hubCheck, "hub-check", 0, "how long it takes to find out who connects to the hub")
	f.Var(&c.faults, "fault", "what is wrong with the engine: `NAME`, NAME=strong or NAME=mild, slow=FACTOR; repeatable.\n"+
		"NAME is one of "+strings.Join(fault.Names(), ", "))
	f.Usage = func() {
		fmt.Fprintf(stderr, "engine serves the reference workflow engine.\n\nUsage: engine [flags]\n\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return c, err
		}
		return c, &usageError{err}
	}
	switch {
	case f.NArg() > 0:
		return c, &usageError{fmt.Errorf("unexpected argument %q", f.Arg(0))}
	case min(c.limit, c.workers, c.httpConns, c.hubQueue) < 1:
		return c, &usageError{errors.New("--max-executions, --workers, --http-conns and --hub-queue are at least 1")}
	case c.dbConns < 0 || c.dbConns > maxConns:
		return c, &usageError{fmt.Errorf("--db-conns is at most %d", maxConns)}
	case min(c.calleeDelay, c.grace, c.dbHold, c.hubCheck) < 0:
		return c, &usageError{errors.New("--callee-delay, --grace, --db-hold and --hub-check are not negative")}
	case c.samples < 0 || c.samples > maxSamples:
		return c, &usageError{fmt.Errorf("--samples is at most %d", maxSamples)}
	case c.dbRows < 0 || c.dbRows > maxRows:
		return c, &usageError{fmt.Errorf("--db-rows is at most %d", maxRows)}
	case c.dbRows > 0 && !isPostgres(c.db):
		return c, &usageError{errors.New("--db-rows needs PostgreSQL")}
	}
	knobs, err := c.faults.Knobs(isPostgres(c.db))
	if err != nil {
		return c, &usageError{err}
	}
	return c.with(knobs), nil
}

// with lets faults overrule the flags.
func (c settings) with(k fault.Knobs) settings {
	overrule(&c.dbConns, k.DBConns)
	overrule(&c.httpConns, k.HTTPConns)
	overrule(&c.calleeDelay, k.CalleeDelay)
	overrule(&c.limit, k.Executions)
	c.knobs = k
	return c
}

func overrule[T comparable](setting *T, by T) {
	var none T
	if by != none {
		*setting = by
	}
}

// maxSamples is more than anybody wants to wait for.
const maxSamples = 1000

// maxRows is more than a laboratory's disk should take.
const maxRows = 10_000_000

// maxConns is more connections than any database here would take.
const maxConns = 10_000

func isPostgres(db string) bool {
	return strings.HasPrefix(db, "postgres://") || strings.HasPrefix(db, "postgresql://")
}

// conns is the number of database connections. The load testing strategy
// speaks of 100 for PostgreSQL.
func (c settings) conns() int {
	switch {
	case c.dbConns > 0:
		return c.dbConns
	case isPostgres(c.db):
		return 100
	default:
		return 8
	}
}
