// Package sqlite keeps the engine's data in an embedded SQLite database, so
// that the testbed runs on a machine where nothing is installed.
//
// SQLite has one writer at a time. The store says so openly: one connection
// writes, and waiting for it is db-pool-wait, as with any exhausted pool;
// others read beside it. Faults that need several writers at once (row
// contention, group commit) can't be shown here and belong to package
// postgres.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"time"

	_ "modernc.org/sqlite" // registers the driver "sqlite"

	"k6report/testbed/internal/migrate"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
)

//go:embed migrations/*.sql
var migrations embed.FS

// InMemory is the path of a database that lives as long as its store.
const InMemory = ":memory:"

// Options of a store.
type Options struct {
	Path    string       // a file, created if absent, or InMemory
	Readers int          // connections that read beside the writer, at least 1
	Now     timing.Clock // for what the store dates itself
	// Hold is how long an execution's transaction stays open after its
	// statements; 0 for no time.
	Hold time.Duration
	// WriteFactor is how much longer an execution's statements take, on
	// purpose; 0 as 1.
	WriteFactor float64
}

// Store is a store.Store on SQLite.
type Store struct {
	now     timing.Clock
	writer  *sql.DB
	readers *sql.DB // the writer itself for a database in memory
	hold    time.Duration
	factor  float64
}

var _ store.Store = (*Store)(nil)

// Open opens the database and brings its schema up to date.
func Open(ctx context.Context, o Options) (*Store, error) {
	writer, err := open(o.Path, 1)
	if err != nil {
		return nil, err
	}
	s := &Store{now: o.Now, writer: writer, readers: writer, hold: o.Hold, factor: o.WriteFactor}
	// A database in memory belongs to its connection: a second would see an
	// empty one.
	if o.Path != InMemory {
		if s.readers, err = open(o.Path, max(1, o.Readers)); err != nil {
			return nil, errors.Join(err, writer.Close())
		}
	}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQLite database %s: %w", o.Path, err), s.Close())
	}
	return s, nil
}

func open(path string, connections int) (*sql.DB, error) {
	// WAL lets readers and the writer work side by side; with it, NORMAL loses
	// nothing but the last commits, and only when the machine itself fails.
	pragmas := url.Values{"_pragma": {
		"journal_mode(WAL)", "synchronous(NORMAL)", "busy_timeout(5000)", "foreign_keys(1)",
	}}
	name := (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: pragmas.Encode()}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, fmt.Errorf("open SQLite database %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

func (s *Store) migrate(ctx context.Context) error {
	const table = `CREATE TABLE IF NOT EXISTS schema_migrations (name TEXT PRIMARY KEY)`
	if _, err := s.writer.ExecContext(ctx, table); err != nil {
		return err
	}
	var done []string
	rows, err := s.writer.QueryContext(ctx, `SELECT name FROM schema_migrations`)
	if err := scan(rows, err, func(row *sql.Rows) error {
		var name string
		err := row.Scan(&name)
		done = append(done, name)
		return err
	}); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return migrate.Up(ctx, files, done, func(ctx context.Context, name, script string) error {
		return s.change(ctx, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, script); err != nil {
				return err
			}
			_, err := tx.ExecContext(ctx, `INSERT INTO schema_migrations (name) VALUES (?)`, name)
			return err
		})
	})
}

// read runs f on a reading connection and gives its time to part.
func (s *Store) read(ctx context.Context, part string, f func(*sql.Conn) error) error {
	rec := timing.From(ctx)
	wait := rec.Begin(timing.DBPoolWait)
	conn, err := s.readers.Conn(ctx)
	wait.End()
	if err != nil {
		return fmt.Errorf("wait for a database connection: %w", err)
	}
	defer conn.Close() // gives it back; what f said matters more
	defer rec.Begin(part).End()
	return f(conn)
}

// change runs f in a transaction on the writing connection.
func (s *Store) change(ctx context.Context, f func(*sql.Tx) error) error {
	rec := timing.From(ctx)
	wait := rec.Begin(timing.DBPoolWait)
	conn, err := s.writer.Conn(ctx)
	wait.End()
	if err != nil {
		return fmt.Errorf("wait for a database connection: %w", err)
	}
	defer conn.Close()
	write := rec.Begin(timing.DBWrite)
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		write.End()
		return fmt.Errorf("begin a transaction: %w", err)
	}
	err = f(tx)
	if err != nil {
		err = errors.Join(err, tx.Rollback())
	}
	write.End()
	if err != nil {
		return err
	}
	defer rec.Begin(timing.DBCommit).End()
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// scan calls f on every row and closes them. It takes the error of the query,
// too, so that a query and its rows are one expression.
func scan(rows *sql.Rows, err error, f func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, timing.DBRead, func(c *sql.Conn) error { return c.PingContext(ctx) })
}

// Pool implements store.Store.
func (s *Store) Pool() store.PoolStats {
	var p store.PoolStats
	pools := []*sql.DB{s.writer}
	if s.readers != s.writer {
		pools = append(pools, s.readers)
	}
	for _, db := range pools {
		stats := db.Stats()
		p.Size += stats.MaxOpenConnections
		p.InUse += stats.InUse
		p.WaitTime += stats.WaitDuration
	}
	return p
}

// Close implements store.Store.
func (s *Store) Close() error {
	if s.readers == s.writer {
		return s.writer.Close()
	}
	return errors.Join(s.readers.Close(), s.writer.Close())
}
