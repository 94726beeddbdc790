package view

import (
	"slices"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/report/sample"
)

func loadLine(r *report.Report) string {
	var words []string
	for _, c := range offered(r).Parts {
		words = append(words, c.Text)
	}
	return strings.Join(words, " · ")
}

// A rate that is reached only at times is no rate that the run fell short of.
func TestAPlanThatChanges(t *testing.T) {
	r := sample.Full()
	r.Run.Load.Levels = nil
	r.Run.Load.OfferedPerS = report.Num(300)
	if offered(r).Parts[1].Tone != Normal {
		t.Error("the view judges the load by itself")
	}
	r.Notes = append(r.Notes, report.Note{Code: "load_missed", Severity: report.Invalid, Message: "x"})
	if got := loadLine(r); !strings.HasPrefix(got, "planned 500/s · offered 300/s") || offered(r).Parts[1].Tone != Bad {
		t.Errorf("short of a constant load: %s, tone %v", got, offered(r).Parts[1].Tone)
	}
	r.Notes[len(r.Notes)-1].Severity = report.Info
	if offered(r).Parts[1].Tone != Normal {
		t.Error("what a run that was ended early missed speaks against it")
	}
	r.Notes = r.Notes[:len(r.Notes)-1]
	r.Run.Load.Plan.Changes = true
	if got := loadLine(r); !strings.HasPrefix(got, "planned up to 500/s · offered 300/s") || offered(r).Parts[1].Tone != Normal {
		t.Errorf("a load in two steps: %s, tone %v", got, offered(r).Parts[1].Tone)
	}
}

// Where the load was raised until a target failed, that is the stop, no failure.
func TestAStopIsNoFailure(t *testing.T) {
	r := sample.Full()
	if got := thresholds(r, Options{}).Summary[0]; got.Tone != Bad {
		t.Errorf("a failure is shown as %+v", got)
	}
	r.Run.Load.Raised = true
	for _, s := range []Section{thresholds(r, Options{}), serviceLevels(r, Options{All: true})} {
		if got := s.Summary[0]; got.Tone == Bad || !strings.HasPrefix(got.Text, "load raised until ") {
			t.Errorf("%s: a stop is shown as %+v", s.ID, got)
		}
		if got := s.Told[0].Text; !strings.HasPrefix(got, "load raised until ") || !strings.HasSuffix(got, strings.ToLower(s.Title)+" failed") {
			t.Errorf("%s: without its title it reads %q", s.ID, got)
		}
	}
	for _, s := range []Section{thresholds(r, Options{}), serviceLevels(r, Options{All: true})} {
		for _, c := range slices.Concat(s.Table.Rows...) {
			if c.Tone == Bad {
				t.Errorf("%s: a stop is shown as %+v", s.ID, c)
			}
		}
	}
	s := endpoints(r, Options{All: true})
	failed := false
	for _, c := range s.Summary {
		failed = failed || strings.HasPrefix(c.Text, "load raised until ") && strings.HasSuffix(c.Text, " targets failed")
		if c.Tone == Bad {
			t.Errorf("a stop is shown as %+v", c)
		}
	}
	for _, row := range s.Table.Rows {
		for i, c := range row {
			if s.Table.Columns[i].Name == "targets" && c.Tone == Bad {
				t.Errorf("a stop is shown as %+v", c)
			}
		}
	}
	if !failed {
		t.Error("no target failed")
	}
}

// What is shown of the baseline's p95 is the gate's, else the shift function's.
func TestBaselineP95(t *testing.T) {
	r := sample.Full()
	r.Comparison.Gates = []report.Gate{{Endpoint: "a", Statistic: "p(95)", Unit: report.UnitMS, Baseline: report.Num(7)}}
	r.Comparison.Endpoints = []report.EndpointChange{{Endpoint: "a", Statistic: "p(95)", Baseline: report.Num(6)}, {Endpoint: "b", Statistic: "p(95)", Baseline: report.Num(5)}}
	for endpoint, want := range map[string]float64{"a": 7, "b": 5} {
		if got := BaselineP95(r, endpoint); got == nil || *got != want {
			t.Errorf("%s: %v, want %v", endpoint, got, want)
		}
	}
	if got := BaselineP95(r, "c"); got != nil {
		t.Errorf("of an endpoint that was not compared: %v", *got)
	}
}

// Overhead by endpoint is shown where several run workflows, the most first.
func TestOverheadByEndpoint(t *testing.T) {
	r := sample.Full()
	text := func() string {
		var words []string
		for _, c := range overhead(r).Parts {
			words = append(words, c.Text)
		}
		return strings.Join(words, " · ")
	}
	if got := text(); !strings.HasSuffix(got, " · test_execute 16.2 % (0.41 ms) · execute_workflow 7.4 % (3.1 ms)") {
		t.Error(got)
	}
	if got := overhead(r).Parts[3]; got.Tone != Bad {
		t.Errorf("over its target it is shown as %+v", got)
	}
	one := r.Overhead.Endpoints[1]
	r.Overhead.Endpoints = append(r.Overhead.Endpoints, one, one)
	if got := text(); !strings.HasSuffix(got, " · less at 1 other endpoint") {
		t.Error(got)
	}
	r.Overhead.Endpoints = r.Overhead.Endpoints[:1]
	if got := text(); strings.Contains(got, "execute_workflow") {
		t.Errorf("the whole is said twice: %s", got)
	}
}

// A tenant that takes much more than the others is shown beside the slowest.
func TestFairnessIsToldWhole(t *testing.T) {
	r := sample.Full()
	if got := fairness(r)[0]; !strings.Contains(got.Text, "p95 of initech is 3.06 times") || !strings.Contains(got.Text, "acme sent") || got.Tone != Warn {
		t.Errorf("%+v", got)
	}
	r.Run.Fairness.Noisy, r.Run.Fairness.Ratio = "", report.Num(1.2)
	if got := fairness(r)[0]; got.Tone != Normal {
		t.Errorf("%+v", got)
	}
}

// A level that was not offered as a whole says so where its targets hold.
func TestDroppedAtALevel(t *testing.T) {
	r := sample.Full()
	r.Run.Load.Levels[1].DropShare = report.Num(0.025)
	table := levels(r, Options{}).Table
	at := slices.IndexFunc(table.Columns, func(c Column) bool { return c.Name == "drop %" })
	if at < 0 || table.Rows[1][at].Text != "2.5" || table.Rows[1][at].Tone == Normal || table.Rows[2][at].Text != Absent {
		t.Errorf("%+v", table.Rows)
	}
	for i := range r.Run.Load.Levels {
		r.Run.Load.Levels[i].DropShare = nil
	}
	if table := levels(r, Options{}).Table; slices.ContainsFunc(table.Columns, func(c Column) bool { return c.Name == "drop %" }) {
		t.Error("nothing was dropped, and there is a column of it")
	}
}
