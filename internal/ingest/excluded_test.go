package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k6report/internal/run"
)

// TestExcludedGroups: requests of excluded groups, and of groups within them, are
// in their series and in no table; the run says so, and so does its snapshot.
func TestExcludedGroups(t *testing.T) {
	var lines strings.Builder
	for i, group := range []string{"::login", "::login::deep", "::logins", "::shop", "::setup"} {
		tags := strings.Replace(aTags, "::g1", group, 1)
		for k := range 4 + i {
			lines.WriteString(aRequest(at(1000*k+100*i), tags, 10))
		}
	}
	inTables := func(r *run.Run) (n uint64) {
		for _, table := range r.Requests.Tables {
			for _, b := range table.Blocks {
				n += b.Count
			}
		}
		return n
	}
	for groups, want := range map[string]uint64{"": 4 + 5 + 6 + 7, "::login": 6 + 7, "::shop ::login::deep": 4 + 6} {
		excluded := strings.Fields(groups)
		r := read(t, Options{ExcludedGroups: excluded}, Source{Name: "x", Reader: strings.NewReader(lines.String())})
		if got := inTables(r); got != want {
			t.Errorf("without %q: %d requests in tables, want %d", groups, got, want)
		}
		if n := r.Select("http_reqs", nil).Count; n != 30 {
			t.Errorf("without %q: %d requests in series, want all 30", groups, n)
		}
		slices.Sort(excluded)
		again := read(t, Options{}, Source{Name: "s", Reader: bytes.NewReader(encoded(t, r))})
		for _, r := range []*run.Run{r, again} {
			if fmt.Sprint(r.Requests.ExcludedGroups) != fmt.Sprint(excluded) {
				t.Errorf("tables lack %q, want %q", r.Requests.ExcludedGroups, excluded)
			}
		}
	}
	// Of parts that lack different groups the whole lacks what all do.
	parts := make([]*run.Run, 2)
	for i, groups := range [][]string{{"::shop", "::login"}, {"::login"}} {
		parts[i] = read(t, Options{ExcludedGroups: groups}, Source{Name: "x", Reader: strings.NewReader(lines.String())})
	}
	if got := run.Merge(parts...).Requests.ExcludedGroups; !slices.Equal(got, []string{"::login"}) {
		t.Errorf("together they lack %q", got)
	}
}
