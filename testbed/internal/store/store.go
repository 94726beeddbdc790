// Package store says what the engine asks of its database. The packages below
// it answer: sqlite, which needs nothing installed, and postgres.
//
// Every method takes the request's context, stops when it is done, and gives
// the time it took to the request's timeline: waiting for a connection to
// db-pool-wait, reading to db-read, a trace to db-trace, statements that
// change something to db-write, making them permanent to db-commit.
package store

import (
	"context"
	"errors"
	"time"

	"k6report/testbed/internal/workflow"
)

// ErrNotFound says that what was asked for by name or id isn't there.
var ErrNotFound = errors.New("not found")

// MaxTake is the most items that one page may hold.
const MaxTake = 200

// Page is a cut of a list: Take items (1 to MaxTake) after the first Skip (0
// or more).
type Page struct {
	Skip, Take int
}

// ExecutionFilter chooses executions. All of it must apply.
type ExecutionFilter struct {
	Tenant   string
	Workflow string
	Status   workflow.Status // "" for any
}

// ExecutionSummary is an execution's line in a list.
type ExecutionSummary struct {
	ID        string
	Workflow  string
	Version   int
	Status    workflow.Status
	CreatedAt time.Time
	Duration  time.Duration
}

// PoolStats tells how the connections are used. Waits are those since the
// start, for all callers together.
type PoolStats struct {
	Size     int // the most connections that may be open
	InUse    int
	WaitTime time.Duration
}

// Store keeps definitions and the records of executions. Lists answer one
// item more than the page's Take when there is one, so that the caller knows
// of a next page without counting a table that only grows.
type Store interface {
	// SaveDefinition stores d as the next version of its name, which it
	// answers, unless the latest version is equal: then that one's.
	SaveDefinition(ctx context.Context, d workflow.Definition) (version int, err error)
	// Definition answers the latest version, or ErrNotFound.
	Definition(ctx context.Context, name string) (workflow.Definition, error)
	// Stats answers what all executions of a workflow came to; zero for one
	// that was never executed or doesn't exist.
	Stats(ctx context.Context, name string) (workflow.Stats, error)
	// Definitions lists the latest version of each workflow, by name.
	Definitions(ctx context.Context, p Page) ([]workflow.Summary, error)
	// Versions lists all versions of a workflow, latest first, or ErrNotFound.
	Versions(ctx context.Context, name string) ([]workflow.Summary, error)

	// SaveExecution stores the record with its trace and adds it to the
	// workflow's statistics, in one transaction.
	SaveExecution(ctx context.Context, e workflow.Execution) error
	// Execution answers a tenant's record, or ErrNotFound.
	Execution(ctx context.Context, tenant, id string) (workflow.Execution, error)
	// Executions lists records, latest first.
	Executions(ctx context.Context, f ExecutionFilter, p Page) ([]ExecutionSummary, error)
	// Trace answers when the tasks of a tenant's execution ran, or ErrNotFound.
	Trace(ctx context.Context, tenant, id string) (workflow.Trace, error)

	// Ping tells whether the database answers.
	Ping(ctx context.Context) error
	Pool() PoolStats
	// Close waits for what is running and gives the connections back.
	Close() error
}
