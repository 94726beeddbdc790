// Package postgres keeps the engine's data in PostgreSQL over pgx's own pool:
// the database that the load testing strategy is about, with real contention
// of connections, rows and commits.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/migrate"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/timing"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrationLock keeps two engines from changing one schema at once. Any number
// will do that nobody else uses.
const migrationLock = 0x6b36_7265

// cleanUp is how long ending a transaction may take after its request is gone.
const cleanUp = 5 * time.Second

// Options of a store.
type Options struct {
	URL   string       // postgres://USER@HOST:PORT/DATABASE?…
	Conns int          // connections at most, at least 1
	Now   timing.Clock // for what the store dates itself
	// Hold is how long an execution's transaction stays open after its
	// statements, as one does that has more to do. 0 for no time.
	Hold   time.Duration
	Faults Faults
}

// Faults are what may be wrong with the store on purpose. The zero value is
// healthy.
type Faults struct {
	// HotRow makes each execution update a row first, which it so keeps until
	// it commits: that of its workflow, or one of all.
	HotRow fault.HotRow
	// HotRange makes it lock the oldest records first: its tenant's, or all.
	HotRange fault.HotRange
	// Index is what is left of the one that lists executions.
	Index fault.Index
	// CommitDelay is how long PostgreSQL waits before each flush of its log, in
	// microseconds' steps. It takes a superuser.
	CommitDelay time.Duration
	// WriteFactor is how much longer statements of an execution take; 0 as 1.
	WriteFactor float64
}

// Store is a store.Store on PostgreSQL.
type Store struct {
	now    timing.Clock
	pool   *pgxpool.Pool
	hold   time.Duration
	faults Faults
}

var _ store.Store = (*Store)(nil)

// Open connects to the database and brings its schema up to date. An error
// doesn't hold the password of the URL.
func Open(ctx context.Context, o Options) (*Store, error) {
	config, err := pgxpool.ParseConfig(o.URL)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	config.MaxConns = int32(o.Conns)
	// Some connections from the start: a burst should not pay for making them.
	config.MinConns = min(config.MaxConns, 20)
	if delay := o.Faults.CommitDelay; delay > 0 {
		config.ConnConfig.RuntimeParams["commit_delay"] = strconv.FormatInt(delay.Microseconds(), 10)
		config.ConnConfig.RuntimeParams["commit_siblings"] = "0"
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	s := &Store{now: o.Now, pool: pool, hold: o.Hold, faults: o.Faults}
	err = s.migrate(ctx)
	if err == nil {
		err = s.setIndex(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("open PostgreSQL database %s: %w", config.ConnConfig.Database, err)
	}
	return s, nil
}

// migrate runs as one transaction: an engine that stops halfway leaves nothing
// behind.
func (s *Store) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, migrationLock); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY)`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT name FROM schema_migrations`)
		if err != nil {
			return err
		}
		done, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		return migrate.Up(ctx, files, done, func(ctx context.Context, name, script string) error {
			if _, err := tx.Exec(ctx, script); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, `INSERT INTO schema_migrations (name) VALUES ($1)`, name)
			return err
		})
	})
}

// acquire waits for a connection of the pool.
func (s *Store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	defer timing.From(ctx).Begin(timing.DBPoolWait).End()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("wait for a database connection: %w", err)
	}
	return conn, nil
}

// read runs f on a connection and gives its time to part.
func (s *Store) read(ctx context.Context, part string, f func(*pgxpool.Conn) error) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	defer timing.From(ctx).Begin(part).End()
	return f(conn)
}

// change runs f in a transaction.
func (s *Store) change(ctx context.Context, f func(pgx.Tx) error) error {
	conn, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	rec := timing.From(ctx)
	write := rec.Begin(timing.DBWrite)
	tx, err := conn.Begin(ctx)
	if err != nil {
		write.End()
		return fmt.Errorf("begin a transaction: %w", err)
	}
	err = f(tx)
	if err != nil {
		err = errors.Join(err, rollback(ctx, tx))
	}
	write.End()
	if err != nil {
		return err
	}
	defer rec.Begin(timing.DBCommit).End()
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// rollback works for a request that is gone, too; a connection that broke with
// it has rolled back already.
func rollback(ctx context.Context, tx pgx.Tx) error {
	finish, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	if err := tx.Rollback(finish); err != nil && !tx.Conn().IsClosed() {
		return fmt.Errorf("roll back: %w", err)
	}
	return nil
}

// notFound turns the driver's word for it into the store's.
func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNotFound
	}
	return err
}

// Ping implements store.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.read(ctx, timing.DBRead, func(c *pgxpool.Conn) error { return c.Ping(ctx) })
}

// Pool implements store.Store.
func (s *Store) Pool() store.PoolStats {
	stats := s.pool.Stat()
	return store.PoolStats{
		Size: int(stats.MaxConns()), InUse: int(stats.AcquiredConns()), WaitTime: stats.EmptyAcquireWaitTime(),
	}
}

// Close implements store.Store.
func (s *Store) Close() error {
	s.pool.Close()
	return nil
}
