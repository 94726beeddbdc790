package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/component"
	"k6report/internal/report"
)

// excess is an answered question with what may be concluded from it.
type excess struct {
	*question
	shown report.Excess
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
	e.shown.Coverage = report.Num(q.hardSize.coverage())
	switch q.name {
	case report.QuestionLoad:
		e.shown.Reference, e.shown.Hard = a.levelText(a.low), a.levelText(a.high)
	case report.QuestionRegression:
		e.shown.Reference, e.shown.Hard = "baseline", "this run"+q.where
	default:
		e.shown.Reference, e.shown.Hard = "p40 to p60", "slowest 5 %"
	}
	for i, share := range q.components.shares() {
		if q.components.hard[i] != 0 || q.components.reference[i] != 0 {
			e.shown.Shares = append(e.shown.Shares, report.Value{Name: components[i].Name, Value: share})
		}
	}
	for i, p := range a.partition.parts {
		if q.parts.hard[i] != 0 || q.parts.reference[i] != 0 {
			e.shown.Parts = append(e.shown.Parts, report.Value{Name: p.name, Value: q.parts.hard[i] - q.parts.reference[i]})
		}
	}
	if q.name != report.QuestionTail {
		q.bootstrap(a.partition)
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
// naming one. The verdict is that on the gates which put the question, "" for none.
func (a *attributor) name(made *report.Attribution, e *excess, verdict string, out *report.Report) {
	made.Question = e.name
	if e.certain.high < 0 {
		a.fell(made, e, verdict)
		return
	}
	if e.components.shares() == nil { // to the last digit: one run against itself
		inconclusive(made, doubted(report.ReasonUncertain, "the change in time per request may be none: both sides have the same mean"))
		return
	}
	left, lines := a.behindLines(e)
	shares := left.components.shares()
	first, second := ranking(&left.components)
	named := []int{first}
	confidence := left.certain.first
	if second >= 0 && shares[second] > pairShare && shares[first]-shares[second] < closeShares {
		named, confidence = append(named, second), left.certain.pair
	}
	made.Confidence = report.Num(confidence)
	made.Evidence = append(append(made.Evidence, a.grewText(e)), lines...)
	for _, i := range named {
		made.Evidence = append(made.Evidence, a.componentText(e, i))
	}
	made.Evidence = append(made.Evidence, a.endpointTexts(e, first)...)
	if e.name == report.QuestionLoad && a.collapsed != "" {
		made.Evidence = append(made.Evidence, a.collapsed+": that load is left out of the comparison")
	}
	if d := a.doubt(left, named, confidence, out); d.code != "" {
		inconclusive(made, d)
		if d.code == report.ReasonHostWide {
			made.Evidence = append(made.Evidence, a.processorTexts(e)...)
		}
		return
	}
	made.Status = report.AttrLikely
	for _, i := range named {
		detail := a.detail(left, components[i].Name)
		made.Bottlenecks = append(made.Bottlenecks, report.Bottleneck{Component: components[i].Name, Detail: detail.name, Remedy: detail.remedy})
		made.Evidence = append(made.Evidence, detail.evidence...)
	}
	if e.name == report.QuestionRegression {
		if verdict == report.GateRegressed {
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
func (a *attributor) fell(made *report.Attribution, e *excess, verdict string) {
	first, _ := ranking(&e.components)
	made.Status = report.AttrNone
	made.Confidence = report.Num(e.certain.first)
	made.Reason = "time per request fell, most of it in " + components[first].Name
	if verdict != "" {
		inconclusive(made, doubted(report.ReasonNotTime, "a gate is worse than the baseline, yet time per request%s fell: no part of the time explains it", e.where))
	}
	if d := a.dataDoubt(e); d.code != "" {
		inconclusive(made, d)
	}
	made.Evidence = append(made.Evidence, a.grewText(e), a.componentText(e, first))
}

// doubt is the first reason not to name what ranks first. Reasons that lie in the
// data come before those that lie in the answer.
func (a *attributor) doubt(e *excess, named []int, confidence float64, out *report.Report) doubt {
	if d := a.dataDoubt(e); d.code != "" {
		return d
	}
	if busy := slices.ContainsFunc(out.Notes, isBusy) || slices.ContainsFunc(a.notes, isBusy); busy {
		return doubted(report.ReasonGenerator, "the load generator was near its own limit: some of the time may be its own")
	}
	if e.certain.holdZero() {
		return mayBeNone(e)
	}
	if machine := a.hostWide(e); machine != "" {
		return doubt{report.ReasonHostWide, machine}
	}
	shares := e.components.shares()
	if other := shares[componentRank(component.Other)]; other >= mostOther {
		return doubted(report.ReasonUnattributed, "%s of the excess is in no component: unattributed time dominates; time more of the server's work, or its runtime (locks, garbage collection), with Server-Timing", percent(other))
	}
	name := components[named[0]].Name
	if len(named) == 1 && shares[named[0]] < leastShare {
		return doubted(report.ReasonSpread, "%s has the largest part of the excess, but only %s: from %s on one would be named", name, percent(max(0, shares[named[0]])), percent(leastShare))
	}
	if confidence < trust {
		return doubted(report.ReasonConfidence, "%s ranks first in %s of %d bootstrap replicates, less than the %s that it takes to name it", name, percent(confidence), attributionDraws, percent(trust))
	}
	return doubt{}
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
func (a *attributor) dataDoubt(e *excess) doubt {
	hard, reference := e.hardSize, e.referenceSize
	for _, side := range []struct {
		size
		name string
	}{{hard, e.shown.Hard}, {reference, e.shown.Reference}} {
		if side.ms > 0 && side.overlong > mostOverlong*side.ms {
			return doubted(report.ReasonServerTimes, "the server's times exceed what clients waited by %s in all (%s): they are not exclusive times of the critical path, or not of these requests", percent(side.overlong/side.ms), side.name)
		}
		if text := tooFew(int(side.requests), side.blocks, side.name); text != "" {
			return doubt{report.ReasonFewData, text}
		}
	}
	if e.parts.shared < leastShared {
		return doubted(report.ReasonCoverage, "only %s of the requests are to endpoints that both sides have: like isn't held against like", percent(e.parts.shared))
	}
	if c := hard.coverage(); c < leastCoverage {
		return doubted(report.ReasonCoverage, "the server's times are known of %s of the requests (%s), at least %s are needed", percent(c), e.shown.Hard, percent(leastCoverage))
	}
	if h, r := hard.coverage(), reference.coverage(); math.Abs(h-r) > coverageDiffers {
		return doubted(report.ReasonCoverage, "the server's times are known of %s of the requests on one side (%s) and of %s on the other (%s): like isn't held against like", percent(h), e.shown.Hard, percent(r), e.shown.Reference)
	}
	return a.unitDoubt(e)
}

// unitDoubt says that the server tells of next to none of the time: rather than
// lost on its way, it is told in another unit.
func (a *attributor) unitDoubt(e *excess) doubt {
	inServer := a.partition.inServer()
	for _, side := range [][]float64{e.parts.hard, e.parts.reference} {
		server := 0.0
		for i, ms := range side {
			if i == partUntimed || inServer[i] {
				server += ms
			}
		}
		// Websockets wait for no server that would tell.
		if http := total(side) - side[partAccept]; server < leastServer*http {
			return doubted(report.ReasonServerTimes, "the server tells of %s of the %s that a request takes: its times are to be in milliseconds", percent(server/http), shortMS(http))
		}
	}
	return doubt{}
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
		name := components[i].Name
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
func (a *attributor) stalled(of int) string {
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
	before, after := q.components.reference[of], q.components.hard[of]
	if after < (1+flatGrowth)*before {
		return ""
	}
	return fmt.Sprintf("from %s to %s the time in %s went from %s to %s while throughput changed by %s", a.levelText(next), a.levelText(a.high), components[of].Name, shortMS(before), shortMS(after), signedPercent(top.perS/below.perS-1))
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
		return report.Digits(ms/1000, 3) + " s"
	}
	if math.Abs(ms) < 0.0005 {
		return "0 ms"
	}
	return report.Digits(ms, 3) + " ms"
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
