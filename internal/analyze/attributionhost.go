package analyze

import (
	"fmt"
	"strings"

	"k6report/internal/report"
	"k6report/internal/run"
)

// What makes growth the machine's and not a component's.
const (
	restComponent = 0.01    // of the reference's time, for a component to be looked at
	restLeast     = 0.05    // of the reference's time, that all of the rest has at least
	restGrowth    = 0.10    // of the rest's time: less is noise
	restFollows   = 1.0 / 3 // of the whole's growth, both in proportion
)

// hostWide says that work of all kinds took longer, "" where it did not. A slow
// component leaves the work of others as it was; a machine that has less to give
// slows that as well, and so does a component that takes its processors. Work isn't
// slowed by one factor: what is woken many times suffers more than computing does
// (seen, of a process stopped for 6 of every 9 ms: components from 2.2 to 5.1 times,
// parts from 1.5 to 6.8). So what is looked at is the rest, all components but the
// two whose work grew most: one fault makes one of them grow, two faults two, and
// the rest stays (seen: under a tenth of the whole's growth, in proportion). It is
// all of them where most components of the rest follow, and the rest as a whole;
// unless what ranks first grew so much more than the rest that what is left without
// that would still be named.
//
// Waiting is no work, and grows by itself where a pool is short. What ranks first
// has its waiting counted where its work took as long as before; else the waiting
// follows from that.
func (a *attributor) hostWide(e *excess) string {
	work, whole := a.working(e), e.components
	first, _ := ranking(&e.components)
	follows := work.reference[first] > 0 && work.hard[first] >= (1+holdGrowth)*work.reference[first]
	if follows {
		whole = work
	}
	all, change := total(whole.reference), whole.change()
	if change <= 0 || all <= 0 {
		return ""
	}
	least := max(restGrowth, restFollows*change/all)
	one, two := ranking(&work)
	looked, before, after := 0, 0.0, 0.0
	var slower []string
	for i, ms := range work.reference {
		if i == one || i == two || ms < restComponent*all {
			continue
		}
		looked++
		before += ms
		after += work.hard[i]
		if work.hard[i] >= (1+least)*ms {
			slower = append(slower, components[i].Name+" "+signedPercent(work.hard[i]/ms-1))
		}
	}
	if 2*len(slower) <= looked || before < restLeast*all || after < (1+least)*before {
		return ""
	}
	if surplus := whole.hard[first] - after/before*whole.reference[first]; surplus >= leastShare*change {
		return ""
	}
	text := fmt.Sprintf("not only %s and %s took longer: %s (waiting left out)", components[one].Name, components[two].Name, strings.Join(slower, ", "))
	if e.name == report.QuestionLoad {
		text += "; they share processors, and more load, or one of them, takes what the others need"
	} else {
		text += "; either the machine had less to give, or one of them takes its processors"
	}
	if waits := 1 - work.change()/e.components.change(); follows && waits >= waitOfExcess {
		text += fmt.Sprintf("; %s of the growth is waiting, which follows from that", percent(waits))
	}
	return text
}

// working is the contrast of a question by component, without waiting.
func (a *attributor) working(e *excess) contrast {
	work := func(parts []float64) []float64 {
		out := make([]float64, len(components))
		for i, p := range a.partition.parts {
			if !p.wait {
				out[componentRank(p.component)] += parts[i]
			}
		}
		return out
	}
	return contrast{reference: work(e.parts.reference), hard: work(e.parts.hard)}
}

// processorTexts says what the engine's own gauges tell of its processors on both
// sides of a question, where they were sampled.
func (a *attributor) processorTexts(e *excess) []string {
	hard, reference := a.candidates(), a.baseline
	in := func(of *attributed, _ int) stretch { return stretch{from: of.from, to: of.to} }
	if e.name == report.QuestionLoad {
		hard, reference = []*attributed{a.this}, []*attributed{a.this}
		in = func(of *attributed, level int) stretch { return of.levels[level].stretch }
	}
	mean := func(runs []*attributed, metric string, level int) (float64, bool) {
		sum, n := 0.0, 0.0
		for _, of := range runs {
			of.gaugeIn(metric, in(of, level), func(w *run.Window) {
				sum += w.Sum.Float()
				n += float64(w.Count)
			})
		}
		return sum / n, n > 0
	}
	var out []string
	for _, gauge := range []struct {
		metric, what string
		text         func(float64) string
	}{
		{gaugeScheduling, "waiting for a processor", shortMS},
		{gaugeGC, "collecting garbage, of the processors' time", percent},
	} {
		after, ok := mean(hard, gauge.metric, a.high)
		if !ok {
			continue
		}
		text := fmt.Sprintf("%s (%s): %s (%s)", gauge.what, gauge.metric, gauge.text(after), e.shown.Hard)
		if before, ok := mean(reference, gauge.metric, a.low); ok {
			text += fmt.Sprintf(", %s (%s)", gauge.text(before), e.shown.Reference)
		}
		out = append(out, text)
	}
	return out
}

// gaugeScheduling is how long goroutines of the engine wait for a processor, as its
// health check tells.
const gaugeScheduling = "engine_sched_latency_ms"

// gaugeIn visits the windows of a gauge that lie within a stretch as wholes.
func (s *subject) gaugeIn(metric string, l stretch, visit func(*run.Window)) {
	series := s.SeriesOf(metric)
	if len(series) == 0 {
		return
	}
	g := s.grid(l, int64(s.WindowLength))
	for i := range series {
		for j := range series[i].Windows {
			if w := &series[i].Windows[j]; g.holds(w.Index) && w.Count > 0 {
				visit(w)
			}
		}
	}
}
