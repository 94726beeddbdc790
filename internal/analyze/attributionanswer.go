package analyze

import (
	"fmt"

	"k6report/internal/report"
)

// conclude puts the questions together and names a bottleneck, or says why not.
func (a *attributor) conclude(out *report.Report) *report.Attribution {
	made := &report.Attribution{Join: a.join, Coverage: report.Num(a.sizes.coverage())}
	tail, load, regression := a.excessOf(&a.tail), a.excessOf(&a.load), a.excessOf(&a.regression)
	explained, verdict := a.toExplain(regression)
	if explained != nil {
		regression = explained
	}
	for _, e := range []*excess{tail, load, regression} {
		if e != nil {
			made.Excess = append(made.Excess, e.shown)
		}
	}
	made.Components = a.components(regression)
	made.DominantCost = dominant(made.Components)
	if regression != nil {
		made.Mix = report.Num(regression.parts.mix)
	}
	switch {
	case explained != nil:
		a.name(made, explained, verdict, out)
	case load != nil && a.grew(load):
		a.name(made, load, "", out)
	default:
		a.nothing(made, load, regression, out)
	}
	return made
}

// enoughGrowth is by how much time must grow with the load to ask why.
const enoughGrowth = 0.10

// grew reports whether time grew enough for certain: where it may have grown less,
// nobody can tell whether there is anything to ask.
func (a *attributor) grew(e *excess) bool {
	return e.certain.low >= enoughGrowth*total(e.parts.reference) || a.surelyFew(e) && a.seemsToGrow(e)
}

// seemsToGrow reports whether time grew enough, for certain or not.
func (a *attributor) seemsToGrow(e *excess) bool {
	return e.parts.change() >= enoughGrowth*total(e.parts.reference)
}

// surelyFew reports whether a question rests on too little for its interval to
// mean anything.
func (a *attributor) surelyFew(e *excess) bool {
	hard, reference := e.hardSize, e.referenceSize
	return !enough(hard.requests, hard.blocks) || !enough(reference.requests, reference.blocks)
}

// doubt is why nothing is named: a code for programs, a reason for people. The
// zero value is none.
type doubt struct{ code, reason string }

func doubted(code, format string, args ...any) doubt {
	return doubt{code, fmt.Sprintf(format, args...)}
}

// inconclusive says that nothing can be named.
func inconclusive(made *report.Attribution, d doubt) {
	made.Status, made.ReasonCode, made.Reason = report.AttrInconclusive, d.code, d.reason
}

// nothing says why no bottleneck is looked for: none where time did not grow, and
// inconclusive where it may have, or where something is wrong that time doesn't
// tell of.
func (a *attributor) nothing(made *report.Attribution, load, regression *excess, out *report.Report) {
	targets, worse := a.tally(&out.Run), a.against.worse()
	direct := regression != nil && a.against.direct
	none := func(format string, args ...any) {
		made.Status, made.Reason = report.AttrNone, fmt.Sprintf(format, args...)
	}
	switch {
	case direct || len(worse) > 0 || regression != nil && load == nil:
		made.Question = report.QuestionRegression
	case load != nil:
		made.Question = report.QuestionLoad
		made.Evidence = append(made.Evidence, a.grewText(load))
	}
	switch {
	case len(worse) > 0:
		inconclusive(made, doubted(report.ReasonNotTime, "worse than the baseline: %s; only the time of whole requests can be explained by its parts", joinWords(worse)))
	case direct && a.seemsToGrow(regression):
		inconclusive(made, mayBeNone(regression))
	case a.collapsed != "" && load == nil:
		inconclusive(made, doubted(report.ReasonCollapse, "%s, and below that there are no two levels of load: nothing tells what gave way", a.collapsed))
	case a.collapsed != "":
		inconclusive(made, doubted(report.ReasonCollapse, "%s, and below that time per request did not grow by %s for certain: nothing tells what gave way", a.collapsed, percent(enoughGrowth)))
	case load != nil && a.seemsToGrow(load):
		inconclusive(made, doubted(report.ReasonUncertain, "time per request went from %s at %s to %s at %s, but it did not grow by %s for certain (95 %% interval %s to %s)", shortMS(total(load.parts.reference)), a.levelText(a.low), shortMS(total(load.parts.hard)), a.levelText(a.high), percent(enoughGrowth), signedMS(load.certain.low), signedMS(load.certain.high)))
	case len(targets.failed) > 0:
		inconclusive(made, doubted(report.ReasonTargets, "%s failed, and %s; the largest cost is %s", targets.failed[0].text, notNew(load, regression), costText(made)))
	case direct:
		none("%s", mayBeNone(regression).reason)
	case load != nil:
		none("time per request stayed at %s from %s to %s: it did not grow by %s", between(total(load.parts.reference), total(load.parts.hard)), a.levelText(a.low), a.levelText(a.high), percent(enoughGrowth))
	case regression != nil:
		none("no gate is worse than the baseline")
	case targets.anyMet():
		none("all targets met; to see what would limit it, use several levels of load or a baseline")
	default:
		inconclusive(made, doubted(report.ReasonNoReference, "there is one level of load, no baseline and no target: nothing to hold the time against"))
	}
}

// notNew says what a failed target was held against, without being explained.
func notNew(load, regression *excess) string {
	switch {
	case regression != nil:
		return "no gate is worse than the baseline, so that is nothing new"
	case load != nil:
		return "time per request did not grow with the load: a baseline would tell whether that is new"
	}
	return "with one level of load and no baseline nothing tells what grew"
}

// mayBeNone doubts that there is a change.
func mayBeNone(e *excess) doubt {
	return doubted(report.ReasonUncertain, "the change in time per request%s, %s, may be none (95 %% interval %s to %s)", e.where, signedMS(e.parts.change()), signedMS(e.certain.low), signedMS(e.certain.high))
}

func costText(made *report.Attribution) string {
	for _, c := range made.Components {
		if c.Name == made.DominantCost {
			return fmt.Sprintf("%s, %s of the time", c.Name, percent(c.Share))
		}
	}
	return "unknown"
}

// dominant is the component with the largest share; "" where there is none.
func dominant(list []report.Component) string {
	name, most := "", 0.0
	for _, c := range list {
		if c.Share > most {
			name, most = c.Name, c.Share
		}
	}
	return name
}
