package ingest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"k6report/internal/run"
)

// TestWantedColumns: times of strangers do not push out the server's whole time, and
// what has no column is said, once, also when the snapshot is read beside another.
func TestWantedColumns(t *testing.T) {
	lines := func(from, strangers int) string {
		var b strings.Builder
		for i := range 50 {
			meta := func(tags string) string { return metaTags(tags, fmt.Sprintf(`{"rid":"%d"}`, from+i)) }
			b.WriteString(aRequest(at(100*(from+i)), meta(`{"method":"GET","name":"a"}`), 50))
			b.WriteString(aPoint("workflow_server_ms", at(100*(from+i)), "40", meta(`{}`)))
			for k := range strangers {
				b.WriteString(aPoint(fmt.Sprintf("cache_%02d_ms", k), at(100*(from+i)), "1", meta(`{}`)))
			}
			b.WriteString(aPoint("queue_length", at(100*(from+i)), "3", meta(`{}`)))
		}
		return b.String()
	}
	o := Options{
		Wanted:  func(metric string) int { return map[string]int{"workflow_server_ms": 1}[metric] },
		Metrics: []run.Metric{{Name: "queue_length", Type: run.Gauge}},
	}
	content := lines(0, 20)
	r := read(t, o, Source{Name: "x", Reader: strings.NewReader(content)})
	want := "columns_left_out 0 0: more times are recorded with requests than the tables of requests have columns for: left out are cache_17_ms, cache_18_ms, cache_19_ms, so what they measure counts as other; what components in k6report.yaml map comes first"
	check := func(what string, r *run.Run) {
		t.Helper()
		if !slices.Contains(r.Requests.Columns, "workflow_server_ms") {
			t.Errorf("%s: the whole time of the server has no column: %q", what, r.Requests.Columns)
		}
		if got := problemsOf(r); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
		}
	}
	check("stream", r)
	segments := o
	segments.Workers, segments.segmentSize = 2, 3000
	cut := read(t, segments, Source{Name: "x", Reader: newFile([]byte(content))})
	if check("segments", cut); !bytes.Equal(encoded(t, r), encoded(t, cut)) {
		t.Error("segments give another run")
	}
	check("snapshot", read(t, o, Source{Name: "x", Reader: bytes.NewReader(encoded(t, r))}))
	check("snapshot and more", read(t, o, Source{Name: "x", Reader: bytes.NewReader(encoded(t, r))}, Source{Name: "y", Reader: strings.NewReader(lines(50, 2))}))
	check("snapshot and more, without the wish", read(t, Options{}, Source{Name: "x", Reader: bytes.NewReader(encoded(t, r))}, Source{Name: "y", Reader: bytes.NewReader(encoded(t, read(t, o, Source{Name: "y", Reader: strings.NewReader(lines(50, 18))})))}))

	few := read(t, o, Source{Name: "x", Reader: strings.NewReader(lines(0, 17))})
	if got := problemsOf(few); got != "" {
		t.Errorf("where all have a column: %s", got)
	}
}
