package sqlite

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"k6report/testbed/internal/store"
	"k6report/testbed/internal/store/storetest"
	"k6report/testbed/internal/workflow"
)

func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: path, Readers: 3, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStore(t *testing.T) {
	for name, path := range map[string]func(*testing.T) string{
		"file":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "a b%3f?.db") },
		"memory": func(*testing.T) string { return InMemory },
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T) store.Store {
				s := openAt(t, path(t))
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
				return s
			})
		})
	}
}

func TestAFileOutlivesItsStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "engine.db")
	first := openAt(t, path)
	d := workflow.Definition{Name: "w", Tasks: []workflow.Task{{ID: "a", Kind: "echo"}}}
	if _, err := first.SaveDefinition(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := openAt(t, path)
	defer again.Close()
	if got, err := again.Definition(t.Context(), "w"); err != nil || got.Version != 1 {
		t.Errorf("after opening again: %+v, %v", got, err)
	}
}

func TestOpenSaysWhatItCouldNotOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no", "such", "folder.db")
	if s, err := Open(t.Context(), Options{Path: path, Readers: 1, Now: time.Now}); err == nil {
		_ = s.Close()
		t.Error("a database in a folder that isn't there was opened")
	}
}

// The listing must be answered from its index; without it, it walks the table.
func TestListingUsesItsIndex(t *testing.T) {
	s := openAt(t, InMemory)
	defer s.Close()
	var id, parent, unused int
	var plan string
	err := s.writer.QueryRowContext(context.Background(), `EXPLAIN QUERY PLAN
		SELECT id FROM execution_records WHERE workflow_name = 'w' AND tenant = 't'
		ORDER BY created_at DESC, id DESC LIMIT 3`).Scan(&id, &parent, &unused, &plan)
	want := "SEARCH execution_records USING COVERING INDEX execution_records_by_workflow (workflow_name=? AND tenant=?)"
	if err != nil || plan != want {
		t.Errorf("plan %q, %v; want %q", plan, err, want)
	}
}
