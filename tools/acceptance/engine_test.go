package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Without PostgreSQL there is no week, and the reason is told.
func TestNoPostgreSQL(t *testing.T) {
	script := filepath.Join(t.TempDir(), "postgres.sh")
	for content, missing := range map[string]bool{"#!/bin/sh\nexit 3\n": true, "#!/bin/sh\nexit 1\n": false} {
		if err := os.WriteFile(script, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
		towns := tools{postgres: script}
		if d, err := towns.deploy(t.Context(), nil); d != nil || err == nil || errors.Is(err, errNoPostgreSQL) != missing {
			t.Errorf("%q: an engine %v, error %v", content, d, err)
		}
	}
}
