package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/report"
)

// excess is an answered question with what may be concluded from it.
type excess struct {
	*question
	certain certainty
	shown   report.Excess
}

// excessOf is nil where a question has no answer.
func (a *attributor) excessOf(q *question) *excess {
	if !q.asked {
		return nil
	}
	e := &excess{question: q}
	e.shown = report.Excess{
		Question:    q.name,
		ReferenceMS: total(q.parts.reference), HardMS: total(q.parts.hard), ChangeMS: q.parts.change(),
		Shares: report.Values{}, Parts: report.Values{},
	}
	size := q.hard.size()
	e.shown.Coverage = report.Num(size.coverage())
	switch q.name {
	case report.QuestionLoad:
		e.shown.Reference, e.shown.Hard = a.levelText(a.low), a.levelText(a.high)
	case report.QuestionRegression:
		e.shown.Reference, e.shown.Hard = "baseline", "this run"
	default:
		e.shown.Reference, e.shown.Hard = "p40 to p60", "slowest 5 %"
	}
	for i, share := range q.components.shares() {
		if q.components.hard[i] != 0 || q.components.reference[i] != 0 {
			e.shown.Shares = append(e.shown.Shares, report.Value{Name: config.Components()[i], Value: share})
		}
	}
	for i, p := range a.partition.parts {
		if q.parts.hard[i] != 0 || q.parts.reference[i] != 0 {
			e.shown.Parts = append(e.shown.Parts, report.Value{Name: p.name, Value: q.parts.hard[i] - q.parts.reference[i]})
		}
	}
	if q.name != report.QuestionTail {
		e.certain = q.bootstrap(a.partition)
		e.shown.Interval = &report.Interval{Low: report.Num(e.certain.low), High: report.Num(e.certain.high)}
		e.shown.Confidence = report.Num(e.certain.first)
	}
	return e
}

// What a named component must have, as shares.
const (
	leastShare      = 0.40 // of the excess
	closeShares     = 0.10 // two that are nearer than this
	pairShare       = 0.30 // and both over this are both named
	mostOther       = 0.25 // of the excess in no component
	leastCoverage   = 0.90 // of the requests
	coverageDiffers = 0.05
	mostOverlong    = 0.02  // of all time
	leastServer     = 0.002 // of all time that the server tells of: less looks like another unit
	leastShared     = 0.50  // of the requests, to endpoints that both sides have
)

// name names the bottleneck that a question shows, or says what speaks against
// naming one.
func (a *attributor) name(made *report.Attribution, e *excess, out *report.Report) {
	made.Question = e.name
	shares := e.components.shares()
	if e.certain.high < 0 {
		a.fell(made, e)
		return
	}
	if shares == nil { // to the last digit: one run against itself
		made.Status, made.Reason = report.AttrInconclusive, "the change in time per request may be none: both sides have the same mean"
		return
	}
	first, second := ranking(&e.components)
	named := []int{first}
	confidence := e.certain.first
	if second >= 0 && shares[second] > pairShare && shares[first]-shares[second] < closeShares {
		named, confidence = append(named, second), e.certain.pair
	}
	made.Confidence = report.Num(confidence)
	made.Evidence = append(made.Evidence, a.grewText(e))
	for _, i := range named {
		made.Evidence = append(made.Evidence, a.componentText(e, i))
	}
	made.Evidence = append(made.Evidence, a.endpointTexts(e, first)...)
	if reason := a.doubt(e, named, shares, confidence, out); reason != "" {
		made.Status, made.Reason = report.AttrInconclusive, reason
		return
	}
	made.Status = report.AttrLikely
	for _, i := range named {
		detail := a.detail(e, config.Components()[i])
		made.Bottlenecks = append(made.Bottlenecks, report.Bottleneck{Component: config.Components()[i], Detail: detail.name, Remedy: detail.remedy})
		made.Evidence = append(made.Evidence, detail.evidence...)
	}
	if e.name == report.QuestionRegression {
		if a.against.confirmed {
			made.Status = report.AttrConfirmed
		}
		if a.against.direct && (e.hard.runs < 2 || e.reference.runs < 2) {
			a.note("one_run_a_side", report.Info, "the difference is held against the noise within runs only, as a side has one run: runs differ by more than that, so it may be noise between runs", "")
		}
		return
	}
	confirmed, evidence := a.confirmedByLoad(e, named)
	made.Evidence = append(made.Evidence, evidence...)
	if confirmed {
		made.Status = report.AttrConfirmed
	}
}

// fell says that time per request fell: then nothing is to blame for it. What
// fell most is said.
func (a *attributor) fell(made *report.Attribution, e *excess) {
	first, _ := ranking(&e.components)
	made.Status = report.AttrNone
	made.Confidence = report.Num(e.certain.first)
	made.Reason = "time per request fell, most of it in " + config.Components()[first]
	if a.against.confirmed || a.against.suspected { // of a gate that no mean shows
		made.Status = report.AttrInconclusive
		made.Reason = "a gate is worse than the baseline, yet time per request fell: no part of the time explains it"
	}
	if reason := a.dataDoubt(e, e.hard.size(), e.reference.size()); reason != "" {
		made.Status, made.Reason = report.AttrInconclusive, reason
	}
	made.Evidence = append(made.Evidence, a.grewText(e), a.componentText(e, first))
}

// doubt is the first reason not to name what ranks first; "" for none. Reasons
// that lie in the data come before those that lie in the answer.
func (a *attributor) doubt(e *excess, named []int, shares []float64, confidence float64, out *report.Report) string {
	hard, reference := e.hard.size(), e.reference.size()
	if reason := a.dataDoubt(e, hard, reference); reason != "" {
		return reason
	}
	if busy := slices.ContainsFunc(out.Notes, isBusy) || slices.ContainsFunc(a.notes, isBusy); busy {
		return "the load generator was near its own limit: some of the time may be its own"
	}
	if e.certain.low <= 0 && e.certain.high >= 0 {
		return fmt.Sprintf("the change in time per request, %s, may be none (95 %% interval %s to %s)", signedMS(e.parts.change()), signedMS(e.certain.low), signedMS(e.certain.high))
	}
	if machine := a.hostWide(e); machine != "" {
		return machine
	}
	if other := shares[componentRank(report.CompOther)]; other >= mostOther {
		return fmt.Sprintf("%s of the excess is in no component: unattributed time dominates; time more of the server's work, or its runtime (locks, garbage collection), with Server-Timing", percent(other))
	}
	name := config.Components()[named[0]]
	if len(named) == 1 && shares[named[0]] < leastShare {
		return fmt.Sprintf("%s has the largest part of the excess, but only %s: from %s on one would be named", name, percent(max(0, shares[named[0]])), percent(leastShare))
	}
	if confidence < trust {
		return fmt.Sprintf("%s ranks first in %s of %d bootstrap replicates, less than the %s that it takes to name it", name, percent(confidence), attributionDraws, percent(trust))
	}
	return ""
}

func isBusy(n report.Note) bool { return n.Code == "generator_busy" }

// tooFew says of what a side has not enough; "" when it has of all.
func tooFew(requests, blocks int, side string) string {
	r, b := plural(requests, "request", "requests"), plural(blocks, "block", "blocks")+" of time"
	switch {
	case requests < minLevelRequests && blocks < minLevelBlocks:
		return fmt.Sprintf("%s and %s (%s) are too few: at least %d and %d are needed", r, b, side, minLevelRequests, minLevelBlocks)
	case requests < minLevelRequests:
		return fmt.Sprintf("%s (%s) are too few: at least %d are needed", r, side, minLevelRequests)
	case blocks < minLevelBlocks:
		return fmt.Sprintf("%s (%s) are too few: at least %d are needed", b, side, minLevelBlocks)
	}
	return ""
}

// dataDoubt is why the data carry no answer.
func (a *attributor) dataDoubt(e *excess, hard, reference size) string {
	for _, side := range []struct {
		size
		name string
	}{{hard, e.shown.Hard}, {reference, e.shown.Reference}} {
		if side.ms > 0 && side.overlong > mostOverlong*side.ms {
			return fmt.Sprintf("the server's times exceed what clients waited by %s in all (%s): they are not exclusive times of the critical path, or not of these requests", percent(side.overlong/side.ms), side.name)
		}
		if text := tooFew(int(side.requests), side.blocks, side.name); text != "" {
			return text
		}
	}
	if e.parts.shared < leastShared {
		return fmt.Sprintf("only %s of the requests are to endpoints that both sides have: like isn't held against like", percent(e.parts.shared))
	}
	if c := hard.coverage(); c < leastCoverage {
		return fmt.Sprintf("the server's times are known of %s of the requests (%s), at least %s are needed", percent(c), e.shown.Hard, percent(leastCoverage))
	}
	if h, r := hard.coverage(), reference.coverage(); math.Abs(h-r) > coverageDiffers {
		return fmt.Sprintf("the server's times are known of %s of the requests on one side (%s) and of %s on the other (%s): like isn't held against like", percent(h), e.shown.Hard, percent(r), e.shown.Reference)
	}
	return a.unitDoubt(e)
}

// unitDoubt says that the server tells of next to none of the time: rather than
// lost on its way, it is told in another unit.
func (a *attributor) unitDoubt(e *excess) string {
	for _, side := range [][]float64{e.parts.hard, e.parts.reference} {
		server := 0.0
		for i, p := range a.partition.parts {
			if p.component != report.CompClient && p.component != report.CompNetwork && i != partAccept {
				server += side[i]
			}
		}
		// Websockets wait for no server that would tell.
		if http := total(side) - side[partAccept]; server < leastServer*http {
			return fmt.Sprintf("the server tells of %s of the %s that a request takes: its times are to be in milliseconds", percent(server/http), shortMS(http))
		}
	}
	return ""
}

// What makes growth the machine's and not a component's.
const (
	restComponent = 0.01    // of the reference's time, for a component to be looked at
	restLeast     = 0.05    // of the reference's time, that all of the rest has at least
	restGrowth    = 0.10    // of the rest's time: less is noise
	restFollows   = 1.0 / 3 // of the whole's growth, both in proportion
)

// hostWide says that all of the system was slower, "" where it was not. A slow
// component leaves what has nothing to do with it as it was; a slow machine
// slows that as well. It isn't slower by one factor: time that is spent waiting
// to be woken, many times, suffers more than computing does (seen, of a process
// stopped for 6 of every 9 ms: components from 2.2 to 5.1 times, parts from 1.5
// to 6.8). So what is looked at is the rest, all components but the two that
// rank first: one fault makes one of them grow, two faults two, and the rest
// stays (seen: under a tenth of the whole's growth, in proportion). Where the
// rest follows, it is the machine; unless what ranks first grew so much more than
// the rest that what is left without that would still be named.
func (a *attributor) hostWide(e *excess) string {
	all, change := total(e.components.reference), e.components.change()
	if change <= 0 || all <= 0 {
		return ""
	}
	first, second := ranking(&e.components)
	least := max(restGrowth, restFollows*change/all)
	before, after := 0.0, 0.0
	var slower []string
	for i, ms := range e.components.reference {
		if i == first || i == second || ms < restComponent*all {
			continue
		}
		before += ms
		after += e.components.hard[i]
		if e.components.hard[i] >= (1+least)*ms {
			slower = append(slower, config.Components()[i]+" "+signedPercent(e.components.hard[i]/ms-1))
		}
	}
	if len(slower) == 0 || before < restLeast*all || after < (1+least)*before {
		return ""
	}
	if surplus := e.components.hard[first] - after/before*e.components.reference[first]; surplus >= leastShare*change {
		return ""
	}
	names := []string{config.Components()[first], config.Components()[second]}
	return fmt.Sprintf("without %s, too, the rest of the time changed by %s (%s), all of it by %s: the machine itself was slower (processor, garbage collection, throttling), not one component", joinWords(names), signedPercent(after/before-1), strings.Join(slower, ", "), signedPercent(change/all))
}

// busyShare is from when on servers count as all busy, busyWindows the share of
// windows in which they have to be.
const (
	busyShare    = 0.90
	busyWindows  = 0.05
	flatGrowth   = 0.20 // of the component's time
	flatRise     = 0.05 // of throughput
	waitOfExcess = 0.30
)

// confirmedByLoad looks for one more sign that a component is what limits: its
// servers are busy, its time grows while throughput doesn't, or it is waited for.
func (a *attributor) confirmedByLoad(e *excess, named []int) (bool, []string) {
	confirmed := false
	var evidence []string
	for _, i := range named {
		name := config.Components()[i]
		if busy, text := a.busy(name); busy {
			confirmed = true
			evidence = append(evidence, text)
		}
		if text := a.stalled(i); text != "" {
			confirmed = true
			evidence = append(evidence, text)
		}
		wait := 0.0
		for j, p := range a.partition.parts {
			if p.component == name && p.wait {
				wait += e.parts.hard[j] - e.parts.reference[j]
			}
		}
		if grown := e.components.hard[i] - e.components.reference[i]; grown > 0 && wait > waitOfExcess*grown {
			confirmed = true
			evidence = append(evidence, fmt.Sprintf("%s of what %s took longer was waiting for it", percent(min(1, wait/grown)), name))
		}
	}
	return confirmed, evidence
}

// stalled says that a component's time grew while throughput hardly did, from
// the second highest level to the highest.
func (a *attributor) stalled(component int) string {
	levels := a.this.levels
	next := a.high - 1
	for next >= 0 && levels[next].sameLoad(&levels[a.high]) {
		next--
	}
	if next < 0 {
		return ""
	}
	top, below := &levels[a.high], &levels[next]
	if !(below.perS > 0) || top.perS > (1+flatRise)*below.perS {
		return ""
	}
	q := question{cells: &cellIndex{}}
	q.hard = sample{runs: 1, segments: []segment{a.this.reader.segment(q.cells, 0, top.grid, nil)}}
	q.reference = sample{runs: 1, segments: []segment{a.this.reader.segment(q.cells, 0, below.grid, nil)}}
	if q.answer(a.partition); !q.asked {
		return ""
	}
	before, after := q.components.reference[component], q.components.hard[component]
	if after < (1+flatGrowth)*before {
		return ""
	}
	return fmt.Sprintf("from %s to %s the time in %s went from %s to %s while throughput changed by %s", a.levelText(next), a.levelText(a.high), config.Components()[component], shortMS(before), shortMS(after), signedPercent(top.perS/below.perS-1))
}

func signedPercent(share float64) string {
	if share < 0 {
		return "-" + percent(-share)
	}
	return "+" + percent(share)
}

// shortMS is a time for a sentence.
func shortMS(ms float64) string {
	if math.Abs(ms) >= 10_000 {
		return digits(ms/1000, 3) + " s"
	}
	if math.Abs(ms) < 0.0005 {
		return "0 ms"
	}
	return digits(ms, 3) + " ms"
}

func signedMS(ms float64) string {
	text := shortMS(ms)
	if !strings.HasPrefix(text, "-") {
		text = "+" + text
	}
	return text
}

func between(a, b float64) string {
	if x, y := shortMS(a), shortMS(b); x != y {
		return x + " to " + y
	}
	return shortMS(a)
}
