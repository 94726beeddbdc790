package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// SaveExecution implements store.Store.
func (s *Store) SaveExecution(ctx context.Context, e workflow.Execution) error {
	docs, err := store.EncodeDocuments(e)
	if err != nil {
		return err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		defer store.Stretch(s.now, s.now(), s.factor)
		_, err := tx.ExecContext(ctx,
			`INSERT INTO execution_records (id, tenant, workflow_name, workflow_version, status, error,
			   created_at, duration_ns, graph_build_ns, input, output, cost, tasks, plan)
			 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			e.ID, e.Tenant, e.Workflow, e.Version, e.Status, e.Error,
			e.CreatedAt.UnixMicro(), e.Duration.Nanoseconds(), e.GraphBuild.Nanoseconds(),
			docs.Input, docs.Output, docs.Cost, docs.Tasks, docs.Plan)
		if err != nil {
			return err
		}
		if err := insertTasks(ctx, tx, e); err != nil {
			return err
		}
		time.Sleep(s.hold)
		return addToStats(ctx, tx, e)
	})
	if err != nil {
		return fmt.Errorf("save execution %s: %w", e.ID, err)
	}
	return nil
}

// insertTasks writes many rows with each statement: with one row each, a
// workflow of a hundred tasks would spend its time on parsing SQL.
func insertTasks(ctx context.Context, tx *sql.Tx, e workflow.Execution) error {
	const columns, rowsAtOnce = 8, 100
	seq := 0
	for chunk := range slices.Chunk(e.Tasks, rowsAtOnce) {
		args := make([]any, 0, columns*len(chunk))
		for _, t := range chunk {
			waitedFor, err := json.Marshal(t.WaitedFor)
			if err != nil {
				return err
			}
			args = append(args, e.ID, seq, t.ID, t.Started.UnixMicro(), t.Completed.UnixMicro(),
				t.Wait.Nanoseconds(), string(waitedFor), t.Success())
			seq++
		}
		row := "(?" + strings.Repeat(", ?", columns-1) + ")"
		_, err := tx.ExecContext(ctx,
			`INSERT INTO execution_tasks (execution_id, seq, task_id, started_at, completed_at,
			   wait_ns, waited_for, success)
			 VALUES `+row+strings.Repeat(", "+row, len(chunk)-1), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func addToStats(ctx context.Context, tx *sql.Tx, e workflow.Execution) error {
	failures := 0
	if e.Status == workflow.Failed {
		failures = 1
	}
	_, err := tx.ExecContext(ctx,
		`INSERT INTO workflow_stats (workflow_name, executions, failures, total_us, last_at)
		 VALUES (?, 1, ?, ?, ?)
		 ON CONFLICT (workflow_name) DO UPDATE SET
		   executions = executions + 1,
		   failures = failures + excluded.failures,
		   total_us = total_us + excluded.total_us,
		   last_at = max(last_at, excluded.last_at)`,
		e.Workflow, failures, e.Duration.Microseconds(), e.CreatedAt.UnixMicro())
	return err
}

// Execution implements store.Store.
func (s *Store) Execution(ctx context.Context, tenant, id string) (workflow.Execution, error) {
	e := workflow.Execution{ID: id, Tenant: tenant}
	var docs store.Documents
	var created int64
	err := s.read(ctx, timing.DBRead, func(c *sql.Conn) error {
		return c.QueryRowContext(ctx,
			`SELECT workflow_name, workflow_version, status, error, created_at, duration_ns,
			   graph_build_ns, input, output, cost, tasks, plan
			 FROM execution_records WHERE id = ? AND tenant = ?`, id, tenant,
		).Scan(&e.Workflow, &e.Version, &e.Status, &e.Error, &created, &e.Duration,
			&e.GraphBuild, &docs.Input, &docs.Output, &docs.Cost, &docs.Tasks, &docs.Plan)
	})
	if err != nil {
		return workflow.Execution{}, fmt.Errorf("execution %q: %w", id, notFound(err))
	}
	e.CreatedAt = time.UnixMicro(created)
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
		FROM execution_records WHERE workflow_name = ? AND tenant = ?`
	args := []any{f.Workflow, f.Tenant}
	if f.Status != "" {
		query, args = query+` AND status = ?`, append(args, f.Status)
	}
	query += ` ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`
	args = append(args, p.Take+1, p.Skip)

	var list []store.ExecutionSummary
	err := s.read(ctx, timing.DBRead, func(c *sql.Conn) error {
		rows, err := c.QueryContext(ctx, query, args...)
		return scan(rows, err, func(row *sql.Rows) error {
			var e store.ExecutionSummary
			var created int64
			if err := row.Scan(&e.ID, &e.Workflow, &e.Version, &e.Status, &created, &e.Duration); err != nil {
				return err
			}
			e.CreatedAt = time.UnixMicro(created)
			list = append(list, e)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list executions of workflow %q: %w", f.Workflow, err)
	}
	return list, nil
}

// Trace implements store.Store.
func (s *Store) Trace(ctx context.Context, tenant, id string) (workflow.Trace, error) {
	trace := workflow.Trace{ExecutionID: id}
	err := s.read(ctx, timing.DBTrace, func(c *sql.Conn) error {
		var plan string
		err := c.QueryRowContext(ctx,
			`SELECT workflow_name, plan FROM execution_records WHERE id = ? AND tenant = ?`, id, tenant,
		).Scan(&trace.Workflow, &plan)
		if err != nil {
			return notFound(err)
		}
		if err := json.Unmarshal([]byte(plan), &trace.Plan); err != nil {
			return err
		}
		rows, err := c.QueryContext(ctx,
			`SELECT task_id, started_at, completed_at, wait_ns, waited_for, success
			 FROM execution_tasks WHERE execution_id = ? ORDER BY seq`, id)
		return scan(rows, err, func(row *sql.Rows) error {
			timing, err := taskTiming(row)
			trace.Timings = append(trace.Timings, timing)
			return err
		})
	})
	if err != nil {
		return workflow.Trace{}, fmt.Errorf("trace of execution %q: %w", id, err)
	}
	return trace, nil
}

func taskTiming(row *sql.Rows) (workflow.TaskTiming, error) {
	var t workflow.TaskTiming
	var started, completed int64
	var waitedFor string
	if err := row.Scan(&t.ID, &started, &completed, &t.Wait, &waitedFor, &t.Success); err != nil {
		return t, err
	}
	t.Started, t.Completed = time.UnixMicro(started), time.UnixMicro(completed)
	return t, json.Unmarshal([]byte(waitedFor), &t.WaitedFor)
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	return err
}
