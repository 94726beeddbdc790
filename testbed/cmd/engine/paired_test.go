package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Whoever measures on a machine that others use, too, measures them as well. So
// a faulty engine is held against a healthy one by pairs of small blocks of
// requests, one block of each engine next to the other: what disturbs one of a
// pair disturbs its neighbour as likely. A claim is about a pair, and there are
// as many pairs as it takes.

// figures are what a block of requests came to, by name: times in ms, gauges.
type figures map[string]float64

// claim is what should be so in a pair of blocks.
type claim struct {
	what string
	// of answers the claim's figure in a pair, for whoever reads a failure, and
	// whether the claim holds.
	of func(healthy, faulty figures) (figure float64, holds bool)
}

const (
	// decided is how many pairs more for a claim than against it show it, and
	// how many more against it refute it: Wald's sequential test of the sign. A
	// claim that holds in 9 of 10 pairs is refuted by mistake once in 59,000
	// times, one that holds in 3 of 4 once in 240; and the same the other way
	// round for one that seldom holds.
	decided = 5
	// mostPairs is when a claim that was neither counts as not shown.
	mostPairs = 45
)

// evidence is what the pairs say of a claim.
type evidence struct {
	claim
	shown       bool
	held, pairs int
	figures     []float64
}

func (e evidence) String() string {
	return fmt.Sprintf("%s: so in %d of %d pairs of blocks, median %.3g", e.what, e.held, e.pairs, median(e.figures))
}

// weigh makes pairs until each claim is shown or refuted.
func weigh(claims []claim, pair func(turn int) (healthy, faulty figures)) []evidence {
	all := make([]evidence, len(claims))
	for i, c := range claims {
		all[i].claim = c
	}
	for turn, open := 0, len(all); open > 0 && turn < mostPairs; turn++ {
		healthy, faulty := pair(turn)
		open = 0
		for i := range all {
			if all[i].decided() {
				continue
			}
			all[i].add(healthy, faulty)
			if !all[i].decided() {
				open++
			}
		}
	}
	return all
}

func (e *evidence) lead() int { return 2*e.held - e.pairs }

func (e *evidence) decided() bool { return e.lead() >= decided || e.lead() <= -decided }

func (e *evidence) add(healthy, faulty figures) {
	figure, holds := e.of(healthy, faulty)
	e.figures = append(e.figures, figure)
	if e.pairs++; holds {
		e.held++
	}
	e.shown = e.lead() >= decided
}

// show fails the test by each claim that isn't so.
func show(t *testing.T, claims []claim, pair func(turn int) (healthy, faulty figures)) {
	t.Helper()
	var healthy, faulty figures
	all := weigh(claims, func(turn int) (figures, figures) {
		healthy, faulty = pair(turn)
		return healthy, faulty
	})
	for _, e := range all {
		if e.shown {
			t.Log(e)
		} else {
			t.Errorf("not shown: %v", e)
		}
	}
	if t.Failed() {
		t.Logf("the last pair: healthy %v\nfaulty %v", healthy, faulty)
	}
}

// least is what a healthy engine's part may take, in ms, without anybody
// noticing.
const least = 0.05

// grows claims that a part takes so many times as long.
func grows(part string, ratio float64) claim {
	return claim{
		what: fmt.Sprintf("%s takes %v times as long", part, ratio),
		of: func(healthy, faulty figures) (float64, bool) {
			r := faulty[part] / max(least, healthy[part])
			return r, r >= ratio
		},
	}
}

// growsLess claims that what some parts grow by is no more than a share of what
// each of the others does.
func growsLess(what string, parts []string, share float64, than []string) claim {
	return claim{
		what: fmt.Sprintf("%s grows by no more than %v of what %s does", what, share, strings.Join(than, ", ")),
		of: func(healthy, faulty figures) (float64, bool) {
			grown, moved := math.Inf(1), 0.0
			for _, part := range than {
				grown = min(grown, faulty[part]-healthy[part])
			}
			for _, part := range parts {
				moved += faulty[part] - healthy[part]
			}
			return moved / grown, grown > 0 && moved <= share*grown
		},
	}
}

// times claims that a figure is so many times the healthy engine's. Below the
// floor, it counts as the floor.
func times(name string, ratio, floor float64) claim {
	return claim{
		what: fmt.Sprintf("%s is %v times as much", name, ratio),
		of: func(healthy, faulty figures) (float64, bool) {
			r := relation(name, floor, healthy, faulty)
			return r, r >= ratio
		},
	}
}

func relation(name string, floor float64, healthy, faulty figures) float64 {
	return max(floor, faulty[name]) / max(floor, healthy[name])
}

// calmer claims that a figure rises by no more than half of what another one
// rises by, each as a multiple of its own.
func calmer(name string, floor float64, than string, thanFloor float64) claim {
	return claim{
		what: fmt.Sprintf("%s rises by less than half as much as %s", name, than),
		of: func(healthy, faulty figures) (float64, bool) {
			own, other := relation(name, floor, healthy, faulty), relation(than, thanFloor, healthy, faulty)
			return own, own-1 <= (other-1)/2
		},
	}
}

// noise makes pairs of a machine that stalls now and then, for as long as
// several requests take, by whichever engine has its turn.
func noise(seed uint64, part string, ms, factor float64) func(int) (figures, figures) {
	r := rand.New(rand.NewPCG(seed, 1))
	block := func(mean, mood float64) figures {
		took := mean * mood * math.Exp(0.15*r.NormFloat64())
		if r.Float64() < 0.15 {
			took *= 1 + 4*r.Float64()
		}
		return figures{part: took, "total": took + 1}
	}
	return func(int) (figures, figures) {
		mood := 1 + 3*r.Float64() // of the machine
		return block(ms, mood), block(ms*factor, mood)
	}
}

func TestPairsTellAFaultFromNoise(t *testing.T) {
	for seed := range uint64(500) {
		claims := []claim{grows("db-write", 1.8)}
		if e := weigh(claims, noise(seed, "db-write", 2, 3))[0]; !e.shown {
			t.Errorf("seed %d: three times as long: %v", seed, e)
		}
		e := weigh(claims, noise(seed, "db-write", 2, 1))[0]
		if e.shown || e.pairs > mostPairs/2 {
			t.Errorf("seed %d: what isn't there is not refuted at once: %v", seed, e)
		}
	}
}

func TestWhatIsNeitherShownNorRefutedIsNotShown(t *testing.T) {
	undecided := claim{what: "every other pair", of: func(healthy, _ figures) (float64, bool) {
		return healthy["turn"], math.Mod(healthy["turn"], 2) == 0
	}}
	e := weigh([]claim{undecided}, func(turn int) (figures, figures) { return figures{"turn": float64(turn)}, nil })[0]
	if e.shown || e.pairs != mostPairs || e.held != (mostPairs+1)/2 {
		t.Errorf("%v", e)
	}
}

func TestClaims(t *testing.T) {
	healthy := figures{"db-write": 2, "db-read": 1, "http-call": 3, "heap": 4}
	faulty := figures{"db-write": 6, "db-read": 1.5, "http-call": 3, "heap": 12}
	for _, c := range []struct {
		claim
		want bool
	}{
		{grows("db-write", 3), true},
		{grows("db-write", 3.1), false},
		{grows("ws-publish", 1), false}, // isn't there
		{growsLess("the rest", []string{"db-read", "http-call"}, 0.125, []string{"db-write"}), true},
		{growsLess("the rest", []string{"db-read", "http-call"}, 0.12, []string{"db-write"}), false},
		{growsLess("the rest", []string{"db-read"}, 0.3, []string{"db-write", "http-call"}), false}, // the call didn't grow
		{times("heap", 3, 1), true},
		{times("heap", 3, 5), false},
		{calmer("db-read", 0.1, "heap", 1), true},
		{calmer("db-write", 0.1, "heap", 1), false},
	} {
		if figure, got := c.of(healthy, faulty); got != c.want {
			t.Errorf("%s: %v, by %v", c.what, got, figure)
		}
	}
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(max(1, len(values)))
}
