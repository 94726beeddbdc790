package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
	"k6report/testbed/internal/workflow"
)

// SaveDefinition implements store.Store.
func (s *Store) SaveDefinition(ctx context.Context, d workflow.Definition) (int, error) {
	version := 0
	err := s.change(ctx, func(tx *sql.Tx) error {
		latest, err := latest(tx.QueryRowContext(ctx, selectLatest, d.Name))
		switch {
		case errors.Is(err, store.ErrNotFound):
			version = 1
		case err != nil:
			return err
		default:
			version = latest.Version
			d.Version = version
			if same, err := equal(d, latest); same || err != nil {
				return err
			}
			version++
		}
		d.Version = version
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx,
			`INSERT INTO workflows (name, version, description, task_count, definition, created_at)
			 VALUES (?, ?, ?, ?, ?, ?)`,
			d.Name, version, d.Description, len(d.Tasks), string(text), s.now().UnixMicro())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("save workflow %q: %w", d.Name, err)
	}
	return version, nil
}

// equal compares as stored: numbers have lost their Go type there.
func equal(d, stored workflow.Definition) (bool, error) {
	text, err := json.Marshal(d)
	if err != nil {
		return false, err
	}
	var plain workflow.Definition
	if err := json.Unmarshal(text, &plain); err != nil {
		return false, err
	}
	return reflect.DeepEqual(plain, stored), nil
}

const selectLatest = `SELECT definition FROM workflows WHERE name = ? ORDER BY version DESC LIMIT 1`

func latest(row *sql.Row) (workflow.Definition, error) {
	var text string
	if err := row.Scan(&text); errors.Is(err, sql.ErrNoRows) {
		return workflow.Definition{}, store.ErrNotFound
	} else if err != nil {
		return workflow.Definition{}, err
	}
	var d workflow.Definition
	err := json.Unmarshal([]byte(text), &d)
	return d, err
}

// Definition implements store.Store.
func (s *Store) Definition(ctx context.Context, name string) (workflow.Definition, error) {
	var d workflow.Definition
	err := s.read(ctx, timing.DBRead, func(c *sql.Conn) (err error) {
		d, err = latest(c.QueryRowContext(ctx, selectLatest, name))
		return err
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
