package render

import (
	"encoding/xml"
	"fmt"
	"io"

	"k6report/internal/render/plain"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// JUnitOptions say where pictures are.
type JUnitOptions struct {
	// Picture is the path of a chart's picture as the CI system knows it, relative to
	// the project, empty for one that isn't there; nil attaches none. They are attached
	// as Jenkins' plugin JUnit Attachments began it, and GitLab took up; elsewhere it is
	// a line of a failed case's output.
	Picture func(chart string) string
}

func (o JUnitOptions) picture(chart string) string {
	if o.Picture == nil || chart == "" {
		return ""
	}
	return o.Picture(chart)
}

type junitSuites struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Name     string       `xml:"name,attr"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Skipped  int          `xml:"skipped,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Failure *junitFailure `xml:"failure"`
	Skipped *junitSkipped `xml:"skipped"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

type junitSkipped struct {
	Message string `xml:"message,attr"`
}

// JUnit writes a test case for each threshold, service level, gate and rule of
// validity: what failed is a failure with its numbers. What could not be judged or
// done, or failed under a load that was raised until something did, is skipped: no
// build fails for it. Names are unique, for GitLab drops those that aren't.
func JUnit(w io.Writer, r *report.Report, o JUnitOptions) error {
	b := &junitBuilder{options: o, names: make(map[string]int)}
	b.thresholds(r)
	b.serviceLevels(r)
	b.gates(r)
	b.validity(r)
	out := junitSuites{Name: "k6report", Suites: b.suites}
	for _, s := range b.suites {
		out.Tests, out.Failures, out.Skipped = out.Tests+s.Tests, out.Failures+s.Failures, out.Skipped+s.Skipped
	}
	data, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	if _, err := io.WriteString(w, xml.Header+string(data)+"\n"); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	return nil
}

type junitBuilder struct {
	options JUnitOptions
	names   map[string]int // behind their suite's, how often they were given out
	suites  []junitSuite
}

// verdict is how a case ended.
type verdict struct {
	ok      *bool  // nil: skipped
	kind    string // of a failure
	message string
	chart   string // the picture that shows it
}

func (b *junitBuilder) suite(name string) {
	b.suites = append(b.suites, junitSuite{Name: name})
}

func (b *junitBuilder) add(name string, v verdict) {
	s := &b.suites[len(b.suites)-1]
	c := junitCase{Name: b.unique(s.Name, plain.Short(name, 250)), Class: "k6report." + s.Name, Time: "0"}
	message := plain.Short(v.message, 600)
	s.Tests++
	switch {
	case v.ok == nil:
		s.Skipped++
		c.Skipped = &junitSkipped{Message: message}
	case !*v.ok:
		s.Failures++
		c.Failure = &junitFailure{Message: message, Type: v.kind, Text: message}
		if picture := b.options.picture(v.chart); picture != "" {
			c.Out = "[[ATTACHMENT|" + picture + "]]"
		}
	}
	s.Cases = append(s.Cases, c)
}

// unique is a name that no other case of the suite has: one that is taken is
// numbered.
func (b *junitBuilder) unique(suite, name string) string {
	out := name
	for b.names[suite+out] > 0 {
		b.names[suite+name]++
		out = fmt.Sprintf("%s (%d)", name, b.names[suite+name])
	}
	b.names[suite+out]++
	return out
}

// measured is "812 ms observed" or why there is nothing.
func measured(observed *float64, unit, reason string) string {
	switch {
	case observed != nil:
		return view.Measure(*observed, unit) + " observed"
	case reason != "":
		return reason
	}
	return "no data"
}

// unlessRaised is a target's verdict; nil, a skipped case, for one that failed
// under a load that was raised until some did: that is what was looked for.
func unlessRaised(r *report.Report, ok *bool) *bool {
	if r.Run.Load.Raised && ok != nil && !*ok {
		return nil
	}
	return ok
}

func (b *junitBuilder) thresholds(r *report.Report) {
	b.suite("thresholds")
	for _, t := range r.Run.Thresholds {
		b.add(t.Metric+" "+t.Expression, verdict{
			unlessRaised(r, t.OK), "threshold", t.Metric + " " + t.Expression + ": " + measured(t.Observed, t.Unit, t.Reason), "latency",
		})
	}
}

func (b *junitBuilder) serviceLevels(r *report.Report) {
	b.suite("service levels")
	for _, e := range r.Run.Endpoints {
		for _, t := range e.Targets {
			b.add(e.Name+" "+t.Text, verdict{
				unlessRaised(r, t.OK), "service level", e.Name + " " + t.Text + ": " + measured(t.Observed, t.Unit, ""), "endpoints",
			})
		}
	}
	for _, t := range r.Run.ServiceLevels {
		b.add(t.Metric+" "+t.Text, verdict{
			unlessRaised(r, t.OK), "service level", t.Text + ": " + measured(t.Observed, t.Unit, ""), "errors",
		})
	}
}

func (b *junitBuilder) gates(r *report.Report) {
	if r.Comparison == nil {
		return
	}
	b.suite("gates")
	for _, g := range r.Comparison.Gates {
		name := report.GateName(g.Metric, g.Endpoint, g.Statistic)
		baseline, now := view.Pair(g.Baseline, g.Candidate, g.Unit)
		message := name + ": " + baseline + " in the baseline, " + now + " now"
		if g.Change != nil {
			message += " (" + view.ChangeOf(*g.Change, g.Unit) + ")"
		}
		if g.Reason != "" {
			message += "; " + g.Reason
		}
		v := verdict{report.Bool(true), "regression", message, "shift"}
		switch g.Verdict {
		case report.GateRegressed:
			v.ok = report.Bool(false)
		case report.GateInconclusive, report.GateNotComparable, report.GateSuspected:
			v.ok, v.message = nil, view.GateWord(g.Verdict).Text+": "+message
		}
		b.add(name, v)
	}
}

// validity has a case for each rule that the run broke, or one that says that
// it broke none. What was asked for and could not be done is skipped: it makes no
// run invalid.
func (b *junitBuilder) validity(r *report.Report) {
	b.suite("validity")
	broken := false
	for _, n := range r.Notes {
		v := verdict{report.Bool(false), "validity", view.Sentence(r, n.Message), "latency"}
		switch n.Severity {
		case report.Invalid:
			broken = true
		case report.Error:
			v.ok = nil
		case report.Warning, report.Info:
			continue
		}
		name := n.Code
		if n.Where != "" {
			name += " (" + n.Where + ")"
		}
		b.add(name, v)
	}
	if !broken {
		b.add("the run can be believed", verdict{ok: report.Bool(true)})
	}
}
