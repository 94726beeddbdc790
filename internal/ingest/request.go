package ingest

import (
	"math"

	"k6report/internal/run"
)

// requestKey is what all samples of a request share.
type requestKey struct {
	time  int64
	entry *entry
	join  uint64
}

func (k requestKey) same(o requestKey) bool {
	return k.time == o.time && k.join == o.join && k.entry.same(o.entry)
}

// fragment is a request whose samples may not all have been seen.
type fragment struct {
	requestKey
	mask   uint16
	values [parts]float64
	// The seam notes where the fragment comes from, and whether it is the
	// first or last request there.
	source string
	edge   bool
}

// add takes a sample, unless it belongs to another request.
func (f *fragment) add(k requestKey, part int, v float64) bool {
	if f.mask&(1<<part) != 0 || !f.same(k) {
		return false
	}
	f.mask |= 1 << part
	f.values[part] = v
	return true
}

// absorb adds the samples of o if both are parts of the same request.
func (f *fragment) absorb(o *fragment) bool {
	if f.mask&o.mask != 0 || !f.same(o.requestKey) {
		return false
	}
	for part := range parts {
		if o.mask&(1<<part) != 0 {
			f.values[part] = o.values[part]
		}
	}
	f.mask |= o.mask
	return true
}

// chain is samples of requests that nothing but their order tells apart: those
// at the start of a segment, which may continue a request of the one before.
type chain struct {
	requestKey
	samples []partSample
}

type partSample struct {
	part  int
	value float64
}

// maxChain bounds the length of a chain. No segment of a file holds as many
// samples.
const maxChain = 1 << 20

// add takes a sample, unless the chain ends before it.
func (c *chain) add(k requestKey, part int, v float64) bool {
	if len(c.samples) == maxChain || !c.same(k) {
		return false
	}
	c.samples = append(c.samples, partSample{part, v})
	return true
}

var incomplete = run.Problem{
	Code: "request_incomplete", Count: 1,
	Message: "a request lacks some of k6's samples of it: they count in their metrics, not in the tables of requests; give all parts of the run, unfiltered",
}

var implausible = run.Problem{
	Code: "request_implausible", Count: 1,
	Message: "a request has a time below zero or above 24 days: it counts in its metrics, not in the tables of requests; look at the clock of the load generator",
}

// plausible reports whether milliseconds can be a time of a request.
func plausible(ms float64) bool { return ms >= 0 && ms < 1<<31 }

func (f *fragment) clone() *fragment {
	c := *f
	return &c
}

// complete reports whether all times of the request are there.
func (f *fragment) complete() bool {
	const needed = 1<<partDuration | 1<<partBlocked | 1<<partConnecting | 1<<partTLS |
		1<<partSending | 1<<partWaiting | 1<<partReceiving
	return f.mask&needed == needed
}

// request computes the request of its samples, or says why it can't be counted.
// k6's blocked time contains connecting and the TLS handshake.
func (f *fragment) request() (q run.Request, flaw *run.Problem) {
	if !f.complete() {
		return q, &incomplete
	}
	v := &f.values
	for _, ms := range v {
		if !plausible(ms) {
			return q, &implausible
		}
	}
	q = run.Request{
		Start:    f.time - nanos(v[partBlocked]+v[partDuration]),
		Duration: v[partDuration],
		Total:    v[partBlocked] + v[partDuration],
		Failed:   f.entry.failed,
		Timeout:  f.entry.timeout,
	}
	if f.mask&(1<<partFailed) != 0 {
		q.Failed = v[partFailed] != 0
	}
	q.Parts[run.ColumnClient] = max(0, v[partBlocked]-v[partConnecting]-v[partTLS])
	q.Parts[run.ColumnConnecting] = v[partConnecting]
	q.Parts[run.ColumnTLS] = v[partTLS]
	q.Parts[run.ColumnSending] = v[partSending]
	q.Parts[run.ColumnWaiting] = v[partWaiting]
	q.Parts[run.ColumnReceiving] = v[partReceiving]
	return q, nil
}

// nanos converts plausible milliseconds.
func nanos(ms float64) int64 { return int64(math.RoundToEven(ms * 1e6)) }
