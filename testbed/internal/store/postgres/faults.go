package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/workflow"
)

// everybody is the row of statistics that all workflows share. It can't be a
// workflow's name.
const everybody = "*"

// rangeSize is how many records an execution locks that keeps a range of them.
const rangeSize = 20

// setIndex makes the index of the list of executions what it should be, which
// an engine of before may have changed.
func (s *Store) setIndex(ctx context.Context) error {
	const (
		whole = `CREATE INDEX IF NOT EXISTS execution_records_by_workflow
		         ON execution_records (workflow_name, tenant, created_at DESC, id DESC)`
		partial = `CREATE INDEX IF NOT EXISTS execution_records_by_name ON execution_records (workflow_name)`
	)
	scripts := map[fault.Index][]string{
		fault.WholeIndex:   {whole, `DROP INDEX IF EXISTS execution_records_by_name`},
		fault.PartialIndex: {partial, `DROP INDEX IF EXISTS execution_records_by_workflow`},
		fault.NoIndex: {
			`DROP INDEX IF EXISTS execution_records_by_workflow`, `DROP INDEX IF EXISTS execution_records_by_name`,
		},
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
			return err
		}
		for _, script := range scripts[s.faults.Index] {
			if _, err := tx.Exec(ctx, script); err != nil {
				return err
			}
		}
		return nil
	})
}

// contend takes the locks that others want, too.
func (s *Store) contend(ctx context.Context, tx pgx.Tx, e workflow.Execution) error {
	row, filter := everybody, ""
	args := []any{rangeSize}
	if s.faults.HotRow == fault.HotRowPerWorkflow {
		row = e.Workflow + everybody
	}
	if s.faults.HotRange == fault.HotRangePerTenant {
		filter, args = ` WHERE tenant = $2`, append(args, e.Tenant)
	}
	if s.faults.HotRow != fault.NoHotRow {
		_, err := tx.Exec(ctx,
			`INSERT INTO workflow_stats AS s (workflow_name, executions, failures, total_us, last_at)
			 VALUES ($1, 1, 0, 0, $2)
			 ON CONFLICT (workflow_name) DO UPDATE SET executions = s.executions + 1`, row, e.CreatedAt)
		if err != nil {
			return err
		}
	}
	if s.faults.HotRange != fault.NoHotRange {
		_, err := tx.Exec(ctx, `SELECT id FROM execution_records`+filter+` ORDER BY id LIMIT $1 FOR UPDATE`, args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// linger keeps the transaction open.
func (s *Store) linger(ctx context.Context, tx pgx.Tx) error {
	if s.hold <= 0 {
		return nil
	}
	_, err := tx.Exec(ctx, `SELECT pg_sleep($1)`, s.hold.Seconds())
	return err
}

// stretch makes what began at a time take longer by the factor.
func (s *Store) stretch(began time.Time) { store.Stretch(s.now, began, s.faults.WriteFactor) }

// fillBatch is how many records one statement makes.
const fillBatch = 10_000

// Fill adds made-up records until there are n of them, spread evenly over the
// workflows that are stored and over the tenants. They have no traces.
func (s *Store) Fill(ctx context.Context, n int, tenants []string) error {
	var have int
	if err := s.pool.QueryRow(ctx, `SELECT count(*) FROM execution_records`).Scan(&have); err != nil {
		return fmt.Errorf("count the records: %w", err)
	}
	for ; have < n; have += fillBatch {
		_, err := s.pool.Exec(ctx,
			`INSERT INTO execution_records (id, tenant, workflow_name, workflow_version, status, error,
			   created_at, duration_ns, graph_build_ns, input, output, cost, tasks, plan)
			 SELECT 'fill-' || i, ($3::text[])[1 + i % array_length($3::text[], 1)], w.name, 1, 'completed', '',
			   timestamptz '2024-01-01' + i * interval '1 second', 1000000, 10000, '{}', '{}', '{}', '[]', '{}'
			 FROM generate_series($1::int, $2::int) AS i
			 JOIN (SELECT name, row_number() OVER (ORDER BY name) - 1 AS at, count(*) OVER () AS of
			       FROM (SELECT DISTINCT name FROM workflows) AS names) AS w
			   ON w.at = (i / array_length($3::text[], 1)) % w.of`,
			have, min(have+fillBatch, n)-1, tenants)
		if err != nil {
			return fmt.Errorf("make up records: %w", err)
		}
	}
	if _, err := s.pool.Exec(ctx, `ANALYZE execution_records`); err != nil {
		return fmt.Errorf("analyse the records: %w", err)
	}
	return nil
}
