package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// reference is what a run is held against to say why it is slower.
type reference struct {
	// baseline are earlier runs, perhaps thinned to their request tables; rerun
	// are further runs of the build under test.
	baseline, rerun []*run.Run
	// confirmed and suspected say that the comparison found a regression, or
	// what looks like one, which the regression question then explains.
	confirmed, suspected bool
	// direct says that two sets of runs were asked to be compared: then the
	// regression question explains whatever difference there is.
	direct bool
}

// referenceOf is what the options and the outcome of the comparison ask for.
func referenceOf(o *Options, c *report.Comparison) reference {
	var out reference
	if o.Rerun != nil {
		out.rerun = append(out.rerun, o.Rerun)
	}
	if o.Baseline == nil {
		return out
	}
	out.baseline, out.direct = o.Baseline.Runs, o.Baseline.Group
	if out.direct {
		out.rerun = append(out.rerun, o.More...)
	}
	if c == nil || len(c.Differences) > 0 && !o.Force {
		return out
	}
	for i := range c.Gates {
		out.confirmed = out.confirmed || c.Gates[i].Verdict == report.GateRegressed
		out.suspected = out.suspected || c.Gates[i].Verdict == report.GateSuspected
	}
	return out
}

// attributor answers why for one run.
type attributor struct {
	*subject
	partition *partition
	join      string
	this      *attributed
	rerun     []*attributed
	baseline  []*attributed
	against   reference

	share            contrast // reference is nothing: where the time goes
	all              *sample  // the part of the run under look
	cells            cellIndex
	sizes            size // of all
	tail             question
	load, regression question
	low, high        int // levels of the load question
}

// attribution says which part of the system the time goes to, and which part
// is to blame; it adds what it knows of endpoints and charts to the report. It
// is nil for a run without requests.
func (s *subject) attribution(out *report.Report, against reference) *report.Attribution {
	s.noteUnmapped()
	if !slices.ContainsFunc(s.Requests.Tables, func(t run.Table) bool { return t.Protocol != run.ProtocolIteration }) {
		return nil
	}
	subjects := []*subject{s}
	for _, r := range slices.Concat(against.rerun, against.baseline) {
		subjects = append(subjects, newSubject(r, s.config))
	}
	requests, p, how, ok := joined(subjects)
	if !ok {
		return noData()
	}
	a := &attributor{subject: s, partition: p, join: how, against: against}
	warmUp := a.warmUp(subjects[1:], out.Run.Load.Steady)
	for i, of := range subjects {
		made := attributedRun(of, requests[i], p, warmUp)
		switch {
		case i == 0:
			a.this = made
		case i <= len(against.rerun):
			a.rerun = append(a.rerun, made)
		default:
			a.baseline = append(a.baseline, made)
		}
	}
	if how == report.JoinWindow {
		s.note("attribution_by_windows", report.Info, fmt.Sprintf("server times carry no id of their request, so they are brought together by the means of each endpoint in windows of %s s: exact for averages, rough for what makes slow requests slow", number(a.this.requests.BlockLength.Seconds())), "")
	}
	a.askShare()
	a.askTail()
	a.askLoad()
	a.askRegression()
	made := a.conclude(out)
	a.endpoints(out)
	out.Charts = append(out.Charts, a.charts(made)...)
	return made
}

// noData says that there are no times of components, and how to get them.
func noData() *report.Attribution {
	return &report.Attribution{
		Status: report.AttrNoData,
		Reason: "the samples hold no times of the server's parts: let the server send a Server-Timing header (db-read;dur=12.3, total;dur=20.1) and wrap requests in timed() of scenarios/lib/server-timing.js, or map trends of your own under components in k6report.yaml",
	}
}

// warmUp is the cut that all runs of a comparison use: the configured one, else
// the largest, the run's own being known.
func (a *attributor) warmUp(others []*subject, own *report.Span) float64 {
	if w := a.config.Exclude.WarmUp; w != nil {
		return w.Seconds()
	}
	cut := 0.0
	if own != nil {
		cut = own.FromS
	}
	for _, s := range others {
		if s.plan != nil && s.plan.changes() {
			continue
		}
		if state, starts := s.steadyState(); state.Steady && state.Cut > 0 {
			cut = max(cut, starts[state.Cut])
		}
	}
	return cut
}

// askShare says where the time goes.
func (a *attributor) askShare() {
	all := sample{runs: 1, segments: []segment{a.this.reader.segment(&a.cells, 0, a.this.whole(), nil)}}
	a.all = &all
	a.sizes = all.size()
	mean := make([]float64, len(a.partition.parts))
	for _, b := range all.segments[0].blocks {
		for i := range b.cells {
			for j, ms := range b.cells[i].parts {
				mean[j] += ms
			}
		}
	}
	for j := range mean {
		mean[j] /= max(1, a.sizes.requests)
	}
	a.share = contrast{reference: make([]float64, len(mean)), hard: mean, shared: 1}
}

// The bounds of the tail question, by endpoint.
const (
	tailFrom              = 0.95
	middleFrom, middleEnd = 0.40, 0.60
)

// askTail holds the slow requests of each endpoint against its ordinary ones.
func (a *attributor) askTail() {
	a.tail = question{name: report.QuestionTail, cells: &cellIndex{}}
	g := a.this.whole()
	between := func(from, to float64) func(*run.Table) (*band, bool) {
		return func(t *run.Table) (*band, bool) {
			b := bandOf(t, g.holds, from, to)
			return b, b != nil
		}
	}
	a.tail.hard = sample{runs: 1, segments: []segment{a.this.reader.segment(a.tail.cells, 0, g, between(tailFrom, 1))}}
	a.tail.reference = sample{runs: 1, segments: []segment{a.this.reader.segment(a.tail.cells, 0, g, between(middleFrom, middleEnd))}}
	a.tail.answer(a.partition)
}

// askLoad holds the highest level of load before collapse against the lowest
// steady one, over the run and, where there is one, its second run.
func (a *attributor) askLoad() {
	a.load = question{name: report.QuestionLoad, cells: &cellIndex{}}
	var ok bool
	if a.low, a.high, ok = a.this.extremes(); !ok {
		return
	}
	for i, of := range append([]*attributed{a.this}, a.rerun...) {
		low, high, ok := of.extremes()
		if !ok || of.levels[low].asked != a.this.levels[a.low].asked || of.levels[high].asked != a.this.levels[a.high].asked {
			continue
		}
		add := func(to *sample, level int) {
			g := of.reader.segment(a.load.cells, 0, of.levels[level].grid, nil)
			g.run = i
			to.segments = append(to.segments, g)
			to.runs = i + 1
		}
		add(&a.load.hard, high)
		add(&a.load.reference, low)
	}
	a.load.answer(a.partition)
}

// askRegression holds the run, with its second run where there is one, against
// the baseline: like level with like level where all runs have the same ones.
func (a *attributor) askRegression() {
	a.regression = question{name: report.QuestionRegression, cells: &cellIndex{}}
	if len(a.baseline) == 0 {
		return
	}
	hard := append([]*attributed{a.this}, a.rerun...)
	byLevel := sameLevels(slices.Concat(hard, a.baseline))
	collect := func(runs []*attributed) sample {
		out := sample{runs: len(runs)}
		for i, of := range runs {
			if !byLevel {
				g := of.reader.segment(a.regression.cells, 0, of.whole(), nil)
				g.run = i
				out.segments = append(out.segments, g)
				continue
			}
			for level := range of.levels {
				g := of.reader.segment(a.regression.cells, level, of.levels[level].grid, nil)
				g.run = i
				out.segments = append(out.segments, g)
			}
		}
		return out
	}
	a.regression.hard, a.regression.reference = collect(hard), collect(a.baseline)
	a.regression.answer(a.partition)
}

// sameLevels reports whether all runs have the same levels of load.
func sameLevels(runs []*attributed) bool {
	for _, r := range runs {
		if len(r.levels) == 0 || len(r.levels) != len(runs[0].levels) {
			return false
		}
		for i := range r.levels {
			if r.levels[i].asked != runs[0].levels[i].asked || r.levels[i].ramp != runs[0].levels[i].ramp {
				return false
			}
		}
	}
	return true
}

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
	few := func(s size) bool { return s.requests < minLevelRequests || s.blocks < minLevelBlocks }
	return few(e.hard.size()) || few(e.reference.size())
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
		made.Reason = fmt.Sprintf("%s failed, yet time per request did not grow with the load: the largest cost is %s; a baseline would tell whether that is new", failed[0], costText(made))
	case load != nil:
		made.Reason = fmt.Sprintf("time per request stayed at %s from %s to %s: it did not grow by %s for certain", between(total(a.load.parts.reference), total(a.load.parts.hard)), a.levelText(a.low), a.levelText(a.high), percent(enoughGrowth))
	case regression != nil && len(failed) == 0:
		made.Question = report.QuestionRegression
		made.Reason = "no gate is worse than the baseline"
	case len(failed) > 0:
		made.Status = report.AttrInconclusive
		made.Reason = fmt.Sprintf("%s failed; with one level of load and no baseline nothing tells what grew: the largest cost is %s", failed[0], costText(made))
	case a.tally(&out.Run).held > 0:
		made.Reason = "all targets held; what would limit it shows with several levels of load, or against a baseline"
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

// components are the columns of all questions.
func (a *attributor) components() []report.Component {
	group := a.partition.componentOf()
	mean := grouped(a.share.hard, group)
	all := total(mean)
	tail, load, regression := shown(&a.tail), shown(&a.load), shown(&a.regression)
	if change := a.load.parts.change(); a.load.asked && change < enoughGrowth*total(a.load.parts.reference) {
		load = nil
	}
	var out []report.Component
	for i, name := range config.Components() {
		c := report.Component{Name: name, MeanMS: mean[i], Parts: report.Values{}}
		if all > 0 {
			c.Share = mean[i] / all
		}
		c.Tail, c.Load, c.Regression = at(tail, i), at(load, i), at(regression, i)
		wait, waits := 0.0, false
		for j, p := range a.partition.parts {
			if p.component != name {
				continue
			}
			if p.wait {
				wait += a.share.hard[j]
				waits = true
			}
			if a.share.hard[j] > 0 {
				c.Parts = append(c.Parts, report.Value{Name: p.name, Value: a.share.hard[j]})
			}
		}
		if waits {
			c.WaitMS = report.Num(wait)
		}
		moved := func(v *float64) bool { return v != nil && *v != 0 }
		if c.MeanMS > 0 || moved(c.Tail) || moved(c.Load) || moved(c.Regression) {
			out = append(out, c)
		}
	}
	return out
}

// shown is a question's column; nil where there is none.
func shown(q *question) []float64 {
	if !q.asked {
		return nil
	}
	return q.components.shares()
}

func at(list []float64, i int) *float64 {
	if list == nil {
		return nil
	}
	return report.Num(list[i])
}

// endpoints fills in where the time of each endpoint goes.
func (a *attributor) endpoints(out *report.Report) {
	group, groups := a.partition.componentOf(), len(config.Components())
	flatShare := a.all.flatten(group, groups)
	sums := make([]float64, len(a.cells.keys)*flatShare.width)
	flatShare.addUp(nil, sums)
	for i := range out.Run.Endpoints {
		e := &out.Run.Endpoints[i]
		key := run.Endpoint{Protocol: e.Protocol, Name: e.Name, Method: e.Method}
		cell, ok := a.cells.of[cellKey{key, 0}]
		if !ok {
			continue
		}
		row := sums[cell*flatShare.width : (cell+1)*flatShare.width]
		all := total(row[1:])
		column := func(q *question) []float64 {
			if !q.asked {
				return nil
			}
			c, ok := q.contrast(group, groups, func(k cellKey) bool { return k.Endpoint == key })
			if !ok || q.name == report.QuestionLoad && c.change() < enoughGrowth*total(c.reference) {
				return nil
			}
			return c.shares()
		}
		tail, load, regression := column(&a.tail), column(&a.load), column(&a.regression)
		for j, name := range config.Components() {
			if row[1+j] == 0 && all > 0 || row[0] == 0 {
				if v := at(load, j); (v == nil || *v == 0) && (at(regression, j) == nil || *at(regression, j) == 0) {
					continue
				}
			}
			share := report.Share{Component: name, MeanMS: row[1+j] / row[0], Tail: at(tail, j), Load: at(load, j), Regression: at(regression, j)}
			if all > 0 {
				share.Share = row[1+j] / all
			}
			e.Attribution = append(e.Attribution, share)
		}
	}
}

// levelText is a level of load in words.
func (a *attributor) levelText(i int) string {
	l := &a.this.levels[i]
	if l.stretch.perS > 0 {
		return digits(l.stretch.perS, 3) + "/s"
	}
	return plural(int(math.Round(l.vus)), "VU", "VUs")
}

// joinWords is "a", "a and b", "a, b and c".
func joinWords(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
