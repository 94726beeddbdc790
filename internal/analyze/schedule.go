package analyze

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"k6report/internal/run"
)

// schedule is a plan seen as load over time. Times are seconds from the start
// of the schedule, rates are iterations per second.
type schedule struct {
	scenarios []scenario
	// seconds is the scheduled time without graceful stops; 0 when unknown.
	seconds float64
	// openEnd says that a scenario runs until its iterations are done, perhaps
	// beyond seconds.
	openEnd bool
}

type scenario struct {
	run.Scenario
	open bool // an arrival rate: the load does not wait for answers
	// curve is the target rate, or of closed models the number of virtual
	// users, at points in time and linear in between; nil where none is fixed.
	curve []point
}

type point struct{ at, value float64 }

func newSchedule(p *run.Plan) *schedule {
	out := &schedule{}
	for _, s := range p.Scenarios {
		sc := scenario{Scenario: s, open: strings.HasSuffix(s.Executor, "arrival-rate")}
		sc.curve = sc.target()
		if sc.endsItself() {
			out.openEnd = true // its duration is only a limit
		} else {
			out.seconds = max(out.seconds, (s.Start + s.Duration).Seconds())
		}
		out.scenarios = append(out.scenarios, sc)
	}
	return out
}

// endsItself reports whether a scenario runs until its iterations are done.
func (s *scenario) endsItself() bool { return strings.HasSuffix(s.Executor, "iterations") }

// tagged reports whether samples are of the scenario.
func (s *scenario) tagged(t run.TagSet) bool { return t.Value("scenario") == s.Name }

// target makes the curve of a scenario.
func (s *scenario) target() []point {
	value, unit := float64(s.VUs), 1.0
	if s.open {
		value = s.Rate
		if s.TimeUnit > 0 {
			unit = s.TimeUnit.Seconds()
		}
	}
	at := s.Start
	curve := []point{{at.Seconds(), value / unit}}
	switch {
	case s.endsItself() || s.Duration == 0 && len(s.Stages) == 0:
		return nil
	case len(s.Stages) == 0:
		return append(curve, point{(at + s.Duration).Seconds(), value / unit})
	}
	for _, stage := range s.Stages {
		at += stage.Duration
		curve = append(curve, point{at.Seconds(), stage.Target / unit})
	}
	return curve
}

// planned is the number of iterations that an open scenario starts.
func (s *scenario) planned() float64 {
	total := 0.0
	for i := 1; i < len(s.curve); i++ {
		a, b := s.curve[i-1], s.curve[i]
		total += (b.at - a.at) * (a.value + b.value) / 2
	}
	return total
}

// peak is the highest target.
func (s *scenario) peak() float64 {
	peak := 0.0
	for _, p := range s.curve {
		peak = max(peak, p.value)
	}
	return peak
}

// valueAt is the target at a time; a step counts from its time on.
func (s *scenario) valueAt(t float64) float64 {
	for i := len(s.curve) - 1; i > 0; i-- {
		a, b := s.curve[i-1], s.curve[i]
		if t < a.at || t >= b.at || b.at == a.at {
			continue
		}
		return a.value + (b.value-a.value)*(t-a.at)/(b.at-a.at)
	}
	return 0
}

// firstStart is when k6 starts the first iteration. A constant rate starts one
// at once, a ramping one when a whole iteration is due (the area under the
// curve is 1), ramping virtual users when the first is there (the curve is 1).
func (s *scenario) firstStart() float64 {
	start := s.Start.Seconds()
	if !strings.HasPrefix(s.Executor, "ramping") {
		return start
	}
	due := 0.0
	for i := 1; i < len(s.curve); i++ {
		a, b := s.curve[i-1], s.curve[i]
		length, slope := b.at-a.at, (b.value-a.value)/(b.at-a.at)
		area := length * (a.value + b.value) / 2
		switch {
		case length == 0:
		case s.open && due+area >= 1:
			// a.value·t + slope·t²/2 = 1 − due, in the form that a slope of 0 takes too
			rest := 1 - due
			return a.at + 2*rest/(a.value+math.Sqrt(max(0, a.value*a.value+2*slope*rest)))
		case !s.open && a.value >= 1:
			return a.at
		case !s.open && b.value >= 1:
			return a.at + (1-a.value)/slope
		}
		due += area
	}
	return start
}

// firstStart is when a scenario's first iteration starts; that of the earliest
// where the name is unknown, 0 without a plan.
func (s *schedule) firstStart(name string) float64 {
	if s == nil || len(s.scenarios) == 0 {
		return 0
	}
	earliest := math.Inf(1)
	for i := range s.scenarios {
		sc := &s.scenarios[i]
		if sc.Name == name {
			return sc.firstStart()
		}
		earliest = min(earliest, sc.firstStart())
	}
	return earliest
}

// endedEarly reports whether a run that was seen for so many seconds ended
// before its schedule. The last samples may come a little before its end.
func (s *schedule) endedEarly(seen float64) bool {
	return s.seconds-seen > max(2, maxMissed*s.seconds)
}

// allOpen reports whether every scenario has an arrival rate.
func (s *schedule) allOpen() bool {
	return len(s.scenarios) > 0 && !slices.ContainsFunc(s.scenarios, func(sc scenario) bool { return !sc.open })
}

// anyOpen reports whether some scenario has an arrival rate.
func (s *schedule) anyOpen() bool {
	return slices.ContainsFunc(s.scenarios, func(sc scenario) bool { return sc.open })
}

// demand is what the plan asks for at one time.
type demand struct{ perS, vus float64 }

func (d demand) same(o demand) bool {
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b)) }
	return near(d.perS, o.perS) && near(d.vus, o.vus)
}

// at is the demand of all scenarios at a time.
func (s *schedule) at(t float64) demand {
	var total demand
	for i := range s.scenarios {
		sc := &s.scenarios[i]
		if sc.open {
			total.perS += sc.valueAt(t)
		} else {
			total.vus += sc.valueAt(t)
		}
	}
	return total
}

// before is the demand just before a time: a step there does not count yet.
func (s *schedule) before(t float64) demand { return s.at(math.Nextafter(t, math.Inf(-1))) }

// peak is the highest target rate over all scenarios at a time.
func (s *schedule) peak() float64 {
	peak := 0.0
	for _, at := range s.corners() {
		peak = max(peak, s.at(at).perS, s.before(at).perS)
	}
	return peak
}

// corners are the times at which the load bends or jumps.
func (s *schedule) corners() []float64 {
	var at []float64
	for _, sc := range s.scenarios {
		for _, p := range sc.curve {
			at = append(at, p.at)
		}
	}
	slices.SortFunc(at, cmp.Compare[float64])
	return slices.Compact(at)
}

// stretch is a part of the schedule with the load asked for, the one in the
// middle on a ramp.
type stretch struct {
	from, to float64
	demand
	ramp     bool
	measured bool // the load is what was seen, as no plan tells it
}

// stretches are the plateaus and ramps of the load, without the times at which
// nothing is asked for.
func (s *schedule) stretches() []stretch {
	var out []stretch
	corners := s.corners()
	for i := 1; i < len(corners); i++ {
		from, to := corners[i-1], corners[i]
		first, last := s.at(from), s.before(to)
		plateau := first.same(last)
		n := len(out)
		switch {
		case plateau && first == demand{}:
		case plateau && n > 0 && !out[n-1].ramp && out[n-1].to == from && out[n-1].same(first):
			out[n-1].to = to
		case plateau:
			out = append(out, stretch{from: from, to: to, demand: first})
		default:
			out = append(out, stretch{from: from, to: to, demand: s.at((from + to) / 2), ramp: true})
		}
	}
	return out
}

const (
	// minLevel is the shortest plateau that counts as a load level, in seconds.
	minLevel = 5
	// rampSlices is how many levels a linear ramp is cut into, minRamp the
	// least length of one in seconds: shorter ramps are passed over. Where
	// slices would be too short to be measured it is cut into fewer, at least
	// minSlices.
	rampSlices = 8
	minSlices  = 2
	minRamp    = 16
)

// changes reports whether the load changes over time by plan.
func (s *schedule) changes() bool {
	plateaus := 0
	for _, l := range s.stretches() {
		if l.ramp {
			return true
		}
		if l.to-l.from >= minLevel {
			plateaus++
		}
	}
	return plateaus > 1
}

// levels are the plateaus of a changing load, and slices of equal growth of
// its ramps; none where the load does not change. measurable reports whether a
// stretch of time is long enough to be measured. left are the plateaus and
// ramps that are too short to be levels.
func (s *schedule) levels(measurable func(stretch) bool) (levels, left []stretch) {
	if !s.changes() {
		return nil, nil
	}
	for _, l := range s.stretches() {
		var cut []stretch
		switch length := l.to - l.from; {
		case l.ramp && length >= minRamp:
			cut = s.slices(l, measurable)
		case !l.ramp && length >= minLevel && measurable(l):
			cut = []stretch{l}
		}
		levels = append(levels, cut...)
		if len(cut) == 0 {
			left = append(left, l)
		}
	}
	return levels, left
}

// slices cuts a ramp into as many equal slices as can be measured; none where
// that are too few to tell anything.
func (s *schedule) slices(ramp stretch, measurable func(stretch) bool) []stretch {
	for n := rampSlices; n >= minSlices; n-- {
		out := make([]stretch, n)
		step := (ramp.to - ramp.from) / float64(n)
		for k := range out {
			from := ramp.from + step*float64(k)
			out[k] = stretch{from: from, to: from + step, demand: s.at(from + step/2), ramp: true}
		}
		if !slices.ContainsFunc(out, func(l stretch) bool { return !measurable(l) }) {
			return out
		}
	}
	return nil
}
