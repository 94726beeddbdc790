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
}

type scenario struct {
	run.Scenario
	open bool // an arrival rate: the load does not wait for answers
	// rate has the target rate at points in time, linear in between; empty for
	// closed models.
	rate []ratePoint
}

type ratePoint struct{ at, perS float64 }

func newSchedule(p *run.Plan) *schedule {
	out := &schedule{}
	for _, s := range p.Scenarios {
		sc := scenario{Scenario: s, open: strings.HasSuffix(s.Executor, "arrival-rate")}
		if sc.open {
			sc.rate = rates(s)
		}
		if !strings.HasSuffix(s.Executor, "iterations") { // their duration is only a limit
			out.seconds = max(out.seconds, (s.Start + s.Duration).Seconds())
		}
		out.scenarios = append(out.scenarios, sc)
	}
	return out
}

func rates(s run.Scenario) []ratePoint {
	unit := s.TimeUnit.Seconds()
	if unit == 0 {
		unit = 1
	}
	at := s.Start.Seconds()
	points := []ratePoint{{at, s.Rate / unit}}
	if len(s.Stages) == 0 {
		return append(points, ratePoint{at + s.Duration.Seconds(), s.Rate / unit})
	}
	for _, stage := range s.Stages {
		at += stage.Duration.Seconds()
		points = append(points, ratePoint{at, stage.Target / unit})
	}
	return points
}

// planned is the number of iterations that the schedule starts.
func (s scenario) planned() float64 {
	total := 0.0
	for i := 1; i < len(s.rate); i++ {
		a, b := s.rate[i-1], s.rate[i]
		total += (b.at - a.at) * (a.perS + b.perS) / 2
	}
	return total
}

// peak is the highest target rate.
func (s scenario) peak() float64 {
	peak := 0.0
	for _, p := range s.rate {
		peak = max(peak, p.perS)
	}
	return peak
}

// rateAt is the target rate at a time; a step counts from its time on.
func (s scenario) rateAt(t float64) float64 {
	for i := len(s.rate) - 1; i > 0; i-- {
		a, b := s.rate[i-1], s.rate[i]
		if t < a.at || t >= b.at || b.at == a.at {
			continue
		}
		return a.perS + (b.perS-a.perS)*(t-a.at)/(b.at-a.at)
	}
	return 0
}

// open reports whether every scenario has an arrival rate.
func (s *schedule) open() bool {
	return len(s.scenarios) > 0 && !slices.ContainsFunc(s.scenarios, func(sc scenario) bool { return !sc.open })
}

// anyOpen reports whether some scenario has an arrival rate.
func (s *schedule) anyOpen() bool {
	return slices.ContainsFunc(s.scenarios, func(sc scenario) bool { return sc.open })
}

func (s *schedule) rateAt(t float64) float64 {
	total := 0.0
	for _, sc := range s.scenarios {
		total += sc.rateAt(t)
	}
	return total
}

// peak is the highest target rate over all scenarios at a time.
func (s *schedule) peak() float64 {
	peak := 0.0
	for _, at := range s.corners() {
		// Just before a corner the rate may be higher than at it.
		peak = max(peak, s.rateAt(at), s.rateAt(math.Nextafter(at, 0)))
	}
	return peak
}

// corners are the times at which the target rate bends or jumps.
func (s *schedule) corners() []float64 {
	var at []float64
	for _, sc := range s.scenarios {
		for _, p := range sc.rate {
			at = append(at, p.at)
		}
	}
	slices.SortFunc(at, cmp.Compare[float64])
	return slices.Compact(at)
}

// stretch is a part of the schedule with a target rate, the middle one on a
// ramp.
type stretch struct {
	from, to, perS float64
	ramp           bool
}

// rampSlices is how many levels a linear ramp is cut into.
const rampSlices = 8

// minLevel is the shortest plateau that counts as a load level, in seconds.
const minLevel = 5

// levels are the plateaus of the load, and slices of equal growth of its
// ramps. Ramps too short to be cut are left out; so is everything where the
// load never changes.
func (s *schedule) levels() []stretch {
	corners := s.corners()
	var levels []stretch
	changes := false
	for i := 1; i < len(corners); i++ {
		from, to := corners[i-1], corners[i]
		low, high := s.rateAt(from), s.rateAt(math.Nextafter(to, 0))
		const same = 1e-9
		if math.Abs(high-low) <= same*max(high, low) {
			if n := len(levels); n > 0 && !levels[n-1].ramp && levels[n-1].to == from && levels[n-1].perS == low {
				levels[n-1].to = to
				continue
			}
			changes = changes || i > 1
			levels = append(levels, stretch{from: from, to: to, perS: low})
			continue
		}
		changes = true
		if to-from < rampSlices*2 {
			continue
		}
		step := (to - from) / rampSlices
		for k := range rampSlices {
			at := from + step*float64(k)
			levels = append(levels, stretch{from: at, to: at + step, perS: s.rateAt(at + step/2), ramp: true})
		}
	}
	if !changes {
		return nil
	}
	return slices.DeleteFunc(levels, func(l stretch) bool { return !l.ramp && l.to-l.from < minLevel })
}

// changes reports whether the target load changes over time, of virtual users
// too.
func (s *schedule) changes() bool {
	for _, sc := range s.scenarios {
		if strings.HasPrefix(sc.Executor, "ramping") && len(sc.Stages) > 0 {
			return true
		}
	}
	return len(s.levels()) > 1
}
