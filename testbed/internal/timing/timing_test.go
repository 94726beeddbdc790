package timing

import (
	"context"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// fakeClock is virtual time that a test moves by hand.
type fakeClock struct{ t time.Time }

func newFakeClock() *fakeClock { return &fakeClock{t: time.Unix(1_700_000_000, 0)} }

func (c *fakeClock) now() time.Time          { return c.t }
func (c *fakeClock) sleep(d time.Duration)   { c.t = c.t.Add(d) }
func (c *fakeClock) ms(n int)                { c.sleep(time.Duration(n) * time.Millisecond) }
func millis(n int) time.Duration             { return time.Duration(n) * time.Millisecond }
func partsOf(r *Recorder) map[string]float64 { return milliseconds(r.Parts()) }

func milliseconds(parts []Part) map[string]float64 {
	m := map[string]float64{}
	for _, p := range parts {
		m[p.Name] += float64(p.Duration) / float64(time.Millisecond)
	}
	return m
}

func expectParts(t *testing.T, r *Recorder, want map[string]float64) {
	t.Helper()
	if got := partsOf(r); !reflect.DeepEqual(got, want) {
		t.Errorf("parts = %v, want %v", got, want)
	}
}

func TestSpansAreExclusive(t *testing.T) {
	c := newFakeClock()
	r := Start(c.now)
	c.ms(1) // nobody's
	outer := r.Begin("outer")
	c.ms(2)
	inner := r.Begin("inner")
	c.ms(4)
	inner.End()
	c.ms(8)
	outer.End()
	c.ms(16) // nobody's
	r.Finish()
	expectParts(t, r, map[string]float64{"outer": 10, "inner": 4})
	if got := r.Total(); got != millis(31) {
		t.Errorf("total = %v, want 31ms", got)
	}
}

func TestRepeatedNamesAddUp(t *testing.T) {
	c := newFakeClock()
	r := Start(c.now)
	for range 3 {
		s := r.Begin("db-read")
		c.ms(5)
		s.End()
		s.End() // the second time does nothing
	}
	expectParts(t, r, map[string]float64{"db-read": 15})
}

func TestEndClosesForgottenInnerSpans(t *testing.T) {
	c := newFakeClock()
	r := Start(c.now)
	outer := r.Begin("outer")
	r.Begin("forgotten")
	c.ms(3)
	outer.End()
	c.ms(9)
	expectParts(t, r, map[string]float64{"outer": 0, "forgotten": 3})
}

func TestJoinTakesTheBranchThatFinishedLast(t *testing.T) {
	c := newFakeClock()
	r := Start(c.now)
	around := r.Begin("around")
	c.ms(1)
	forked := c.t
	branches := r.Fork(2)

	slow := branches[0].Begin("slow")
	c.ms(30)
	slow.End()
	c.ms(2) // unnamed in the branch
	branches[0].Finish()

	c.t = forked // the other branch ran at the same time
	fast := branches[1].Begin("fast")
	c.ms(10)
	fast.End()
	branches[1].Finish()

	c.t = forked.Add(millis(35))
	r.Join(branches)
	around.End()
	// around: 1 before the fork, 2 unnamed in the branch, 3 until the join.
	expectParts(t, r, map[string]float64{"around": 6, "slow": 30})
}

func TestCarveMovesTimeAndNeverMoreThanThereWas(t *testing.T) {
	c := newFakeClock()
	r := Start(c.now)
	call := r.Begin("http-call")
	c.ms(10)
	if got := call.Carve("http-dns", millis(3)); got != millis(3) {
		t.Errorf("carved %v, want 3ms", got)
	}
	if got := call.Carve("http-connect", millis(50)); got != millis(7) {
		t.Errorf("carved %v, want the remaining 7ms", got)
	}
	if got := call.Carve("http-connect", -millis(1)); got != 0 {
		t.Errorf("carved %v of a negative time, want 0", got)
	}
	call.End()
	expectParts(t, r, map[string]float64{"http-call": 0, "http-dns": 3, "http-connect": 7})
}

func TestNothingChangesAfterFinish(t *testing.T) {
	c := newFakeClock()
	r := Start(c.now)
	c.ms(2)
	r.Finish()
	c.ms(5)
	r.Begin("late").End()
	r.Finish()
	if r.Total() != millis(2) || len(r.Parts()) != 0 {
		t.Errorf("total %v parts %v, want 2ms and none", r.Total(), r.Parts())
	}
}

func TestNilRecorderAndZeroSpanRecordNothing(t *testing.T) {
	var r *Recorder = From(context.Background())
	s := r.Begin("x")
	s.Carve("y", time.Second)
	s.End()
	branches := r.Fork(2)
	branches[1].Begin("x").End()
	branches[1].Finish()
	r.Join(branches)
	r.Finish()
	if r.Header() != "" || r.Total() != 0 || r.Parts() != nil {
		t.Error("a nil recorder answered something")
	}
	if len(branches) != 2 {
		t.Errorf("fork of a nil recorder gave %d branches, want 2", len(branches))
	}
}

func TestHeader(t *testing.T) {
	c := newFakeClock()
	r := Start(c.now)
	s := r.Begin(DBWrite)
	c.sleep(1_234_999 * time.Nanosecond)
	s.End()
	c.sleep(7 * time.Microsecond)
	if got, want := r.Header(), "db-write;dur=1.234, total;dur=1.241"; got != want {
		t.Errorf("header %q, want %q", got, want)
	}
}

// A step of a random request: time passing, a span around steps, or branches.
type step struct {
	pause    time.Duration
	span     string
	children []step
	branches [][]step
	latency  time.Duration // from the last branch's end to the join
}

var names = []string{Queue, DBRead, DBWrite, GraphBuild, HTTPCall}

func steps(t *rapid.T, depth int) []step {
	var list []step
	for range rapid.IntRange(0, 4).Draw(t, "steps") {
		pause := time.Duration(rapid.IntRange(0, 2_000_000).Draw(t, "ns"))
		kind := rapid.IntRange(0, 2).Draw(t, "kind")
		switch {
		case kind == 1 && depth > 0:
			list = append(list, step{
				span: rapid.SampledFrom(names).Draw(t, "name"), children: steps(t, depth-1),
			})
		case kind == 2 && depth > 0:
			s := step{latency: pause}
			for range rapid.IntRange(1, 3).Draw(t, "branches") {
				s.branches = append(s.branches, steps(t, depth-1))
			}
			list = append(list, s)
		default:
			list = append(list, step{pause: pause})
		}
	}
	return list
}

// play runs the steps against a recorder on virtual time.
func play(c *fakeClock, r *Recorder, list []step) {
	for _, s := range list {
		switch {
		case s.span != "":
			span := r.Begin(s.span)
			play(c, r, s.children)
			span.End()
		case s.branches != nil:
			branches, forked, last := r.Fork(len(s.branches)), c.t, c.t
			for i, b := range s.branches {
				c.t = forked
				play(c, branches[i], b)
				branches[i].Finish()
				if c.t.After(last) {
					last = c.t
				}
			}
			c.t = last.Add(s.latency)
			r.Join(branches)
		default:
			c.sleep(s.pause)
		}
	}
}

// truth computes, without a recorder, what each name had of the critical path.
func truth(list []step, holder string, into map[string]time.Duration) (wall time.Duration) {
	give := func(d time.Duration) {
		wall += d
		if holder != "" {
			into[holder] += d
		}
	}
	for _, s := range list {
		switch {
		case s.span != "":
			into[s.span] += 0
			wall += truth(s.children, s.span, into)
		case s.branches != nil:
			longest, chosen := time.Duration(-1), map[string]time.Duration{}
			for _, b := range s.branches {
				parts := map[string]time.Duration{}
				// Unnamed time of a branch falls to whoever holds the parent.
				if w := truth(b, "", parts); w > longest {
					longest, chosen = w, parts
				}
			}
			named := time.Duration(0)
			for name, d := range chosen {
				into[name] += d
				named += d
			}
			wall += named
			give(longest - named + s.latency)
		default:
			give(s.pause)
		}
	}
	return wall
}

func TestPartsAreTheCriticalPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := steps(t, 4)
		c := newFakeClock()
		r := Start(c.now)
		play(c, r, list)
		r.Finish()

		want := map[string]time.Duration{}
		wall := truth(list, "", want)
		got, sum := map[string]time.Duration{}, time.Duration(0)
		for _, p := range r.Parts() {
			if p.Duration < 0 {
				t.Fatalf("%s took %v", p.Name, p.Duration)
			}
			got[p.Name] += p.Duration
			sum += p.Duration
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("parts %v, want %v", got, want)
		}
		if r.Total() != wall || sum > r.Total() {
			t.Fatalf("total %v, want %v; parts sum up to %v", r.Total(), wall, sum)
		}
		checkHeader(t, r.Header())
	})
}

// checkHeader holds the printed digits to the promise, not only the durations.
func checkHeader(t interface{ Fatalf(string, ...any) }, header string) {
	var sum, total float64
	for _, metric := range strings.Split(header, ", ") {
		name, digits, found := strings.Cut(metric, ";dur=")
		ms, err := strconv.ParseFloat(digits, 64)
		if !found || err != nil {
			t.Fatalf("metric %q is not name;dur=number: %v", metric, err)
		}
		if name == Total {
			total = ms
		} else {
			sum += ms
		}
	}
	if sum > total+1e-9 {
		t.Fatalf("printed parts sum up to %v, total is %v: %s", sum, total, header)
	}
}

func TestBranchesOnGoroutines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := Start(time.Now)
		branches := r.Fork(5)
		var wg sync.WaitGroup
		for i, b := range branches {
			wg.Go(func() {
				defer b.Finish()
				defer b.Begin(HTTPCall).End()
				time.Sleep(millis(i + 1))
			})
		}
		wg.Wait()
		r.Join(branches)
		r.Finish()
		expectParts(t, r, map[string]float64{HTTPCall: 5})
		if r.Total() != millis(5) {
			t.Errorf("total %v, want 5ms", r.Total())
		}
	})
}
