package ingest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"k6report/internal/run"
)

// crossCheck decides whether two forms hold the same samples. A database may
// have lost many, for k6 drops whole batches that the server does not take in
// time: then it is known by those that are left. A file and a database that
// overlap, of which nothing shows what they are of each other, are refused:
// added up they would be twice the load.
func (rd *reader) crossCheck(a, b *form) error {
	if x, y := a.parts(), b.parts(); shared(x, y) || a.lossy(b) && recognised(x, y) {
		rd.choose(a, b)
		return nil
	}
	for _, s := range a.spans {
		for _, o := range b.spans {
			if s.database != o.database && s.during(o) && !s.toldApart(o) {
				return unclearError{fmt.Errorf("read %s: it overlaps in time with %s, but they share no samples, and no instance tag tells them apart: whether they are the same run, of which many samples were lost, or two load generators can't be told", s.name, o.name)}
			}
		}
	}
	return nil
}

// unclearError refuses a file and a database that may be the same run.
type unclearError struct{ error }

// Hint says how to make clear what they are.
func (unclearError) Hint() string {
	return "if they are the same run, give the file alone, which is complete; if they are two load generators, run each with --tag instance=NAME of its own"
}

func (e unclearError) Unwrap() error { return e.error }

// lossy reports whether two forms are a file and a database at the same time.
func (f *form) lossy(o *form) bool {
	return slices.ContainsFunc(f.spans, func(s span) bool {
		return slices.ContainsFunc(o.spans, func(d span) bool { return s.database != d.database && s.during(d) })
	})
}

func (s span) during(o span) bool { return s.ended > o.started && o.ended > s.started }

// toldApart reports whether the instance tags are those of different generators.
func (s span) toldApart(o span) bool {
	x, y := s.instances(), o.instances()
	return len(x)+len(y) > 0 && !slices.ContainsFunc(x, func(name string) bool { return slices.Contains(y, name) })
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
	equal, of := equalWindows(map[run.Key]map[int64]windowSum{{}: windowsOf(a, metric, length)}, map[run.Key]map[int64]windowSum{{}: windowsOf(b, metric, length)})
	if enough(equal, of, 10) {
		return true
	}
	if equal, of = equalWindows(windowsBySeries(a, metric, length), windowsBySeries(b, metric, length)); enough(equal, of, 10) {
		return true
	}
	equal, of = equalMaxima(a, b)
	return enough(equal, of, 3)
}

// equalWindows counts the windows that both have, and those of them that are
// equal; sums of whole numbers tell nothing.
func equalWindows(a, b map[run.Key]map[int64]windowSum) (equal, of int) {
	for key, x := range a {
		for index, w := range x {
			v, ok := b[key][index]
			if !ok || w.sum == math.Trunc(w.sum) {
				continue
			}
			of++
			if w.count == v.count && near(w.sum, v.sum, w.count) {
				equal++
			}
		}
	}
	return equal, of
}

func windowsBySeries(parts []*run.Run, metric string, length time.Duration) map[run.Key]map[int64]windowSum {
	out := make(map[run.Key]map[int64]windowSum)
	for _, r := range parts {
		for _, s := range r.SeriesOf(metric) {
			key := withoutEmpty(s.Key)
			if out[key] == nil {
				out[key] = make(map[int64]windowSum)
			}
			addWindows(out[key], s.Windows, int64(length/r.WindowLength))
		}
	}
	return out
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

const codeAdded = "generators_added"

// noteAdded says that samples of several load generators are added up.
func (rd *reader) noteAdded(r *run.Run) {
	// What a snapshot brought along is found again.
	r.Problems = slices.DeleteFunc(r.Problems, func(p run.Problem) bool { return p.Code == codeAdded })
	if rd.generatorsFound < 2 {
		return
	}
	addProblem(r, run.Problem{
		Code:    codeAdded,
		Message: fmt.Sprintf("counts, rates and virtual users are those of %d load generators added up; if two of the sources are the same run, give it once", rd.generatorsFound),
	})
}
