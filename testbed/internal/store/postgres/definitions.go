package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

const selectLatest = `SELECT definition FROM workflows WHERE name = $1 ORDER BY version DESC LIMIT 1`

// SaveDefinition implements store.Store.
func (s *Store) SaveDefinition(ctx context.Context, d workflow.Definition) (int, error) {
	version := 0
	err := s.change(ctx, func(tx pgx.Tx) error {
		var text []byte
		err := notFound(tx.QueryRow(ctx, selectLatest, d.Name).Scan(&text))
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		next, encoded, err := store.NextVersion(d, text)
		version = next
		if err != nil || encoded == nil {
			return err
		}
		_, err = tx.Exec(ctx,
			`INSERT INTO workflows (name, version, description, task_count, definition, created_at)
			 VALUES ($1, $2, $3, $4, $5, $6)`,
			d.Name, version, d.Description, len(d.Tasks), encoded, s.now())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save workflow %q: %w", d.Name, err)
	}
	return version, nil
}

// Definition implements store.Store.
func (s *Store) Definition(ctx context.Context, name string) (workflow.Definition, error) {
	var d workflow.Definition
	err := s.read(ctx, timing.DBRead, func(c *pgxpool.Conn) error {
		return notFound(c.QueryRow(ctx, selectLatest, name).Scan(&d))
	})
	if err != nil {
		return workflow.Definition{}, fmt.Errorf("workflow %q: %w", name, err)
	}
	return d, nil
}

// Stats implements store.Store.
func (s *Store) Stats(ctx context.Context, name string) (workflow.Stats, error) {
	var stats workflow.Stats
	var micros int64
	err := s.read(ctx, timing.DBRead, func(c *pgxpool.Conn) error {
		return c.QueryRow(ctx,
			`SELECT executions, failures, total_us, last_at FROM workflow_stats WHERE workflow_name = $1`, name,
		).Scan(&stats.Executions, &stats.Failures, &micros, &stats.LastAt)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return workflow.Stats{}, nil
	} else if err != nil {
		return workflow.Stats{}, fmt.Errorf("statistics of workflow %q: %w", name, err)
	}
	stats.Time = time.Duration(micros) * time.Microsecond
	return stats, nil
}

// Definitions implements store.Store.
func (s *Store) Definitions(ctx context.Context, p store.Page) ([]workflow.Summary, error) {
	return s.summaries(ctx, "list workflows",
		`SELECT name, version, description, task_count, created_at FROM workflows AS w
		 WHERE version = (SELECT max(version) FROM workflows WHERE name = w.name)
		 ORDER BY name LIMIT $1 OFFSET $2`, p.Take+1, p.Skip)
}

// Versions implements store.Store.
func (s *Store) Versions(ctx context.Context, name string) ([]workflow.Summary, error) {
	doing := fmt.Sprintf("versions of workflow %q", name)
	list, err := s.summaries(ctx, doing,
		`SELECT name, version, description, task_count, created_at FROM workflows
		 WHERE name = $1 ORDER BY version DESC`, name)
	if err == nil && len(list) == 0 {
		return nil, fmt.Errorf("%s: %w", doing, store.ErrNotFound)
	}
	return list, err
}

func (s *Store) summaries(ctx context.Context, doing, query string, args ...any) ([]workflow.Summary, error) {
	var list []workflow.Summary
	err := s.read(ctx, timing.DBRead, func(c *pgxpool.Conn) error {
		rows, err := c.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (workflow.Summary, error) {
			var w workflow.Summary
			err := row.Scan(&w.Name, &w.Version, &w.Description, &w.Tasks, &w.CreatedAt)
			return w, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return list, nil
}
