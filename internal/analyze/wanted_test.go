package analyze

import "testing"

// TestWantedColumns: whatever a script names its metrics, the whole and the table of
// components have columns.
func TestWantedColumns(t *testing.T) {
	wanted := WantedColumns(configured(t, "components: [{match: 'cache_*_ms', component: database}]"))
	for metric, want := range map[string]int{
		"workflow_server_ms": 3, "server_timing_total_ms": 3, "engine_queue_wait_ms": 2, "ws_publish_ms": 2,
		"cache_get_ms": 1, "server_timing_db_read_ms": 1, "a_stranger_ms": 0, "cache_hits": 0,
	} {
		if got := wanted(metric); got != want {
			t.Errorf("%s is wanted %d, want %d", metric, got, want)
		}
	}
	// Two names of the whole, and one of each time.
	if n, room := 2+len(told()), 24-6; n > room {
		t.Errorf("the attribution knows %d columns, there is room for %d", n, room)
	}
}
