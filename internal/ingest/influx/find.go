package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	testidTag = "testid"
	// The groups of k6 begin with their separator. Others may have a tag of this
	// name, too.
	groupTag, groupStart = "group", "::"
)

// markers are metrics of which any run writes one. The first is written every
// second while a test lasts.
var markers = []string{"vus", "iterations", "http_reqs", "data_received"}

// mark is the time of a point of a run.
type mark struct {
	testid, marker string
	at             int64
}

// Found is a run in a database.
type Found struct {
	TestID string
	// Started and Ended are the times of the first and the last point of what
	// k6 always writes: some of its other points may lie outside.
	Started, Ended int64
	// Measurements are those of k6 and its script, by name.
	Measurements []string
	// Left are measurements with the run's testid that are not k6's.
	Left []string

	from, to int64 // bounds of its points; 0 is none
	urls     bool  // requests have no name, so URLs have to be fetched
	pulsing  bool  // it has the first marker
}

// apart is the least time between runs that nothing else tells apart. k6 writes
// its virtual users every second; steps of step tell such times.
const (
	apart   = 30 * time.Second
	step    = 10 * time.Second
	maxStep = 100_000 // steps at most
)

// Find finds the run that the address means. isK6 knows k6's own measurements.
// Where several fit, or none, the error lists what there is and what to add to
// the URL.
func (d *Database) Find(ctx context.Context, isK6 func(measurement string) bool) (Found, error) {
	runs, err := d.runs(ctx, d.testid())
	if err != nil {
		return Found{}, err
	}
	switch {
	case len(runs) == 0:
		return Found{}, d.notFound(ctx)
	case len(runs) > 1 && !d.Newest:
		return Found{}, d.several(runs)
	}
	r := runs[0]
	var list []measurement
	err = d.again(ctx, func() (err error) {
		list, err = d.ask.measurements(ctx, r)
		return err
	})
	if err != nil {
		return Found{}, err
	}
	named := true
	for _, m := range list {
		switch {
		case !m.value || r.TestID != "" && !m.tags[testidTag]:
			continue
		case !isK6(m.name) && !m.tags["scenario"] && !m.group:
			if r.TestID != "" {
				r.Left = append(r.Left, m.name)
			}
			continue
		}
		r.Measurements = append(r.Measurements, m.name)
		if m.name == "http_reqs" {
			named = m.tags["name"] || !m.url
		}
	}
	if len(r.Measurements) == 0 {
		return Found{}, d.notFound(ctx)
	}
	r.urls = !named
	return r, nil
}

func (d *Database) testid() *string {
	if d.Tagged {
		return &d.TestID
	}
	return nil
}

// runs lists the runs within the bounds of the address, the newest first.
func (d *Database) runs(ctx context.Context, testid *string) ([]Found, error) {
	var marks []mark
	err := d.again(ctx, func() (err error) {
		marks, err = d.ask.marks(ctx, d.From, d.To, testid)
		return err
	})
	if err != nil {
		return nil, d.withDatabases(ctx, err)
	}
	byID := make(map[string]*Found)
	for _, m := range marks {
		r := byID[m.testid]
		if r == nil {
			r = &Found{TestID: m.testid, Started: m.at, Ended: m.at, from: d.From, to: d.To}
			byID[m.testid] = r
		}
		r.Started, r.Ended = min(r.Started, m.at), max(r.Ended, m.at)
		r.pulsing = r.pulsing || m.marker == markers[0]
	}
	var runs []Found
	for _, r := range byID {
		// Bounds that the user gave say what a run is; else pauses do, within
		// the points of one testid or of none. Of many runs with a testid only
		// their ends are asked for: to list them takes no more.
		if d.From > 0 && d.To > 0 || !r.pulsing || testid == nil && r.TestID != "" && len(byID) > 1 {
			runs = append(runs, *r)
			continue
		}
		parts, err := d.split(ctx, *r)
		if err != nil {
			return nil, err
		}
		runs = append(runs, parts...)
	}
	slices.SortFunc(runs, func(a, b Found) int {
		return cmp.Or(cmp.Compare(b.Started, a.Started), cmp.Compare(a.TestID, b.TestID))
	})
	if d.Newest && len(runs) > 0 && testid == nil && runs[0].TestID != "" && len(byID) > 1 {
		parts, err := d.split(ctx, runs[0]) // its testid may have been used before
		if err != nil {
			return nil, err
		}
		return parts, nil
	}
	return runs, nil
}

// split tells apart runs with the same testid, or with none, by the pauses
// between them; the newest first.
func (d *Database) split(ctx context.Context, r Found) ([]Found, error) {
	if time.Duration(r.Ended-r.Started) <= apart || !r.pulsing {
		return []Found{r}, nil
	}
	length := step
	if n := time.Duration(r.Ended-r.Started) / maxStep; n > length {
		length = n.Round(step) + step
	}
	var times []int64
	err := d.again(ctx, func() (err error) {
		times, err = d.ask.active(ctx, r, length)
		return err
	})
	if err != nil {
		return nil, err
	}
	var runs []Found
	now := r
	for i := 1; i < len(times); i++ {
		last := times[i-1] + int64(length)
		if times[i]-last < int64(max(apart, length)) {
			continue
		}
		middle := last + (times[i]-last)/2
		before := now
		before.Ended, before.to = last, middle
		runs = append(runs, before)
		now.Started, now.from = times[i], middle
	}
	runs = append(runs, now)
	slices.Reverse(runs)
	return runs, nil
}

// several says which runs there are.
func (d *Database) several(runs []Found) error {
	what := fmt.Sprintf("read %s: there are %d runs in it", d.Name, len(runs))
	return &Error{what: what, hint: "add to the URL which one is meant, or newest=true:\n" + d.list(runs)}
}

// list shows runs, a line each, with the URL of each.
func (d *Database) list(runs []Found) string {
	const most = 20
	var lines []string
	uses := make(map[string]int)
	for _, r := range runs {
		uses[r.TestID]++
	}
	for _, r := range runs[:min(len(runs), most)] {
		var query []string
		if r.TestID != "" {
			query = append(query, testidTag, r.TestID)
		}
		if r.TestID == "" || uses[r.TestID] > 1 {
			query = append(query, "from", urlTime(r.Started-int64(step)), "to", urlTime(r.Ended+int64(step)))
		}
		lines = append(lines, fmt.Sprintf("%s, %v: %s", time.Unix(0, r.Started).UTC().Format("2006-01-02 15:04:05Z"),
			time.Duration(r.Ended-r.Started).Round(time.Second), d.with(query...)))
	}
	if more := len(runs) - most; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d older ones", more))
	}
	return strings.Join(lines, "\n")
}

func urlTime(ns int64) string { return time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05Z") }

// notFound says that there is no such run, and which there are.
func (d *Database) notFound(ctx context.Context) error {
	what := "no run of k6 in it"
	if d.Tagged && d.TestID != "" {
		what = fmt.Sprintf("no run with testid %q in it", clip(d.TestID))
	}
	if d.From > 0 || d.To > 0 {
		what += " within from and to"
	}
	e := &Error{what: fmt.Sprintf("read %s: there is %s", d.Name, what)}
	all := *d
	all.From, all.To, all.Newest, all.Tagged = 0, 0, false, false
	runs, err := all.runs(ctx, nil)
	switch {
	case err != nil:
		return err
	case len(runs) == 0:
		e.hint = "run k6 with --out influxdb=http://HOST:8086/DATABASE --tag testid=ID"
	default:
		e.hint = "the runs there are:\n" + all.list(runs)
	}
	return e
}

// withDatabases adds to an error which databases there are.
func (d *Database) withDatabases(ctx context.Context, err error) error {
	var e *Error
	q, ok := d.ask.(influxql)
	if !errors.Is(err, errNoDatabase) || !errors.As(err, &e) || !ok {
		return err
	}
	var f facts
	if q.ask(ctx, "SHOW DATABASES", &f) != nil {
		return err // the first error says enough
	}
	var names []string
	for _, row := range f.rows {
		if len(row.text) == 1 && row.text[0] != "_internal" {
			names = append(names, row.text[0])
		}
	}
	if len(names) > 0 {
		e.hint += ": there are " + strings.Join(names, ", ")
	}
	return e
}
