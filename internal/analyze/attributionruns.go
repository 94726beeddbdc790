package analyze

import (
	"cmp"
	"math"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// attributed is one run made ready for the questions.
type attributed struct {
	*subject
	requests *run.Requests
	reader   *reader
	from, to float64 // the part of the run under look, without warm-up and drain
	levels   []loadLevel
}

// loadLevel is a level of load as attribution sees it.
type loadLevel struct {
	stretch
	grid     grid
	perS     float64 // requests completed a second
	asked    float64 // iterations a second, or of closed models virtual users
	errors   float64 // share of the requests
	requests float64
	blocks   int
}

// sameLoad reports whether two levels, of one run or of two, are of the same
// load: as planned to the last digit, or where it was measured on either side by
// less than tells two levels apart.
func (l *loadLevel) sameLoad(other *loadLevel) bool {
	if (l.demand.perS > 0) != (other.demand.perS > 0) { // of iterations a second and of virtual users
		return false
	}
	differ := 1e-9 // as floating point adds up
	if l.measured || other.measured {
		differ = seenStep
	}
	return math.Abs(l.asked-other.asked) < differ*max(l.asked, other.asked)
}

// hasServerTimes reports whether requests are joined with times that are
// understood.
func hasServerTimes(p *partition, r *run.Requests) bool {
	if len(p.columns(r)) == 0 {
		return false
	}
	return slices.ContainsFunc(r.Tables, func(t run.Table) bool {
		return t.Protocol != run.ProtocolIteration && t.Joined()
	})
}

// joined brings requests and server times of runs together: exactly where all
// of them were joined request by request, else by means of windows. It is false
// where the first of them has no server times in either way; then the rest is
// nothing.
func joined(subjects []*subject) (requests []*run.Requests, p *partition, how string, ok bool) {
	config := subjects[0].config
	for _, s := range subjects {
		requests = append(requests, &s.Requests)
	}
	p = newPartition(config, requests...)
	if !slices.ContainsFunc(requests, func(r *run.Requests) bool { return !hasServerTimes(p, r) }) {
		return requests, p, report.JoinRequest, true
	}
	// The first run alone decides: without its times there is nothing to bring together.
	if len(subjects[0].serverTimes()) == 0 && !hasServerTimes(p, requests[0]) {
		return nil, nil, "", false
	}
	windows := make([]*run.Requests, len(subjects))
	for i, s := range subjects {
		windows[i] = s.windowRequests()
		// Runs of a baseline keep no windows, but the blocks of their requests,
		// whose means are as good: better, as they are joined exactly.
		if i > 0 && len(s.serverTimes()) == 0 && hasServerTimes(p, requests[i]) {
			windows[i] = requests[i]
		}
	}
	ofWindows := newPartition(config, windows...)
	if !slices.ContainsFunc(windows, func(r *run.Requests) bool { return !hasServerTimes(ofWindows, r) }) {
		return windows, ofWindows, report.JoinWindow, true
	}
	// What others lack is said where it matters.
	if hasServerTimes(p, requests[0]) {
		return requests, p, report.JoinRequest, true
	}
	if !hasServerTimes(ofWindows, windows[0]) {
		return nil, nil, "", false
	}
	return windows, ofWindows, report.JoinWindow, true
}

// attributedRun finds the part of a run and the levels of load that count.
func attributedRun(s *subject, r *run.Requests, p *partition, warmUp float64) *attributed {
	a := &attributed{subject: s, requests: r, reader: p.reader(r), from: warmUp, to: s.end}
	levels, _ := s.plannedLevels()
	for _, l := range levels {
		if l.to <= warmUp {
			continue
		}
		l.from = max(l.from, warmUp)
		if level := a.level(l); level.requests > 0 {
			a.levels = append(a.levels, level)
		}
	}
	slices.SortStableFunc(a.levels, func(x, y loadLevel) int { return cmp.Compare(x.asked, y.asked) })
	return a
}

// whole is the grid of the part under look.
func (a *attributed) whole() grid {
	return a.grid(stretch{from: a.from, to: a.to}, int64(a.requests.BlockLength))
}

func (a *attributed) level(l stretch) loadLevel {
	out := loadLevel{stretch: l, grid: a.grid(l, int64(a.requests.BlockLength)), asked: l.perS}
	if l.perS == 0 {
		out.asked = l.vus
	}
	var ended outcome
	blocks := make(map[int64]bool)
	for i := range a.requests.Tables {
		t := &a.requests.Tables[i]
		if t.Protocol == run.ProtocolIteration {
			continue
		}
		for j := range t.Blocks {
			if b := &t.Blocks[j]; out.grid.holds(b.Index) {
				out.requests += float64(b.Count)
				ended.addBlock(t.Protocol, b)
				blocks[b.Index] = true
			}
		}
	}
	out.blocks = len(blocks)
	if rate := ended.errorRate(); rate != nil {
		out.errors = *rate
	}
	out.perS = a.completedPerS(l)
	if math.IsNaN(out.perS) && out.grid.seconds > 0 {
		out.perS = out.requests / out.grid.seconds
	}
	return out
}

// completedPerS is the requests that ended in a stretch, a second, from the
// windows that lie within it as wholes; NaN when none does.
func (s *subject) completedPerS(l stretch) float64 {
	g := s.grid(l, int64(s.WindowLength))
	if g.seconds == 0 {
		return math.NaN()
	}
	done, any := 0.0, false
	for _, p := range protocols {
		series := s.SeriesOf(p.Duration)
		for i := range series {
			if !s.counted(series[i].Tags) {
				continue
			}
			for _, w := range series[i].Windows {
				if g.holds(w.Index) {
					done += float64(w.Count)
					any = true
				}
			}
		}
	}
	if !any {
		return math.NaN()
	}
	return done / g.seconds
}

// What a level must have for a comparison to rest on it.
const (
	minLevelRequests = 200
	minLevelBlocks   = 10
)

func (l *loadLevel) enough() bool { return enough(l.requests, l.blocks) }

// enough reports whether so many requests in so many blocks of time carry an
// answer; [tooFew] says what is missing.
func enough(requests float64, blocks int) bool {
	return requests >= minLevelRequests && blocks >= minLevelBlocks
}

// failing is from when on errors make a level's times those of failures.
const failing = 0.05

// fell is the part of a lower level's throughput that a collapsed one is under.
const fell = 0.9

// extremes are the lowest steady level and the highest before collapse, where
// throughput fell under that of a lower level or many requests failed: false
// where there are no two.
func (a *attributed) extremes() (low, high int, ok bool) {
	if low, high, ok = a.extremesOf((*loadLevel).enough); !ok {
		low, high, ok = a.extremesOf(func(*loadLevel) bool { return true })
	}
	return low, high, ok
}

// extremesOf are the extremes of the levels that are wanted.
func (a *attributed) extremesOf(wanted func(*loadLevel) bool) (low, high int, ok bool) {
	low, high = -1, -1
	best := 0.0
	for i := range a.levels {
		l := &a.levels[i]
		if l.errors > failing || !wanted(l) || l.perS < fell*best {
			continue
		}
		best = max(best, l.perS)
		if low < 0 {
			low = i
		} else if !l.sameLoad(&a.levels[low]) {
			high = i
		}
	}
	return low, high, high >= 0
}
