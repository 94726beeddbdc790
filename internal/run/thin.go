package run

import "slices"

// What a thin run is held to: its snapshot takes at most so many bytes, unless
// it would have fewer blocks, of which the spread within a run is told.
const (
	mostThin   = 1_000_000
	fewestThin = 12
)

// Thin is the part of a run that comparisons need: its identity, labels, plan,
// how the process went, request tables, and the series of the metrics named,
// without their distributions. What was reported by k6 and what was lost while
// reading stay behind. Blocks are merged to longer ones until the snapshot takes
// at most 1 MB. The run itself is not changed; both share what they have in
// common.
func Thin(r *Run, metrics []string) *Run {
	thin := &Run{
		ID: r.ID, Labels: r.Labels, Started: r.Started, Ended: r.Ended, Sources: r.Sources,
		WindowLength: r.WindowLength, Requests: r.Requests, Plan: r.Plan, Execution: r.Execution,
	}
	for _, m := range r.Metrics {
		if slices.Contains(metrics, m.Name) {
			thin.Metrics = append(thin.Metrics, m)
		}
	}
	for _, s := range r.Series {
		if slices.Contains(metrics, s.Metric) {
			s.Sketch = nil
			thin.Series = append(thin.Series, s)
		}
	}
	for thin.Requests.blocks() >= 2*fewestThin && encodedSize(thin) > mostThin {
		thin.Requests = thin.Requests.withBlocksTwiceAsLong()
	}
	return thin
}

// encodedSize is the length of a run's snapshot in bytes; 0 if it has none,
// which whoever writes it will say.
func encodedSize(r *Run) int {
	var size byteCounter
	if err := Encode(&size, r); err != nil {
		return 0
	}
	return int(size)
}

type byteCounter int

func (c *byteCounter) Write(p []byte) (int, error) {
	*c += byteCounter(len(p))
	return len(p), nil
}

// blocks is how many blocks the table with most of them has.
func (q *Requests) blocks() int {
	most := 0
	for i := range q.Tables {
		most = max(most, len(q.Tables[i].Blocks))
	}
	return most
}

// withBlocksTwiceAsLong returns the same requests in blocks of twice the length.
func (q *Requests) withBlocksTwiceAsLong() Requests {
	b := NewBuilder(Options{})
	b.requests.lengthen(shiftOf(q.BlockLength) + 1)
	b.requests.addRequests(q, &b.fold, false)
	return b.requests.finish(func(metric string) bool { return slices.Contains(q.NoTimes, metric) })
}
