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
}

// Analyze reports on one run by itself.
func Analyze(r *run.Run, o Options) *report.Report {
	s := newSubject(r, o.Config)
	out := &report.Report{
		Schema:    report.SchemaID,
		Generator: report.Generator{Name: "k6report", Version: o.Version},
		Run:       s.identity(),
	}
	out.Run.Load = s.load()
	out.Run.Metrics = s.metrics()
	out.Run.Endpoints = s.endpoints()
	s.parts(&out.Run)
	out.Run.Errors = s.failures()
	out.Run.Thresholds = s.thresholds()
	out.Run.ServiceLevels = s.serviceLevels(&out.Run.Load)
	out.Run.Checks = s.checks()
	out.Charts = s.charts()
	s.validity(&out.Run)
	s.problems()
	out.Notes = s.sortedNotes()
	out.Method = method(&out.Run)
	out.Verdict = s.verdict(out, o.FailOn)
	return out
}

// subject is the run under analysis, with what several parts of the analysis
// need of it.
type subject struct {
	*run.Run
	config *config.Config
	tags   map[string]string // carried by every sample
	// origin is where the schedule began: when the first iteration started, or
	// the first sample where there are no iterations. Nanoseconds.
	origin int64
	// seconds is the run's duration; 0 when unknown.
	seconds float64
	plan    *schedule // nil when unknown
	notes   []report.Note
}

func newSubject(r *run.Run, c *config.Config) *subject {
	if c == nil {
		c = &config.Config{}
	}
	s := &subject{Run: r, tags: commonTags(r), origin: r.Started}
	s.config = c.Effective(s.tags["suite"])
	for _, t := range r.Requests.Tables {
		if t.Protocol == run.ProtocolIteration && (s.origin == r.Started || t.First < s.origin) {
			s.origin = t.First
		}
	}
	s.seconds = r.Duration().Seconds()
	if s.seconds == 0 && r.Reported != nil {
		s.seconds = r.Reported.Duration.Seconds()
	}
	if r.Plan != nil {
		s.plan = newSchedule(r.Plan)
	}
	return s
}

// commonTags are the tags that all series share.
func commonTags(r *run.Run) map[string]string {
	common := make(map[string]string)
	for i := range r.Series {
		tags := make(map[string]string)
		for name, value := range r.Series[i].Tags.All() {
			if i == 0 || common[name] == value {
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
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
