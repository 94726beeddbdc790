package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// SaveDefinition implements store.Store.
func (s *Store) SaveDefinition(ctx context.Context, d workflow.Definition) (int, error) {
	version := 0
	err := s.change(ctx, func(tx *sql.Tx) error {
		var latest []byte
		err := tx.QueryRowContext(ctx, selectLatest, d.Name).Scan(&latest)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		next, encoded, err := store.NextVersion(d, latest)
		version = next
		if err != nil || encoded == nil {
			return err
		}
		_, err = tx.ExecContext(ctx,
			`INSERT INTO workflows (name, version, description, task_count, definition, created_at)
			 VALUES (?, ?, ?, ?, ?, ?)`,
			d.Name, version, d.Description, len(d.Tasks), string(encoded), s.now().UnixMicro())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save workflow %q: %w", d.Name, err)
	}
	return version, nil
}

const selectLatest = `SELECT definition FROM workflows WHERE name = ? ORDER BY version DESC LIMIT 1`

// Definition implements store.Store.
func (s *Store) Definition(ctx context.Context, name string) (workflow.Definition, error) {
	var d workflow.Definition
	err := s.read(ctx, timing.DBRead, func(c *sql.Conn) error {
		var text []byte
		if err := c.QueryRowContext(ctx, selectLatest, name).Scan(&text); err != nil {
			return notFound(err)
		}
		return json.Unmarshal(text, &d)
	})
	if err != nil {
		return workflow.Definition{}, fmt.Errorf("workflow %q: %w", name, err)
	}
	return d, nil
}

// Stats implements store.Store.
func (s *Store) Stats(ctx context.Context, name string) (workflow.Stats, error) {
	var stats workflow.Stats
	var totalMicros, lastAt int64
	err := s.read(ctx, timing.DBRead, func(c *sql.Conn) error {
		row := c.QueryRowContext(ctx,
			`SELECT executions, failures, total_us, last_at FROM workflow_stats WHERE workflow_name = ?`, name)
		return row.Scan(&stats.Executions, &stats.Failures, &totalMicros, &lastAt)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return workflow.Stats{}, nil
	} else if err != nil {
		return workflow.Stats{}, fmt.Errorf("statistics of workflow %q: %w", name, err)
	}
	stats.Time = time.Duration(totalMicros) * time.Microsecond
	stats.LastAt = time.UnixMicro(lastAt)
	return stats, nil
}

// Definitions implements store.Store.
func (s *Store) Definitions(ctx context.Context, p store.Page) ([]workflow.Summary, error) {
	return s.summaries(ctx, "list workflows",
		`SELECT name, version, description, task_count, created_at FROM workflows AS w
		 WHERE version = (SELECT max(version) FROM workflows WHERE name = w.name)
		 ORDER BY name LIMIT ? OFFSET ?`, p.Take+1, p.Skip)
}

// Versions implements store.Store.
func (s *Store) Versions(ctx context.Context, name string) ([]workflow.Summary, error) {
	doing := fmt.Sprintf("versions of workflow %q", name)
	list, err := s.summaries(ctx, doing,
		`SELECT name, version, description, task_count, created_at FROM workflows
		 WHERE name = ? ORDER BY version DESC`, name)
	if err == nil && len(list) == 0 {
		return nil, fmt.Errorf("%s: %w", doing, store.ErrNotFound)
	}
	return list, err
}

func (s *Store) summaries(ctx context.Context, doing, query string, args ...any) ([]workflow.Summary, error) {
	var list []workflow.Summary
	err := s.read(ctx, timing.DBRead, func(c *sql.Conn) error {
		rows, err := c.QueryContext(ctx, query, args...)
		return scan(rows, err, func(row *sql.Rows) error {
			var w workflow.Summary
			var micros int64
			if err := row.Scan(&w.Name, &w.Version, &w.Description, &w.Tasks, &micros); err != nil {
				return err
			}
			w.CreatedAt = time.UnixMicro(micros)
			list = append(list, w)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	return list, nil
}
