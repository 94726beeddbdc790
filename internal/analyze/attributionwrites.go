package analyze

import (
	"fmt"
	"slices"

	"k6report/internal/component"
	"k6report/internal/report"
)

// The signs of waiting for locks.
const (
	fastTo       = 0.20 // of an endpoint's requests, the fastest
	fastFollows  = 0.50 // of the mean's growth: where the fastest grow by less, they don't wait
	loadedGrowth = 0.50 // of the time at the lowest level of load
	commitExcess = 0.10 // of the component's excess, for a commit to be what holds locks
	fewestFast   = 20   // requests, for the fastest to be looked at
)

// writes tells why writing takes longer: it waits for locks, or the statement
// itself is slow. Who waits for a lock waits longer the more others there are,
// and the fastest requests find it free; a slow statement is slow for them as
// well. Locks are held until the commit: where commits take longer, too, they
// are what rows are waited for. The answer is a name of the table, and what it
// rests on.
func (a *attributor) writes(e *excess, at int, all float64) (string, string) {
	waits, known, text := a.waitsForLocks(e, at)
	if !known {
		return component.DBSomeWrite, text
	}
	if !waits {
		return component.DBSlowWrite, text
	}
	commit := slices.IndexFunc(a.partition.parts, func(p part) bool { return p.component == component.Database && p.name == component.DBCommit })
	if commit < 0 {
		return component.DBWrite, text
	}
	before, after := e.parts.reference[commit], e.parts.hard[commit]
	if after >= (1+holdGrowth)*before && after-before >= commitExcess*all {
		return component.DBCommit, text + fmt.Sprintf("; locks are held until the commit, which took %s instead of %s: that is what makes them wait", shortMS(after), shortMS(before))
	}
	return component.DBWrite, text
}

// waitsForLocks tells whether time in a part is spent waiting for others; known
// is false where nothing tells. It is where the time grows with the load by half
// or the fastest requests are spared, and it isn't where they are not. Time that
// is about the same at every level of load was not waited either; but time that is
// asked about for having grown with the load did grow, only by too little to tell.
func (a *attributor) waitsForLocks(e *excess, at int) (waits, known bool, text string) {
	low, high, loads := a.underLoad(at)
	if loads && high >= (1+loadedGrowth)*low {
		return true, true, fmt.Sprintf("writing takes longer the more load there is, %s at %s and %s at %s: it waits for locks", shortMS(low), a.levelText(a.low), shortMS(high), a.levelText(a.high))
	}
	fast, mean, ok := a.fastest(e, at)
	switch {
	case ok && fast < fastFollows*mean:
		return true, true, fmt.Sprintf("in the fastest %s of the requests writing changed by %s only, in all of them by %s: it waits for locks", percent(fastTo), signedMS(fast), signedMS(mean))
	case ok:
		return false, true, fmt.Sprintf("in the fastest %s of the requests, too, writing changed by %s (in all of them by %s), so it is the statement that is slow", percent(fastTo), signedMS(fast), signedMS(mean))
	case loads && e.name != report.QuestionLoad && max(low, high) < (1+flatGrowth)*min(low, high):
		return false, true, fmt.Sprintf("writing takes about as long at every level of load, %s at %s and %s at %s, so it is the statement that is slow", shortMS(low), a.levelText(a.low), shortMS(high), a.levelText(a.high))
	default:
		return false, false, "nothing tells whether writing waits for locks or is slow by itself"
	}
}

// underLoad is a part's mean at the lowest and the highest level of load; false
// where there are no two levels with enough requests, or none of them spends any
// time in it.
func (a *attributor) underLoad(at int) (low, high float64, ok bool) {
	if !a.load.asked || !a.this.levels[a.low].enough() || !a.this.levels[a.high].enough() {
		return 0, 0, false
	}
	low, high = a.load.parts.reference[at], a.load.parts.hard[at]
	return low, high, low > 0 || high > 0
}

// fastest is by how much a part's mean changed in the fastest requests of the
// endpoint where it grew most, and in all of that endpoint; false where requests
// are not told apart, or are few.
func (a *attributor) fastest(e *excess, at int) (fast, mean float64, ok bool) {
	if !a.bands {
		return 0, 0, false
	}
	hard, reference := a.sides(e.question, a.worstEndpoint(e, at))
	if min(countOf(hard), countOf(reference))*fastTo < fewestFast {
		return 0, 0, false
	}
	grown := func(to float64) (float64, bool) {
		q := question{name: e.name, cells: &cellIndex{}}
		q.hard, q.reference = a.bandSample(q.cells, hard, 0, to), a.bandSample(q.cells, reference, 0, to)
		if q.answer(a.partition); !q.asked {
			return 0, false
		}
		return q.parts.hard[at] - q.parts.reference[at], true
	}
	fast, ok = grown(fastTo)
	mean, all := grown(1)
	return fast, mean, ok && all && mean > 0
}
