package analyze

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// cause is the sub-part of a component that is to blame, and what to do.
type cause struct {
	name, remedy string
	evidence     []string
}

// causes are the known sub-parts by the name of the part that grew.
func causes(part string) (cause, bool) {
	for _, c := range []struct {
		part string
		cause
	}{
		{"db-pool-wait", cause{name: "pool exhaustion", remedy: "Raise the size of the connection pool, or hold connections for less time: shorter transactions, no other work inside of them."}},
		{"db-write", cause{name: "row contention", remedy: "Don't update one row from every request: append and add up later, split the counter, or move the update to the end of the transaction."}},
		{partSlowWrite, cause{name: "slow query (write)", remedy: "Look at the statement's plan and at what it sets off: missing indexes of foreign keys, too many indexes, triggers."}},
		{partSomeWrite, cause{name: "row contention or slow writes", remedy: "Look whether writes wait for locks (one row that every request updates) or are slow by themselves (the statement's plan); with a request id (rid), or several levels of load, the report would tell."}},
		{"db-commit", cause{name: "commit/WAL", remedy: "Commit less often (batch writes), use asynchronous commit where a loss is bearable, or give the log a faster disk."}},
		{"db-read", cause{name: "slow query (read)", remedy: "Look at the query's plan: an index that fits its filter and order, or a cache for what rarely changes."}},
		{"db-trace", cause{name: "slow query (trace)", remedy: "Look at the plan of the trace query: index it by execution, or fetch all of its tasks at once."}},
		{"graph-build", cause{name: "DAG building", remedy: "Cache the graph by workflow version, and build it in time that grows with its edges, not its paths."}},
		{"template-resolve", cause{name: "template resolution", remedy: "Compile templates and expressions once and keep them, not for each field of each request."}},
		{"http-pool-wait", cause{name: "connection limit", remedy: "Raise the client's limit of connections per host, or send fewer requests at once."}},
		{"http-connect", cause{name: "connection churn", remedy: "Keep connections alive: read bodies to their end, and allow more idle connections per host."}},
		{"http-dns", cause{name: "DNS", remedy: "Cache name resolution, or keep connections alive so that fewer names have to be resolved."}},
		{"http-call", cause{name: "slow callee", remedy: "Look at the service that is called; meanwhile set a timeout, cache its answers, or call it at the same time as other work."}},
		{"ws-publish", cause{name: "broadcast", remedy: "Publish without waiting for receivers: a queue for each connection, no lock while sending, and slow receivers dropped."}},
		{"ws-accept", cause{name: "accept", remedy: "Raise the number of connections that may be accepted at once, and make the handshake cheaper."}},
		{"queue", cause{name: "request queue", remedy: "Raise the number of executions that may run at once if the machine has room, or make each of them shorter."}},
		{"connection-wait", cause{name: "client connections", remedy: "The load generator waited for its own connections: allow it more per host, or use HTTP/2."}},
		{"connecting", cause{name: "TCP connect", remedy: "Keep connections alive, and look at the length of the server's accept queue."}},
		{"tls", cause{name: "TLS handshake", remedy: "Keep connections alive, resume TLS sessions, or end TLS in front of the server."}},
		{"sending", cause{name: "sending", remedy: "Send smaller requests, or look at the network's bandwidth and the server's reading of bodies."}},
		{"receiving", cause{name: "receiving", remedy: "Answer with less (pages, compression), or look at the network's bandwidth."}},
		{"transit", cause{name: "before or after the server's own times", remedy: "Look at what lies between client and handler: proxies, the accept queue, middleware that is not timed, and the machine's processors."}},
	} {
		if c.part == part {
			return c.cause, true
		}
	}
	return cause{}, false
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
		line := config.Components()[first]
		if line != report.CompQueue && line != report.CompClient {
			return left, evidence
		}
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
func (q *question) without(p *partition, component string) *question {
	out := &question{name: q.name, where: q.where + ", without waiting in the " + component, cells: q.cells}
	drop := func(c cellSums) (cellSums, bool) {
		c.parts = slices.Clone(c.parts)
		for i := range c.parts {
			if p.parts[i].component == component {
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
func (a *attributor) detail(e *excess, component string) cause {
	type grown struct {
		at     int
		excess float64
	}
	var list []grown
	all := 0.0
	for i, p := range a.partition.parts {
		if p.component != component {
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
		before, after := a.held(component, e.parts.reference), a.held(component, e.parts.hard)
		longer := slices.IndexFunc(list, func(g grown) bool { return !a.partition.parts[g.at].wait })
		switch {
		case before == 0 && after == 0:
		case longer >= 0 && after >= (1+holdGrowth)*before && list[longer].excess >= holdExcess*all:
			evidence = append(evidence, fmt.Sprintf("%s was waited for longer because each request held it longer: %s instead of %s", component, shortMS(after), shortMS(before)))
			blamed = list[longer]
		default:
			evidence = append(evidence, fmt.Sprintf("each request held %s for about as long as before (%s, before %s), so it is the number of servers that is short", component, shortMS(after), shortMS(before)))
		}
	}
	name := a.partition.parts[blamed.at].name
	if name == partWrite {
		var text string
		name, text = a.writes(e, blamed.at, all)
		evidence = append(evidence, text)
	}
	found, known := causes(name)
	switch {
	case !known && a.partition.parts[blamed.at].wait:
		found = cause{name: "waiting (" + name + ")", remedy: "Allow more of " + component + " at once, or hold it for less time."}
	case !known:
		found = cause{name: name}
	case name == "db-read" && strings.Contains(a.worstEndpoint(e, blamed.at).Name, "list"):
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
func (a *attributor) busy(component string) (bool, string) {
	capacity, source := a.capacity(component)
	if capacity <= 0 {
		return false, ""
	}
	busy, windows, mean := 0, 0, 0.0
	for _, b := range a.load.hard.segments[0].blocks {
		held := 0.0
		for i := range b.cells {
			held += a.held(component, b.cells[i].parts)
		}
		servers := held / 1000 / b.seconds
		windows++
		mean += servers
		if servers >= busyShare*capacity {
			busy++
		}
	}
	inUse, of, gauge := a.gaugeBusy(component, capacity)
	switch {
	case windows > 0 && float64(busy) >= busyWindows*float64(windows) && busy > 0:
		return true, fmt.Sprintf("at least %s of %s servers of %s were busy on average at %s, by Little's law; at least %s of them in %d of %d windows (capacity: %s)", digits(mean/float64(windows), 3), number(capacity), component, a.levelText(a.high), percent(busyShare), busy, windows, source)
	case of > 0 && float64(inUse) >= busyWindows*float64(of) && inUse > 0:
		return true, fmt.Sprintf("at least %s of the %s servers of %s were in use in %d of %d windows at %s, as %s counts them", percent(busyShare), number(capacity), component, inUse, of, a.levelText(a.high), gauge)
	}
	return false, ""
}

// held is the time for which requests held servers of a component: its parts
// that are no waiting; of a line, all that follows it: in the server for the queue
// in front of it, anywhere for the load generator's connections.
func (a *attributor) held(component string, parts []float64) float64 {
	ms := 0.0
	for j, p := range a.partition.parts {
		switch {
		case p.component == component && p.wait:
		case p.component == component, component == report.CompClient:
			ms += parts[j]
		case component == report.CompQueue && !slices.Contains([]string{report.CompClient, report.CompNetwork}, p.component) && j != partUntimed && j != partAccept:
			ms += parts[j]
		}
	}
	return ms
}

// capacityGauges are the engine's own gauges of how many servers a component
// has, and how many of them are in use.
func capacityGauges(component string) (size, inUse string) {
	switch component {
	case report.CompDatabase:
		return "engine_db_pool_size", "engine_db_pool_in_use"
	case report.CompQueue:
		return "engine_executions_limit", "engine_executions_running"
	}
	return "", ""
}

// capacity is the number of servers of a component: as the configuration file
// says, else as the engine's gauge does, else as the preset does; 0 if unknown.
func (a *attributor) capacity(component string) (float64, string) {
	configured, ok := a.config.Capacity(component)
	if ok && !strings.HasPrefix(configured.Source, "preset ") {
		return float64(configured.Servers), configured.Source
	}
	if gauge, _ := capacityGauges(component); gauge != "" {
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
func (a *attributor) gaugeBusy(component string, capacity float64) (busy, windows int, gauge string) {
	_, gauge = capacityGauges(component)
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
	name := config.Components()[i]
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
