package analyze

import (
	"fmt"

	"k6report/internal/report"
)

// conclude puts the questions together and names a bottleneck, or says why not.
func (a *attributor) conclude(out *report.Report) *report.Attribution {
	made := &report.Attribution{Join: a.join, Coverage: report.Num(a.sizes.coverage())}
	load, regression := a.excessOf(&a.load), a.excessOf(&a.regression)
	tail := a.excessOf(&a.tail)
	for _, e := range []*excess{tail, load, regression} {
		if e != nil {
			made.Excess = append(made.Excess, e.shown)
		}
	}
	made.Components = a.components()
	made.DominantCost = dominant(made.Components)
	if a.regression.asked {
		made.Mix = report.Num(a.regression.parts.mix)
	}
	switch {
	case regression != nil && a.regressionAsked(regression):
		a.name(made, regression, out)
	case load != nil && a.grew(load):
		a.name(made, load, out)
	default:
		a.nothing(made, load, regression, out)
	}
	return made
}

// enoughGrowth is by how much time must grow with the load to ask why.
const enoughGrowth = 0.10

// grew reports whether time grew with the load for certain: where it may have
// grown less, the system follows the load as far as anybody can tell.
func (a *attributor) grew(e *excess) bool {
	return e.certain.low >= enoughGrowth*total(e.parts.reference) || a.surelyFew(e) && e.parts.change() >= enoughGrowth*total(e.parts.reference)
}

// surelyFew reports whether a question rests on too little for its interval to
// mean anything.
func (a *attributor) surelyFew(e *excess) bool {
	hard, reference := e.hard.size(), e.reference.size()
	return !enough(hard.requests, hard.blocks) || !enough(reference.requests, reference.blocks)
}

// regressionAsked reports whether there is a difference to explain.
func (a *attributor) regressionAsked(e *excess) bool {
	return a.against.confirmed || a.against.suspected || a.against.direct && (e.certain.low > 0 || e.certain.high < 0)
}

// nothing says why no bottleneck is looked for.
func (a *attributor) nothing(made *report.Attribution, load, regression *excess, out *report.Report) {
	made.Status = report.AttrNone
	failed := a.tally(&out.Run).failed
	if load != nil {
		made.Question = report.QuestionLoad
	}
	switch {
	case regression != nil && a.against.direct:
		made.Question = report.QuestionRegression
		made.Reason = fmt.Sprintf("the change in time per request, %s, may be none (95 %% interval %s to %s)", signedMS(a.regression.parts.change()), signedMS(regression.certain.low), signedMS(regression.certain.high))
	case load != nil && len(failed) > 0:
		made.Status = report.AttrInconclusive
		made.Reason = fmt.Sprintf("%s failed, yet time per request did not grow with the load: the largest cost is %s; a baseline would tell whether that is new", failed[0].text, costText(made))
	case load != nil:
		made.Reason = fmt.Sprintf("time per request stayed at %s from %s to %s: it did not grow by %s for certain", between(total(a.load.parts.reference), total(a.load.parts.hard)), a.levelText(a.low), a.levelText(a.high), percent(enoughGrowth))
	case regression != nil && len(failed) == 0:
		made.Question = report.QuestionRegression
		made.Reason = "no gate is worse than the baseline"
	case len(failed) > 0:
		made.Status = report.AttrInconclusive
		made.Reason = fmt.Sprintf("%s failed; with one level of load and no baseline nothing tells what grew: the largest cost is %s", failed[0].text, costText(made))
	case a.tally(&out.Run).anyMet():
		made.Reason = "all targets met; to see what would limit it, use several levels of load or a baseline"
	default:
		made.Status = report.AttrInconclusive
		made.Reason = "there is one level of load, no baseline and no target: nothing to hold the time against"
	}
	if load != nil && made.Status == report.AttrNone {
		made.Evidence = append(made.Evidence, a.grewText(load))
	}
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
