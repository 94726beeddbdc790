package analyze

import (
	"fmt"
	"math"
	"slices"

	"k6report/internal/report"
	"k6report/internal/run"
)

// What levels of load are told by where no plan is known.
const (
	seenRange   = 1.5  // the highest level over the lowest: a load that changes less is constant
	seenStep    = 0.15 // by which neighbours differ at least
	seenSigma   = 4.0  // standard errors of counts by which they differ at least
	mostSeen    = 16   // levels
	steadyTurns = 0.05 // of the seconds, in which the number of virtual users turns up or down by plan
)

// changes reports whether the load changes over time, by plan or, where there is
// none, as measured.
func (s *subject) changes() bool {
	if s.plan != nil {
		return s.plan.changes()
	}
	return len(s.seen) > 1
}

// loads are the plateaus and ramps of the load, by plan or as measured.
func (s *subject) loads() []stretch {
	if s.plan != nil {
		return s.plan.stretches()
	}
	return s.seen
}

// seenLevels are the levels of load of a run without a plan, as measured; nil
// where the load does not change.
//
// Virtual users that wait for answers before they ask again rise and fall by
// plan, without turning back and forth: then the levels are of their number.
// Where iterations arrive at a rate, as many virtual users are busy as it takes,
// up and down; then the levels are of iterations started and dropped a second.
// Without the number of virtual users neither can be told from a system that
// slows down, and there are no levels.
//
// A level is a stretch of time with about one load: the run is cut in two where
// that explains most of how the load differs, and the pieces again, as long as
// neighbours differ by more than chance (a regression tree over time).
func (s *subject) seenLevels() []stretch {
	if s.plan != nil || len(s.Requests.Tables) == 0 || s.Requests.BlockLength <= 0 {
		return nil
	}
	vus := s.busyVUs()
	if vus == nil {
		return nil
	}
	demand, open := vus, false
	if !rises(vus) {
		demand, open = s.arrivals(len(vus)), true
	}
	length := s.Requests.BlockLength.Seconds()
	least := max(2, int(math.Ceil(minLevel/length)))
	cuts := []int{0, len(demand)}
	for len(cuts) <= mostSeen {
		at := bestCut(demand, cuts, least, open)
		if at < 0 {
			break
		}
		cuts = append(cuts, at)
		slices.Sort(cuts)
	}
	var out []stretch
	low, high := math.Inf(1), 0.0
	for i := 1; i < len(cuts); i++ {
		mean := total(demand[cuts[i-1]:cuts[i]]) / float64(cuts[i]-cuts[i-1])
		l := stretch{from: max(0, s.blockStart(s.firstBlock()+int64(cuts[i-1]))), to: s.blockStart(s.firstBlock() + int64(cuts[i])), measured: true}
		if l.vus = mean; open {
			l.vus, l.perS = 0, mean/length
		}
		if mean > 0 {
			low, high = min(low, mean), max(high, mean)
			out = append(out, l)
		}
	}
	if high < seenRange*low {
		return nil
	}
	return out
}

// seenGrid is the whole blocks of the run.
func (s *subject) seenGrid() grid {
	return s.grid(stretch{to: s.end}, int64(s.Requests.BlockLength))
}

// firstBlock is the first whole block of the run.
func (s *subject) firstBlock() int64 { return s.seenGrid().first }

// busyVUs is the number of busy virtual users in each block, of all generators;
// nil where it is not known. What is missing is as before.
func (s *subject) busyVUs() []float64 {
	g := s.seenGrid()
	n := int(max(0, g.last-g.first+1))
	out, known := make([]float64, n), make([]bool, n)
	for _, series := range s.SeriesOf("vus") {
		sums, counts := make([]float64, n), make([]float64, n)
		for i := range series.Windows {
			w := &series.Windows[i]
			if at := s.blockOf(w.Index); at >= 0 && at < n {
				sums[at] += w.Sum.Float()
				counts[at] += float64(w.Count)
			}
		}
		last := 0.0
		for i := range sums {
			if counts[i] > 0 {
				last, known[i] = sums[i]/counts[i], true
			}
			out[i] += last
		}
	}
	seen := 0
	for _, k := range known {
		if k {
			seen++
		}
	}
	if 2*seen < n || n == 0 {
		return nil
	}
	return out
}

// blockOf is the block, counted from the first, that a window lies in.
func (s *subject) blockOf(window int64) int {
	start := float64(window) * float64(s.WindowLength)
	return int(math.Floor(start/float64(s.Requests.BlockLength))) - int(s.firstBlock())
}

// rises reports whether the number of virtual users is that of a plan: there are
// some all the time, and their number seldom turns from rising to falling or back.
func rises(vus []float64) bool {
	turns, direction := 0, 0.0
	idle := 0
	for i := range vus {
		if vus[i] < 1 {
			idle++
		}
		if i == 0 || vus[i] == vus[i-1] {
			continue
		}
		now := math.Copysign(1, vus[i]-vus[i-1])
		if direction != 0 && now != direction {
			turns++
		}
		direction = now
	}
	return 2*idle < len(vus) && float64(turns) <= max(2, steadyTurns*float64(len(vus)))
}

// arrivals counts iterations that started, or could not, in each of so many
// blocks; requests where iterations are not known.
func (s *subject) arrivals(n int) []float64 {
	iterations, requests := make([]float64, n), make([]float64, n)
	any := false
	for i := range s.Requests.Tables {
		t := &s.Requests.Tables[i]
		to := requests
		if t.Protocol == run.ProtocolIteration {
			to, any = iterations, true
		}
		for j := range t.Blocks {
			if at := t.Blocks[j].Index - s.firstBlock(); at >= 0 && at < int64(n) {
				to[at] += float64(t.Blocks[j].Count)
			}
		}
	}
	if !any {
		return requests
	}
	add := func(w *run.Window) {
		if at := s.blockOf(w.Index); at >= 0 && at < n {
			iterations[at] += w.Sum.Float()
		}
	}
	s.eachWindow("dropped_iterations", func(run.TagSet) func(*run.Window) { return add })
	return iterations
}

// bestCut is where cutting one of the pieces in two explains most; -1 where no
// cut is worth it. counts says that the values are counts, which differ by
// chance. cuts bound the pieces, in order.
func bestCut(values []float64, cuts []int, least int, counts bool) int {
	best, gain := -1, 0.0
	for i := 1; i < len(cuts); i++ {
		from, to := cuts[i-1], cuts[i]
		all, left := total(values[from:to]), total(values[from:min(to, from+least)])
		for at := from + least; at+least <= to; at++ {
			n, m := float64(at-from), float64(to-at)
			a, b := left/n, (all-left)/m
			differ := math.Abs(a-b) >= seenStep*max(a, b)
			if counts {
				differ = differ && math.Abs(a-b) >= seenSigma*math.Sqrt(max(a, b)*(1/n+1/m))
			}
			// The sum of squares between the two pieces.
			if explained := (a - b) * (a - b) * n * m / (n + m); differ && explained > gain {
				best, gain = at, explained
			}
			left += values[at]
		}
	}
	return best
}

// noteSeen says that levels were measured.
func (s *subject) noteSeen() {
	if len(s.seen) < 2 {
		return
	}
	low, high := s.seen[0], s.seen[0]
	for _, l := range s.seen {
		if l.perS+l.vus < low.perS+low.vus {
			low = l
		}
		if l.perS+l.vus > high.perS+high.vus {
			high = l
		}
	}
	of := fmt.Sprintf("from %s to %s virtual users", report.Digits(low.vus, 3), report.Digits(high.vus, 3))
	if low.perS > 0 {
		of = fmt.Sprintf("from %s to %s iterations a second", report.Digits(low.perS, 3), report.Digits(high.perS, 3))
	}
	s.note("levels_measured", report.Info, fmt.Sprintf("the plan of the load is unknown, so its levels are those that were measured: %d, %s; with the plan (k6 inspect --execution-requirements) they are exact", len(s.seen), of), "")
}
