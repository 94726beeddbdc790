package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"k6report/testbed/internal/needs"
	"k6report/testbed/internal/store"
	"k6report/testbed/internal/store/storetest"
	"k6report/testbed/internal/suite"
	"k6report/testbed/internal/timing"
)

// startCluster answers the URL of a cluster that lives as long as the test.
func startCluster(t *testing.T) string {
	t.Helper()
	needs.Time(t, "starts a server")
	c, err := suite.StartCluster(t.Context(), "../../../scripts/postgres.sh")
	if errors.Is(err, suite.ErrNotInstalled) {
		needs.LeaveOut(t, "%v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return c.URL
}

// database makes a database of its own in the cluster.
func database(t *testing.T, cluster, name string) string {
	t.Helper()
	u, err := CreateDatabase(t.Context(), cluster, name, "")
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func openAt(t *testing.T, url string, conns int) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: url, Conns: conns, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestPostgres(t *testing.T) {
	cluster := startCluster(t)
	var databases atomic.Int64
	fresh := func(t *testing.T) string {
		return database(t, cluster, fmt.Sprintf("test_%d", databases.Add(1)))
	}
	t.Run("store", func(t *testing.T) {
		storetest.Run(t, func(t *testing.T) store.Store { return openAt(t, fresh(t), 5) })
	})
	t.Run("reopen", func(t *testing.T) { reopen(t, fresh(t)) })
	t.Run("pool", func(t *testing.T) { poolWait(t, fresh(t)) })
	t.Run("index", func(t *testing.T) { listingUsesItsIndex(t, fresh(t)) })
	t.Run("indexes", func(t *testing.T) { indexesFollow(t, fresh(t)) })
	t.Run("fill", func(t *testing.T) { fills(t, fresh(t)) })
	t.Run("commit delay", func(t *testing.T) { commitDelays(t, fresh(t)) })
	t.Run("away", func(t *testing.T) {
		if _, err := Open(t.Context(), Options{URL: cluster + "&port=1", Conns: 1, Now: time.Now}); err == nil {
			t.Error("a server that isn't there was opened")
		}
	})
}

func reopen(t *testing.T, url string) {
	var stores [2]*Store
	var errs [2]error
	var wg sync.WaitGroup
	for i := range stores { // two engines may start at once
		wg.Go(func() { stores[i], errs[i] = Open(t.Context(), Options{URL: url, Conns: 2, Now: time.Now}) })
	}
	wg.Wait()
	for i, err := range errs {
		if err != nil {
			t.Fatal(err)
		}
		defer stores[i].Close()
	}
	openAt(t, url, 2)
}

// poolWait holds the only connection while somebody waits for it.
func poolWait(t *testing.T, url string) {
	s := openAt(t, url, 1)
	held, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if p := s.Pool(); p.Size != 1 || p.InUse != 1 {
		t.Errorf("pool with its connection taken = %+v", p)
	}
	const hold = 20 * time.Millisecond
	rec := timing.Start(time.Now)
	time.AfterFunc(hold, held.Release)
	if err := s.Ping(timing.With(t.Context(), rec)); err != nil {
		t.Fatal(err)
	}
	rec.Finish()
	unnamed := rec.Total()
	for _, p := range rec.Parts() {
		unnamed -= p.Duration
	}
	// What isn't named was before or after the wait, on however busy a machine.
	if wait := rec.Parts()[0]; wait.Name != timing.DBPoolWait || wait.Duration < hold-unnamed {
		t.Errorf("parts %v with %v unnamed, want the wait of %v", rec.Parts(), unnamed, hold)
	}
}

func listingUsesItsIndex(t *testing.T, url string) {
	s := openAt(t, url, 1)
	conn, err := s.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "SET enable_seqscan = off"); err != nil { // the table is empty
		t.Fatal(err)
	}
	rows, err := conn.Query(t.Context(), `EXPLAIN SELECT id FROM execution_records
		WHERE workflow_name = 'w' AND tenant = 't' ORDER BY created_at DESC, id DESC LIMIT 3`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	if text := strings.Join(lines, "\n"); !strings.Contains(text, "execution_records_by_workflow") || strings.Contains(text, "Sort") {
		t.Errorf("the listing sorts, or walks the table:\n%s", text)
	}
}
