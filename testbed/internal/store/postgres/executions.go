package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// SaveExecution implements store.Store. The statistics come last: their row is
// locked from then until the commit, by one execution of a workflow at a time.
func (s *Store) SaveExecution(ctx context.Context, e workflow.Execution) error {
	docs, err := store.EncodeDocuments(e)
	if err != nil {
		return err
	}
	err = s.change(ctx, func(tx pgx.Tx) error {
		defer s.stretch(s.now())
		if err := s.contend(ctx, tx, e); err != nil {
			return err
		}
		_, err := tx.Exec(ctx,
			`INSERT INTO execution_records (id, tenant, workflow_name, workflow_version, status, error,
			   created_at, duration_ns, graph_build_ns, input, output, cost, tasks, plan)
			 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
			e.ID, e.Tenant, e.Workflow, e.Version, string(e.Status), e.Error,
			e.CreatedAt, e.Duration.Nanoseconds(), e.GraphBuild.Nanoseconds(),
			docs.Input, docs.Output, docs.Cost, docs.Tasks, docs.Plan)
		if err != nil {
			return err
		}
		if err := insertTasks(ctx, tx, e); err != nil {
			return err
		}
		if err := s.linger(ctx, tx); err != nil {
			return err
		}
		return addToStats(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("save execution %s: %w", e.ID, err)
	}
	return nil
}

// insertTasks writes all rows with one statement, a column each.
func insertTasks(ctx context.Context, tx pgx.Tx, e workflow.Execution) error {
	n := len(e.Tasks)
	ids, waitedFor := make([]string, n), make([]string, n)
	started, completed := make([]time.Time, n), make([]time.Time, n)
	waits, success := make([]int64, n), make([]bool, n)
	for i, t := range e.Tasks {
		text, err := json.Marshal(t.WaitedFor)
		if err != nil {
			return err
		}
		ids[i], waitedFor[i] = t.ID, string(text)
		started[i], completed[i] = t.Started, t.Completed
		waits[i], success[i] = t.Wait.Nanoseconds(), t.Success()
	}
	_, err := tx.Exec(ctx,
		`INSERT INTO execution_tasks (execution_id, seq, task_id, started_at, completed_at, wait_ns, waited_for, success)
		 SELECT $1, seq - 1, task_id, started_at, completed_at, wait_ns, waited_for::json, success
		 FROM unnest($2::text[], $3::timestamptz[], $4::timestamptz[], $5::bigint[], $6::text[], $7::boolean[])
		   WITH ORDINALITY AS t (task_id, started_at, completed_at, wait_ns, waited_for, success, seq)`,
		e.ID, ids, started, completed, waits, waitedFor, success)
	return err
}

func addToStats(ctx context.Context, tx pgx.Tx, e workflow.Execution) error {
	failures := 0
	if e.Status == workflow.Failed {
		failures = 1
	}
	_, err := tx.Exec(ctx,
		`INSERT INTO workflow_stats AS s (workflow_name, executions, failures, total_us, last_at)
		 VALUES ($1, 1, $2, $3, $4)
		 ON CONFLICT (workflow_name) DO UPDATE SET
		   executions = s.executions + 1,
		   failures = s.failures + excluded.failures,
		   total_us = s.total_us + excluded.total_us,
		   last_at = greatest(s.last_at, excluded.last_at)`,
		e.Workflow, failures, e.Duration.Microseconds(), e.CreatedAt)
	return err
}

// Execution implements store.Store.
func (s *Store) Execution(ctx context.Context, tenant, id string) (workflow.Execution, error) {
	e := workflow.Execution{ID: id, Tenant: tenant}
	var docs store.Documents
	err := s.read(ctx, timing.DBRead, func(c *pgxpool.Conn) error {
		return c.QueryRow(ctx,
			`SELECT workflow_name, workflow_version, status, error, created_at, duration_ns,
			   graph_build_ns, input, output, cost, tasks, plan
			 FROM execution_records WHERE id = $1 AND tenant = $2`, id, tenant,
		).Scan(&e.Workflow, &e.Version, &e.Status, &e.Error, &e.CreatedAt, (*int64)(&e.Duration),
			(*int64)(&e.GraphBuild), &docs.Input, &docs.Output, &docs.Cost, &docs.Tasks, &docs.Plan)
	})
	if err != nil {
		return workflow.Execution{}, fmt.Errorf("execution %q: %w", id, notFound(err))
	}
	if err := docs.Decode(&e); err != nil {
		return workflow.Execution{}, err
	}
	return e, nil
}

// Executions implements store.Store.
func (s *Store) Executions(
	ctx context.Context, f store.ExecutionFilter, p store.Page,
) ([]store.ExecutionSummary, error) {
	query := `SELECT id, workflow_name, workflow_version, status, created_at, duration_ns
		FROM execution_records WHERE workflow_name = $1 AND tenant = $2`
	args := []any{f.Workflow, f.Tenant, p.Take + 1, p.Skip}
	if f.Status != "" {
		query, args = query+` AND status = $5`, append(args, string(f.Status))
	}
	query += ` ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4`

	var list []store.ExecutionSummary
	err := s.read(ctx, timing.DBRead, func(c *pgxpool.Conn) error {
		rows, err := c.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (store.ExecutionSummary, error) {
			var e store.ExecutionSummary
			err := row.Scan(&e.ID, &e.Workflow, &e.Version, &e.Status, &e.CreatedAt, (*int64)(&e.Duration))
			return e, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list executions of workflow %q: %w", f.Workflow, err)
	}
	return list, nil
}

// Trace implements store.Store.
func (s *Store) Trace(ctx context.Context, tenant, id string) (workflow.Trace, error) {
	trace := workflow.Trace{ExecutionID: id}
	err := s.read(ctx, timing.DBTrace, func(c *pgxpool.Conn) error {
		err := c.QueryRow(ctx,
			`SELECT workflow_name, plan FROM execution_records WHERE id = $1 AND tenant = $2`, id, tenant,
		).Scan(&trace.Workflow, &trace.Plan)
		if err != nil {
			return notFound(err)
		}
		rows, err := c.Query(ctx,
			`SELECT task_id, started_at, completed_at, wait_ns, waited_for, success
			 FROM execution_tasks WHERE execution_id = $1 ORDER BY seq`, id)
		if err != nil {
			return err
		}
		trace.Timings, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (workflow.TaskTiming, error) {
			var t workflow.TaskTiming
			err := row.Scan(&t.ID, &t.Started, &t.Completed, (*int64)(&t.Wait), &t.WaitedFor, &t.Success)
			return t, err
		})
		return err
	})
	if err != nil {
		return workflow.Trace{}, fmt.Errorf("trace of execution %q: %w", id, err)
	}
	return trace, nil
}
