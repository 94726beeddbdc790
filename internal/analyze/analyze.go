// Package analyze turns what was measured (a [run.Run]) into what is claimed
// about it (a [report.Report]): statistics, validity, thresholds and service
// levels, and the verdict.
//
// It reads no files and prints nothing. The same Run and Options give the same
// Report. Every estimate that rests on an assumption leaves a Note.
package analyze

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// Options configure an analysis.
type Options struct {
	// Config is the team's configuration; nil is an empty one. A preset that
	// it leaves open follows the run's suite tag.
	Config *config.Config
	// Version is the version of this program, for the report.
	Version string
	// FailOn are the statuses that make the exit code other than 0.
	FailOn []report.Status

	// Baseline is what to compare with; nil asks for no comparison.
	Baseline *Baseline
	// Rerun is the second run that confirms or clears what the first one is
	// suspected of; nil: there is none. With [Baseline.Group] it counts as one
	// of More.
	Rerun *run.Run
	// More are further runs of the candidate, for [Baseline.Group].
	More []*run.Run
	// ConfirmRuns is how many runs it takes to call a regression one, 1 or 2; 0
	// is 2.
	ConfirmRuns int
	// Force compares runs that aren't comparable all the same.
	Force bool
}

// Analyze reports on a run: by itself, and as the options want it against a baseline,
// confirmed by a second run, or as one of a group.
func Analyze(r *run.Run, o Options) *report.Report {
	s := newSubject(r, o.Config)
	out := &report.Report{
		Schema:    report.SchemaID,
		Generator: report.Generator{Name: "k6report", Version: o.Version},
		Run:       s.identity(),
	}
	out.Run.Load = s.load()
	// Both take a third of the time, and look at nothing but the run and its load.
	load := out.Run.Load
	charts := meanwhile(func() []report.Chart { return s.charts(&load) })
	overhead := meanwhile(s.overhead)
	out.Run.Metrics = s.metrics()
	out.Run.Endpoints = s.endpoints()
	s.parts(&out.Run)
	out.Run.Errors = s.failures()
	out.Run.Thresholds = s.thresholds()
	out.Run.ServiceLevels = s.serviceLevels(&out.Run.Load)
	out.Run.Checks = s.checks()
	s.validity(&out.Run)
	s.sources(&out.Run)
	out.Comparison = s.compare(&o)
	out.Charts, out.Overhead = charts(), overhead()
	if c := s.distributionChart(); c != nil {
		out.Charts = append(out.Charts, *c)
	}
	saturation, found := s.saturation(out)
	out.Saturation = saturation
	out.Soak = s.soak(out)
	out.Trend = s.trend(&o)
	out.Attribution = s.attribution(out, s.compared.reference())
	out.Notes = s.sortedNotes()
	out.Method = append(s.method(&out.Run, out.Comparison), answerMethods(out)...)
	out.Verdict = s.verdict(out, found, o.FailOn)
	if t := out.Trend; t != nil {
		if this := &t.Runs[len(t.Runs)-1]; this.ID == s.ID {
			this.Status = out.Verdict.Status
		}
	}
	return out
}

// meanwhile begins to compute something that changes nothing, and returns how to get
// it. It panics there, where the program is ready for that.
func meanwhile[T any](compute func() T) (get func() T) {
	var value T
	var broken any
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { broken = recover() }()
		value = compute()
	}()
	return func() T {
		<-done
		if broken != nil {
			panic(broken)
		}
		return value
	}
}

// subject is the run under analysis, with what several parts of the analysis
// need of it. Times without a unit are seconds after the origin.
type subject struct {
	*run.Run
	config *config.Config
	tags   map[string]string // carried by every sample
	plan   *schedule         // nil when unknown
	// seen are the levels of load that were measured where no plan tells them.
	seen []stretch
	// origin is where the schedule began, in nanoseconds since the Unix epoch.
	origin int64
	// end is when the load ended: see [subject.loadEnd].
	end float64
	// seconds is the run's duration with set-up and drain; 0 when unknown.
	seconds float64
	said    map[metricKey]*run.ReportedMetric // by a summary
	asked   []asked                           // thresholds, from all sources
	notes   []report.Note
	// compared is the comparison with a baseline; nil until there is one.
	compared *comparing
}

func newSubject(r *run.Run, c *config.Config) *subject {
	if c == nil {
		c = &config.Config{}
	}
	s := &subject{Run: r, tags: commonTags(r), seconds: r.Duration().Seconds()}
	s.config = c.Effective(s.tags["suite"])
	if r.Plan != nil {
		s.plan = newSchedule(r.Plan)
	}
	s.origin = s.scheduleStart()
	s.end = s.loadEnd()
	s.said = make(map[metricKey]*run.ReportedMetric)
	if r.Reported != nil {
		if s.seconds == 0 {
			s.seconds = r.Reported.Duration.Seconds()
		}
		for i, m := range r.Reported.Metrics {
			s.said[keyOfMetric(m.Name)] = &r.Reported.Metrics[i]
		}
	}
	s.asked = s.askedThresholds()
	s.seen = s.seenLevels()
	return s
}

// scheduleStart is when the schedule began: as long before the first iteration
// of a scenario as the plan lets it wait for that. Without iterations it is
// the first sample.
func (s *subject) scheduleStart() int64 {
	start := int64(math.MaxInt64)
	for _, t := range s.Requests.Tables {
		if t.Protocol == run.ProtocolIteration {
			start = min(start, t.First-int64(s.plan.firstStart(t.Name)*1e9))
		}
	}
	if start == math.MaxInt64 {
		return s.Started
	}
	return start
}

// loadEnd is when the load ended and the drain began: by plan, unless the run
// ended well before. Without a plan, or where that leaves the end open, it is
// the last start of an iteration or request.
func (s *subject) loadEnd() float64 {
	seen := max(0, s.since(s.Ended))
	last := 0.0
	for _, t := range s.Requests.Tables {
		last = max(last, s.since(t.Last))
	}
	switch {
	case s.plan != nil && s.plan.endedEarly(seen):
		return seen
	case s.plan != nil && s.plan.seconds > 0 && s.plan.openEnd:
		return max(s.plan.seconds, last)
	case s.plan != nil && s.plan.seconds > 0:
		return s.plan.seconds
	case last > seen/2: // what follows is no drain otherwise
		return last
	}
	return seen
}

// since is a time, in nanoseconds since the Unix epoch, after the origin.
func (s *subject) since(at int64) float64 { return float64(at-s.origin) / 1e9 }

// counted reports whether samples count in the tables of requests: those of
// set-up, teardown and excluded groups don't.
func (s *subject) counted(t run.TagSet) bool {
	group := t.Value("group")
	return !run.IsSetup(group) && !run.InGroups(group, s.config.Exclude.Groups)
}

// tablesAsConfigured reports whether the tables of requests lack the groups that
// the configuration leaves out, and no others: those of a snapshot were made
// under the configuration of then.
func (s *subject) tablesAsConfigured() bool {
	groups := slices.Compact(slices.Sorted(slices.Values(s.config.Exclude.Groups)))
	return slices.Equal(groups, s.Requests.ExcludedGroups)
}

// commonTags are the tags that all series share.
func commonTags(r *run.Run) map[string]string {
	common := make(map[string]string)
	for i := range r.Series {
		tags := make(map[string]string)
		for name, value := range r.Series[i].Tags.All() {
			if have, ok := common[name]; i == 0 || ok && have == value {
				tags[name] = value
			}
		}
		common = tags
		if len(common) == 0 {
			break
		}
	}
	return common
}

// level is the level of the suite that the run belongs to, "" if none is told.
func (s *subject) level() string { return s.tags["level"] }

// capacityRun reports whether the run looks for the load at which the system
// breaks, so that failing is its result.
func (s *subject) capacityRun() bool { return s.level() == "breakpoint" }

func (s *subject) note(code string, severity report.Severity, message string, where string) {
	s.notes = append(s.notes, report.Note{Code: code, Severity: severity, Message: message, Where: where})
}

func (s *subject) sortedNotes() []report.Note {
	order := []report.Severity{report.Invalid, report.Error, report.Warning, report.Info}
	slices.SortStableFunc(s.notes, func(a, b report.Note) int {
		return cmp.Or(
			slices.Index(order, a.Severity)-slices.Index(order, b.Severity),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Where, b.Where),
		)
	})
	return s.notes
}

func (s *subject) identity() report.Run {
	out := report.Run{ID: s.ID, Labels: make(map[string]string), Tags: s.tags}
	for _, l := range s.Labels {
		out.Labels[l.Name] = l.Value
	}
	for _, src := range s.Sources {
		shown := report.Source{Name: src.Name, Format: src.Format, Skipped: src.Skipped}
		if src.Lines > 0 {
			shown.Samples = report.Int(src.Samples)
		}
		out.Sources = append(out.Sources, shown)
	}
	if s.Ended > 0 {
		out.Started, out.Ended = time.Unix(0, s.Started).UTC(), time.Unix(0, s.Ended).UTC()
	}
	if s.seconds > 0 {
		out.DurationS = report.Num(s.seconds)
	}
	windows := make(map[int64]struct{})
	for i := range s.Series {
		for _, w := range s.Series[i].Windows {
			windows[w.Index] = struct{}{}
		}
	}
	if len(windows) > 0 {
		out.Windows = &report.Windows{LengthS: s.WindowLength.Seconds(), Count: len(windows)}
	}
	if e := s.Execution; e != nil {
		code := e.ExitCode
		out.K6 = &report.K6{Version: e.K6Version, ExitCode: &code}
		if e.Wall > 0 && e.Cores > 0 {
			out.K6.CPU = report.Num(e.CPU / e.Wall / float64(e.Cores))
		}
	}
	return out
}

// sortedKeys are the keys of a map in order.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
