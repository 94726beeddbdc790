// Package migrate brings a database's schema up to date from numbered SQL
// files. It goes forward only, and it knows no dialect: running a file and
// remembering that it ran is the store's. A migration tool of its own would
// bring a driver for every database there is; a testbed needs this much.
package migrate

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
)

// Apply runs one file's SQL and records its name, both or neither.
type Apply func(ctx context.Context, name, sql string) error

// Up applies the .sql files of files in the order of their names, except those
// in done. It stops at the first that fails.
func Up(ctx context.Context, files fs.FS, done []string, apply Apply) error {
	names, err := fs.Glob(files, "*.sql") // sorted, as fs.ReadDir is
	if err != nil {
		return fmt.Errorf("list schema migrations: %w", err)
	}
	for _, name := range names {
		if slices.Contains(done, name) {
			continue
		}
		sql, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("read schema migration: %w", err)
		}
		if err := apply(ctx, name, string(sql)); err != nil {
			return fmt.Errorf("apply schema migration %s: %w", name, err)
		}
	}
	return nil
}
