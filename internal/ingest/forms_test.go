package ingest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"k6report/internal/run"
)

// formOf is a form of samples.
func formOf(t *testing.T, rd *reader, id string, samples []byte) *form {
	t.Helper()
	f, known := formatOf(id)
	if !known {
		t.Fatalf("there is no format %s", id)
	}
	s := spanOf(id, []*run.Run{read(t, Options{}, Source{Name: id, Reader: bytes.NewReader(samples)})})
	s.database = f.asked()
	return &form{format: f, seam: newSeam(rd.builder()), used: true, spans: []span{s}}
}

// TestOrderOfForms: a file and a database that lost much share no samples, but
// each does with the whole run. Whichever is looked at first, they are one run,
// and the whole counts; without it nothing tells, whichever comes first.
func TestOrderOfForms(t *testing.T) {
	whole := generated(t, 1, "")
	odd := thinned(t, whole, func(_ int, at time.Time) bool { return at.Unix()%2 == 0 })
	even := thinned(t, whole, func(_ int, at time.Time) bool { return at.Unix()%2 == 1 })
	for _, tt := range []struct {
		order []int
		err   string
	}{
		{[]int{0, 1, 2}, ""},
		{[]int{0, 2, 1}, ""},
		{[]int{1, 0, 2}, ""},
		{[]int{1, 2, 0}, ""},
		{[]int{2, 0, 1}, ""},
		{[]int{2, 1, 0}, ""},
		{[]int{1, 2}, "it overlaps in time"},
		{[]int{2, 1}, "it overlaps in time"},
	} {
		rd := &reader{}
		rd.b = rd.builder()
		all := []*form{
			formOf(t, rd, "k6-json", whole), formOf(t, rd, "csv", odd), formOf(t, rd, "influxdb", even),
		}
		for _, at := range tt.order {
			rd.forms = append(rd.forms, all[at])
		}
		err := rd.combine()
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("order %v: error %v, want %q", tt.order, err, tt.err)
		}
		if tt.err != "" {
			continue
		}
		if used := fmt.Sprint(all[0].used, all[1].used, all[2].used); used != "true false false" {
			t.Errorf("order %v: used are %s, want the whole run alone", tt.order, used)
		}
	}
}
