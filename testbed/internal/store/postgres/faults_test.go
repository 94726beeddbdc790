package postgres

import (
	"testing"
	"time"

	"k6report/testbed/internal/fault"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/workflow"
)

// indexesFollow: each opening brings the index to what its faults say, and back.
func indexesFollow(t *testing.T, url string) {
	for _, step := range []struct {
		index fault.Index
		want  []string
	}{
		{fault.NoIndex, nil},
		{fault.PartialIndex, []string{"execution_records_by_name"}},
		{fault.WholeIndex, []string{"execution_records_by_workflow"}},
	} {
		s, err := Open(t.Context(), Options{URL: url, Conns: 1, Now: time.Now, Faults: Faults{Index: step.index}})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"execution_records_by_name", "execution_records_by_workflow"} {
			var there bool
			err := s.pool.QueryRow(t.Context(), `SELECT count(*) > 0 FROM pg_indexes WHERE indexname = $1`, name).Scan(&there)
			if want := len(step.want) > 0 && step.want[0] == name; err != nil || there != want {
				t.Errorf("with index %d, %s is there: %v, %v", step.index, name, there, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// fills: made-up records are found by those who list, evenly spread.
func fills(t *testing.T, url string) {
	s := openAt(t, url, 2)
	for _, name := range []string{"a", "b"} {
		d := workflow.Definition{Name: name, Tasks: []workflow.Task{{ID: "t", Kind: "echo"}}}
		if _, err := s.SaveDefinition(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	const n = 24
	for range 2 { // the second time there are enough
		if err := s.Fill(t.Context(), n, []string{"x", "y", "z"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"a", "b"} {
		for _, tenant := range []string{"x", "y", "z"} {
			found, err := s.Executions(t.Context(), store.ExecutionFilter{Workflow: name, Tenant: tenant}, store.Page{Take: n})
			if err != nil || len(found) != n/6 {
				t.Errorf("%d executions of %s for %s, %v; want %d", len(found), name, tenant, err, n/6)
			}
		}
	}
}

func commitDelays(t *testing.T, url string) {
	s, err := Open(t.Context(), Options{
		URL: url, Conns: 1, Now: time.Now, Faults: Faults{CommitDelay: 7 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var delay, siblings string
	err = s.pool.QueryRow(t.Context(), `SELECT current_setting('commit_delay'), current_setting('commit_siblings')`).
		Scan(&delay, &siblings)
	if err != nil || delay != "7000" || siblings != "0" {
		t.Errorf("commit_delay %s, commit_siblings %s, %v", delay, siblings, err)
	}
}
