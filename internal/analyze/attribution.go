package analyze

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/report"
	"k6report/internal/run"
)

// reference is what a run is held against to say why it is slower: the runs that
// its comparison rests on, and what that found. The zero value is nothing.
type reference struct {
	// baseline are earlier runs, perhaps thinned to their request tables; rerun
	// are further runs of the build under test.
	baseline, rerun []*subject
	gates           []report.Gate
	warmUp          float64 // seconds that all of the runs lose
	// direct says that two sets of runs were asked to be compared: then the
	// regression question explains whatever difference there is.
	direct bool
}

// reference is empty where nothing was compared: runs that the comparison left out
// or refused explain nothing either.
func (c *comparing) reference() reference {
	if c == nil {
		return reference{}
	}
	return reference{baseline: c.base, rerun: c.candidates[1:], gates: c.out.Gates, warmUp: c.out.WarmUpS, direct: c.baseline.Group}
}

// attributor answers why for one run.
type attributor struct {
	*subject
	partition *partition
	join      string
	// bands says that requests can be told apart by their times in all runs. Windows
	// hold means only, and so does a kept run without times of the server.
	bands    bool
	this     *attributed
	rerun    []*attributed
	baseline []*attributed
	against  reference

	share            contrast // reference is nothing: where the time goes
	all              *sample  // the part of the run under look
	cells            cellIndex
	sizes            size // of all
	tail             question
	load, regression question
	low, high        int    // levels of the load question
	collapsed        string // which level above them gave way, and how; empty: none
}

// attribution says which part of the system the time goes to, and which part
// is to blame; it adds what it knows of endpoints and charts to the report. It
// is nil for a run without requests.
func (s *subject) attribution(out *report.Report, against reference) *report.Attribution {
	s.noteUnmapped()
	if !slices.ContainsFunc(s.Requests.Tables, func(t run.Table) bool { return t.Protocol != run.ProtocolIteration }) {
		return nil
	}
	subjects := slices.Concat([]*subject{s}, against.rerun, against.baseline)
	requests, p, how, ok := joined(subjects)
	if !ok {
		return noData()
	}
	a := &attributor{subject: s, partition: p, join: how, against: against}
	a.bands = how == report.JoinRequest && !slices.ContainsFunc(requests, func(r *run.Requests) bool { return !hasServerTimes(p, r) })
	warmUp := a.warmUp(out.Run.Load.Steady)
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
	tail := meanwhile(a.askTail)
	a.askShare()
	a.askLoad()
	a.askRegression()
	a.tail = tail()
	made := a.conclude(out)
	a.endpoints(out)
	out.Charts = append(out.Charts, a.charts(made)...)
	return made
}

// noData says that there are no times of components, and how to get them.
func noData() *report.Attribution {
	return &report.Attribution{
		Status: report.AttrNoData,
		Reason: "the samples hold no times of the server's parts",
		Needed: "let the server send a Server-Timing header (db-read;dur=12.3, total;dur=20.1) and wrap requests in timed() of scenarios/lib/server-timing.js, or map trends of your own under components in k6report.yaml",
	}
}

// warmUp is the cut that all runs lose: the configured one, else that of the
// comparison, or without any the run's own.
func (a *attributor) warmUp(own *report.Span) float64 {
	if w := a.config.Exclude.WarmUp; w != nil {
		return w.Seconds()
	}
	cut := a.against.warmUp
	if own != nil {
		cut = max(cut, own.FromS)
	}
	return cut
}

// levelText is a level of load in words.
func (a *attributor) levelText(i int) string {
	l := &a.this.levels[i]
	if l.stretch.perS > 0 {
		return report.Digits(l.stretch.perS, 3) + "/s"
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
