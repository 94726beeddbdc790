package ingest

import (
	"math"
	"slices"
	"time"

	"k6report/internal/run"
)

// windows are those of a metric, by series or of several series together.
type windows map[run.Key]map[int64]windowSum

type windowSum struct {
	count uint64
	sum   float64
}

// allTogether makes one of all series of a metric.
func allTogether(run.Key) run.Key { return run.Key{} }

// windowsOf are the windows of a metric, made so long, of the series that by
// gives one key together.
func windowsOf(parts []*run.Run, metric string, length time.Duration, by func(run.Key) run.Key) windows {
	out := make(windows)
	for _, r := range parts {
		for _, s := range r.SeriesOf(metric) {
			key := by(s.Key)
			if out[key] == nil {
				out[key] = make(map[int64]windowSum)
			}
			addWindows(out[key], s.Windows, int64(length/r.WindowLength))
		}
	}
	return out
}

// addWindows adds windows to others that are so many times as long.
func addWindows(out map[int64]windowSum, windows []run.Window, by int64) {
	for _, w := range windows {
		index := w.Index / by
		if w.Index%by < 0 {
			index--
		}
		o := out[index]
		out[index] = windowSum{o.count + w.Count, o.sum + w.Sum.Float()}
	}
}

// equal reports whether windows are equal to the last digit.
func (w windowSum) equal(o windowSum) bool { return w.count == o.count && near(w.sum, o.sum, w.count) }

// alike reports whether windows are equal but for a sample or two.
func (w windowSum) alike(o windowSum) bool {
	const lost = 5e-4 // of a window's samples
	few := func(x, y float64) bool { return math.Abs(x-y) <= lost*max(math.Abs(x), math.Abs(y)) }
	return few(float64(w.count), float64(o.count)) && (near(w.sum, o.sum, max(w.count, o.count)) || few(w.sum, o.sum))
}

// whole reports whether a sum is a whole number: equal ones tell nothing.
func (w windowSum) whole() bool { return w.sum == math.Trunc(w.sum) }

// agreement is how the windows of two sets of parts compare.
type agreement struct {
	shorter      int // windows of the one that has fewer
	equal, alike int
	// Of the windows in both whose sums tell something.
	told, toldEqual int
}

func compareWindows(a, b windows) (g agreement) {
	for key, x := range a {
		y := b[key]
		g.shorter += min(len(x), len(y))
		for index, w := range x {
			v, both := y[index]
			if !both {
				continue
			}
			equal, telling := w.equal(v), !w.whole() && !v.whole()
			g.equal += one(equal)
			g.alike += one(w.alike(v))
			g.told += one(telling)
			g.toldEqual += one(telling && equal)
		}
	}
	return g
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// shared reports whether two sets of parts hold the same samples, perhaps up to
// some that are missing in one or at the end of one: more than half of the
// windows of the shorter one are in the other. Looked at is the metric with the
// most values that are no whole numbers, which different samples don't share; of
// several the one with the highest values.
func shared(a, b []*run.Run) bool {
	metric, length := telling(a, b)
	if metric == "" {
		return false
	}
	g := compareWindows(windowsOf(a, metric, length, allTogether), windowsOf(b, metric, length, allTogether))
	if g.shorter < 3 {
		return g.equal == g.shorter && g.shorter > 0
	}
	return 2*g.alike > g.shorter
}

// recognised reports whether two sets of parts hold some of the same samples, of
// which each may lack many: a few windows that are equal to the last digit, or
// equal maxima of k6's times. Times are measured in nanoseconds, so the sums and
// the maxima of different samples are hardly ever equal; that some are where a
// clock is coarse is why one window in ten, or one maximum in three, has to be.
func recognised(a, b []*run.Run) bool {
	const few = 3
	enough := func(equal, of, share int) bool { return equal >= few && equal*share >= of }
	metric, length := telling(a, b)
	if metric == "" {
		return false
	}
	for _, by := range []func(run.Key) run.Key{allTogether, withoutEmpty} {
		if g := compareWindows(windowsOf(a, metric, length, by), windowsOf(b, metric, length, by)); enough(g.toldEqual, g.told, 10) {
			return true
		}
	}
	equal, of := equalMaxima(a, b)
	return enough(equal, of, 3)
}

// telling finds a metric that both have, and the longer of their windows.
func telling(a, b []*run.Run) (metric string, length time.Duration) {
	type tally struct {
		samples uint64
		sum     float64
		broken  bool // not all values are whole numbers
	}
	count := func(parts []*run.Run) map[string]tally {
		found := make(map[string]tally)
		for _, r := range parts {
			length = max(length, r.WindowLength)
			for i := range r.Series {
				s := &r.Series[i]
				t := found[s.Metric]
				sum := s.Sum.Float()
				found[s.Metric] = tally{t.samples + s.Count, t.sum + sum, t.broken || s.Outside == 0 && sum != math.Trunc(sum)}
			}
		}
		return found
	}
	x, y := count(a), count(b)
	most := uint64(0)
	for _, name := range sortedKeys(x) {
		if n := min(x[name].samples, y[name].samples); x[name].broken && y[name].broken && (n > most || n == most && x[name].sum+y[name].sum > x[metric].sum+y[metric].sum) {
			metric, most = name, n
		}
	}
	return metric, length
}

// near reports whether sums of so many values are equal, up to the six decimals
// that CSV keeps of each.
func near(x, y float64, values uint64) bool {
	return math.Abs(x-y) <= 1e-6*float64(values)+1e-9*max(math.Abs(x), math.Abs(y))
}

// withoutEmpty leaves out empty tags, which a database does not have.
func withoutEmpty(key run.Key) run.Key {
	tags := slices.DeleteFunc(slices.Clone(key.Tags.List()), func(t run.Tag) bool { return t.Value == "" })
	key.Tags = run.NewTagSet(tags...)
	return key
}

// equalMaxima counts the series of k6's own times that both have, and those of
// them whose highest values are equal.
func equalMaxima(a, b []*run.Run) (equal, of int) {
	maxima := func(parts []*run.Run) map[run.Key]float64 {
		out := make(map[run.Key]float64)
		for _, r := range parts {
			for i := range r.Series {
				s := &r.Series[i]
				if m, own := builtin(s.Metric); own && m.Type == run.Trend && m.Contains == "time" {
					key := withoutEmpty(s.Key)
					out[key] = max(out[key], s.Max)
				}
			}
		}
		return out
	}
	x, y := maxima(a), maxima(b)
	for key, highest := range x {
		other, ok := y[key]
		if !ok || highest == math.Trunc(highest) {
			continue
		}
		of++
		if near(highest, other, 1) {
			equal++
		}
	}
	return equal, of
}
