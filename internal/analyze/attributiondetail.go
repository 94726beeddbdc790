package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/component"
	"k6report/internal/report"
	"k6report/internal/run"
)

// cause is the sub-part of a component that is to blame, and what to do.
type cause struct {
	name, remedy string
	evidence     []string
}

// causeOf is what is to blame where a part grows, by its name in the table.
func causeOf(name string) (cause, bool) {
	known, ok := knownPart(func(p component.Part) bool { return p.Name == name && p.Cause != "" })
	return cause{name: known.Cause, remedy: known.Remedy}, ok
}

// Time that a resource is held for is to blame for waiting when it grew too.
const (
	holdGrowth = 0.20 // of itself
	holdExcess = 0.02 // of the component's excess: less is no cause of it
)

// behindLines takes waiting in a line out of a question where it is a symptom: a
// line in front of all that follows grows because requests take longer behind it.
// What is left is asked then, and why is said. Where a line grew though requests
// took about as long behind it, it is itself to blame.
func (a *attributor) behindLines(e *excess) (left *excess, evidence []string) {
	left = e
	for {
		first, _ := ranking(&left.components)
		if !components[first].Line {
			return left, evidence
		}
		line := components[first].Name
		grown := left.components.hard[first] - left.components.reference[first]
		before, after := a.held(line, left.parts.reference), a.held(line, left.parts.hard)
		if grown <= 0 || after < (1+holdGrowth)*before || after-before < holdExcess*grown {
			return left, evidence
		}
		behind := a.excessOf(left.without(a.partition, line))
		if behind == nil || behind.components.change() <= 0 {
			return left, evidence
		}
		evidence = append(evidence, a.componentText(e, first), fmt.Sprintf("requests waited longer in line (%s) because they took longer behind it: %s instead of %s", line, shortMS(after), shortMS(before)))
		left = behind
	}
}

// without is a question with a component's time left out on both sides.
func (q *question) without(p *partition, name string) *question {
	out := &question{name: q.name, where: q.where + ", without waiting in the " + name, cells: q.cells}
	drop := func(c cellSums) (cellSums, bool) {
		c.parts = slices.Clone(c.parts)
		for i := range c.parts {
			if p.parts[i].component == name {
				c.parts[i] = 0
			}
		}
		return c, true
	}
	out.hard, out.reference = q.hard.changed(drop), q.reference.changed(drop)
	out.answer(p)
	out.hardSize, out.referenceSize = q.hardSize, q.referenceSize
	return out
}

// detail finds the sub-part of a component that explains its growth: the one
// that grew most, but for waiting that follows from servers being held longer.
// A pool is the cause of waiting only where each of its connections was busy
// for as long as before.
func (a *attributor) detail(e *excess, of string) cause {
	type grown struct {
		at     int
		excess float64
	}
	var list []grown
	all := 0.0
	for i, p := range a.partition.parts {
		if p.component != of {
			continue
		}
		excess := e.parts.hard[i] - e.parts.reference[i]
		all += excess
		list = append(list, grown{i, excess})
	}
	slices.SortStableFunc(list, func(x, y grown) int { return cmp.Compare(y.excess, x.excess) })
	if len(list) == 0 {
		return cause{}
	}
	blamed := list[0]
	var evidence []string
	if p := a.partition.parts[blamed.at]; p.wait {
		before, after := a.held(of, e.parts.reference), a.held(of, e.parts.hard)
		longer := slices.IndexFunc(list, func(g grown) bool { return !a.partition.parts[g.at].wait })
		switch {
		case before == 0 && after == 0:
		case longer >= 0 && after >= (1+holdGrowth)*before && list[longer].excess >= holdExcess*all:
			evidence = append(evidence, fmt.Sprintf("%s was waited for longer because each request held it longer: %s instead of %s", of, shortMS(after), shortMS(before)))
			blamed = list[longer]
		default:
			evidence = append(evidence, fmt.Sprintf("each request held %s for about as long as before (%s, before %s), so it is the number of servers that is short", of, shortMS(after), shortMS(before)))
		}
	}
	name := a.partition.parts[blamed.at].name
	if name == component.DBWrite {
		var text string
		name, text = a.writes(e, blamed.at, all)
		evidence = append(evidence, text)
	}
	found, known := causeOf(name)
	switch {
	case !known && a.partition.parts[blamed.at].wait:
		found = cause{name: "waiting (" + name + ")", remedy: "Allow more of " + of + " at once, or hold it for less time."}
	case !known:
		found = cause{name: name}
	case name == component.DBRead && strings.Contains(a.worstEndpoint(e, blamed.at).Name, "list"):
		found.name = "slow query (list)"
	}
	found.evidence = evidence
	return found
}

// worstEndpoint is the endpoint that adds most to the growth of a part.
func (a *attributor) worstEndpoint(e *excess, of int) run.Endpoint {
	group := make([]int, len(a.partition.parts))
	for i := range group {
		group[i] = 1
	}
	group[of] = 0
	var worst run.Endpoint
	most := 0.0
	for _, key := range e.endpointsOf() {
		c, ok := e.contrast(group, 2, func(k cellKey) bool { return k.Endpoint == key.Endpoint })
		if !ok {
			continue
		}
		if grown := (c.hard[0] - c.reference[0]) * key.n; grown > most {
			worst, most = key.Endpoint, grown
		}
	}
	return worst
}

// busy says whether the servers of a component are busy: by Little's law, from
// the rate of requests and the time that each holds a server, or as the
// engine's own gauge counts them.
func (a *attributor) busy(name string) (bool, string) {
	capacity, source := a.capacity(name)
	if capacity <= 0 {
		return false, ""
	}
	busy, windows, mean := 0, 0, 0.0
	parts := make([]float64, len(a.partition.parts))
	for _, b := range a.load.hard.segments[0].blocks {
		clear(parts)
		for i := range b.cells {
			for j, ms := range b.cells[i].parts {
				parts[j] += ms
			}
		}
		servers := a.held(name, parts) / 1000 / b.seconds
		windows++
		mean += servers
		if servers >= busyShare*capacity {
			busy++
		}
	}
	inUse, of, gauge := a.gaugeBusy(name, capacity)
	switch {
	case windows > 0 && float64(busy) >= busyWindows*float64(windows) && busy > 0:
		return true, fmt.Sprintf("at least %s of %s servers of %s were busy on average at %s, by Little's law; at least %s of them in %d of %d windows (capacity: %s)", report.Digits(mean/float64(windows), 3), number(capacity), name, a.levelText(a.high), percent(busyShare), busy, windows, source)
	case of > 0 && float64(inUse) >= busyWindows*float64(of) && inUse > 0:
		return true, fmt.Sprintf("at least %s of the %s servers of %s were in use in %d of %d windows at %s, as %s counts them", percent(busyShare), number(capacity), name, inUse, of, a.levelText(a.high), gauge)
	}
	return false, ""
}

// held is the time for which requests held servers of a component: its parts
// that are no waiting; of a line, all that follows it: in the server for the queue
// in front of it, anywhere for the load generator's connections.
func (a *attributor) held(name string, parts []float64) float64 {
	of := &components[componentRank(name)]
	inServer := a.partition.inServer()
	ms := 0.0
	for j, p := range a.partition.parts {
		switch {
		case p.component == name && p.wait:
		case p.component == name, of.Line && (of.Outside || inServer[j]):
			ms += parts[j]
		}
	}
	return ms
}

// capacity is the number of servers of a component: as the configuration file
// says, else as the engine's gauge does, else as the preset does; 0 if unknown.
func (a *attributor) capacity(name string) (float64, string) {
	configured, ok := a.config.Capacity(name)
	if ok && !strings.HasPrefix(configured.Source, "preset ") {
		return float64(configured.Servers), configured.Source
	}
	if gauge := components[componentRank(name)].Size; gauge != "" {
		if sel := a.Select(gauge, nil); sel.Count > 0 {
			if v, ok := sel.Quantile(0.5); ok && v > 0 {
				return v, gauge
			}
		}
	}
	if ok {
		return float64(configured.Servers), configured.Source
	}
	return 0, ""
}

// gaugeBusy counts the windows at the highest level in which the engine itself
// saw its servers in use, and those in which it was asked.
func (a *attributor) gaugeBusy(name string, capacity float64) (busy, windows int, gauge string) {
	gauge = components[componentRank(name)].InUse
	if gauge == "" {
		return 0, 0, ""
	}
	a.gaugeIn(gauge, a.this.levels[a.high].stretch, func(w *run.Window) {
		windows++
		if w.Sum.Float()/float64(w.Count) >= busyShare*capacity {
			busy++
		}
	})
	return busy, windows, gauge
}

// componentText says how a component's time grew.
func (a *attributor) componentText(e *excess, i int) string {
	name := components[i].Name
	before, after := e.components.reference[i], e.components.hard[i]
	text := fmt.Sprintf("%s %s from %s to %s", name, grewOrFell(after-before), shortMS(before), shortMS(after))
	if e.name == report.QuestionLoad {
		low, high := &a.this.levels[a.low], &a.this.levels[a.high]
		text += fmt.Sprintf(" between %s and %s", a.levelText(a.low), a.levelText(a.high))
		if low.perS > 0 {
			text += fmt.Sprintf(" while throughput changed by %s", signedPercent(high.perS/low.perS-1))
		}
	}
	if shares := e.components.shares(); shares != nil {
		text += fmt.Sprintf(": %s of the difference", mostPercent(shares[i]))
	}
	type moved struct {
		name   string
		excess float64
	}
	var list []moved
	for j, p := range a.partition.parts {
		if d := e.parts.hard[j] - e.parts.reference[j]; p.component == name && math.Abs(d) > 0.02*math.Abs(after-before) {
			list = append(list, moved{p.name, d})
		}
	}
	slices.SortStableFunc(list, func(x, y moved) int { return cmp.Compare(math.Abs(y.excess), math.Abs(x.excess)) })
	var parts []string
	for _, m := range list[:min(3, len(list))] {
		parts = append(parts, m.name+" "+signedMS(m.excess))
	}
	if len(parts) == 0 {
		return text
	}
	return text + " (" + strings.Join(parts, ", ") + ")"
}

func grewOrFell(change float64) string {
	if change < 0 {
		return "fell"
	}
	return "grew"
}
