package view

import (
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
	if got := loadLine(r); !strings.HasPrefix(got, "planned 500/s · offered 300/s") || offered(r).Parts[1].Tone != Bad {
		t.Errorf("short of a constant load: %s, tone %v", got, offered(r).Parts[1].Tone)
	}
	later := r.Run.Load.Plan.Executors[0]
	later.StartS = 300
	r.Run.Load.Plan.Executors = append(r.Run.Load.Plan.Executors, later)
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
	r.Verdict = report.Verdict{Status: report.Passed}
	for _, s := range []Section{thresholds(r, Options{}), serviceLevels(r, Options{All: true})} {
		if got := s.Summary[0]; got.Tone == Bad || !strings.HasPrefix(got.Text, "load raised until ") {
			t.Errorf("%s: a stop is shown as %+v", s.ID, got)
		}
	}
}
