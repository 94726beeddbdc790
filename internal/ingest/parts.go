package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"k6report/internal/run"
)

// Longest stretches without samples inside a run. k6 writes vus every second;
// other metrics may be rare.
const (
	maxGap       = 10 * time.Second
	maxGapSparse = time.Minute
)

const codeGap = "time_gap"

// span is where a source lies in time.
type span struct {
	name           string
	database       bool // it is no file
	testids        []string
	started, ended int64
	samples        uint64
	parts          []*run.Run
}

func spanOf(name string, parts []*run.Run) span {
	s := span{name: name, parts: parts}
	for _, r := range parts {
		if len(r.Series) == 0 {
			continue
		}
		if s.samples == 0 {
			s.started, s.ended = r.Started, r.Ended
		}
		s.started, s.ended = min(s.started, r.Started), max(s.ended, r.Ended)
		for i := range r.Series {
			s.samples += r.Series[i].Count
			if id := r.Series[i].Tags.Value("testid"); id != "" && !slices.Contains(s.testids, id) {
				s.testids = append(s.testids, id)
			}
		}
	}
	slices.Sort(s.testids)
	return s
}

// differentRuns refuses sources that are not of one run.
type differentRuns struct{ error }

// Hint says what is meant for several runs.
func (differentRuns) Hint() string {
	return "to hold one run against another: k6report compare OLD NEW"
}

func (e differentRuns) Unwrap() error { return e.error }

// checkOneRun refuses sources of different runs: they must share a testid
// where they have one, and follow one another without a gap. It refuses the
// same samples given twice, too, but for a file beside a database, which is a
// cross-check.
func checkOneRun(spans []span) error {
	spans = slices.DeleteFunc(slices.Clone(spans), func(s span) bool { return s.samples == 0 })
	for i, s := range spans {
		if len(s.testids) > 1 {
			return differentRuns{fmt.Errorf("read %s: it holds several runs (testid %s): give each a file of its own", s.name, strings.Join(s.testids, ", "))}
		}
		for _, o := range spans[:i] {
			if s.database == o.database && s.same(o) {
				return fmt.Errorf("read %s: it holds the same samples as %s: give them once", s.name, o.name)
			}
			if len(s.testids) > 0 && len(o.testids) > 0 && s.testids[0] != o.testids[0] {
				return differentRuns{fmt.Errorf("%s and %s are different runs (testid %s and %s): give the parts of one run only", o.name, s.name, o.testids[0], s.testids[0])}
			}
		}
	}
	byTime := slices.SortedStableFunc(slices.Values(spans), func(a, b span) int { return cmp.Compare(a.started, b.started) })
	for i := 1; i < len(byTime); i++ {
		s, last := byTime[i], &byTime[i-1]
		if s.started-last.ended > int64(maxGap) {
			return differentRuns{fmt.Errorf("%s and %s do not overlap in time, so they are not parts of one run: give the parts of one run only", last.name, s.name)}
		}
		if s.ended < last.ended { // what comes next may follow the longer one
			byTime[i].name, byTime[i].ended = last.name, last.ended
		}
	}
	return nil
}

// checkRepeated refuses samples that are given twice without being the same
// file, such as a file and a copy of its first half.
func checkRepeated(spans []span) error {
	for i, s := range spans {
		for _, o := range spans[:i] {
			if s.ended > o.started && o.ended > s.started && shared(s.parts, o.parts) {
				return fmt.Errorf("read %s: it holds samples that %s holds too: give each once", s.name, o.name)
			}
		}
	}
	return nil
}

// same reports whether two sources hold the same samples, however they are
// packed or cut.
func (s span) same(o span) bool {
	if s.samples != o.samples || s.ended != o.ended {
		return false
	}
	return slices.EqualFunc(run.Merge(s.parts...).Series, run.Merge(o.parts...).Series, func(a, b run.Series) bool {
		return a.Key == b.Key && a.Stats == b.Stats && a.Latest == b.Latest && slices.Equal(a.Windows, b.Windows)
	})
}

// noteGap adds a Problem when a run has a hole, as two tests have that were
// written into one file.
func noteGap(r *run.Run) {
	// What a snapshot brought along is found again, or was filled by now.
	r.Problems = slices.DeleteFunc(r.Problems, func(p run.Problem) bool { return p.Code == codeGap })
	limit := maxGap
	if len(r.SeriesOf("vus")) == 0 {
		limit = maxGapSparse
	}
	held := make(map[int64]bool)
	for i := range r.Series {
		for _, w := range r.Series[i].Windows {
			held[w.Index] = true
		}
	}
	var indexes []int64
	for index := range held {
		indexes = append(indexes, index)
	}
	slices.Sort(indexes)
	gaps, longest, from := uint64(0), int64(0), int64(0)
	for i := 1; i < len(indexes); i++ {
		empty := indexes[i] - indexes[i-1] - 1
		if empty > 0 && empty > int64(limit/r.WindowLength) {
			gaps++
			if empty > longest {
				longest, from = empty, indexes[i-1]+1
			}
		}
	}
	if gaps == 0 {
		return
	}
	at := func(index int64) string {
		return time.Unix(index*int64(r.WindowLength/time.Second), 0).UTC().Format(time.DateTime)
	}
	addProblem(r, run.Problem{
		Code: codeGap, Count: gaps,
		Message: fmt.Sprintf("there are no samples from %s to %s (UTC): if these are two tests in one file, give each a file of its own", at(from), at(from+longest)),
	})
}

// addProblem adds to a run that is finished.
func addProblem(r *run.Run, p run.Problem) {
	r.Problems = append(r.Problems, p)
	slices.SortFunc(r.Problems, func(a, b run.Problem) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Source, b.Source))
	})
}
