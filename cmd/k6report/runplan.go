package main

import (
	"fmt"
	"strings"
	"time"

	"k6report/internal/analyze"
	"k6report/internal/ingest"
	"k6report/internal/k6exec"
	"k6report/internal/render/view"
	"k6report/internal/report"
)

// showPlans says what is going to be run, before it is.
func (a *app) showPlans(f *runFlags, s *series) error {
	var total time.Duration
	for i := range s.jobs {
		j := &s.jobs[i]
		if j.plan == nil {
			a.say(&f.common, "plan of %s: not known before it runs", j.name)
			continue
		}
		plan, err := ingest.ReadPlan(j.plan)
		if err != nil {
			return err
		}
		o := analyze.Foresee(plan)
		j.lasts = time.Duration(o.Seconds * float64(time.Second))
		total += j.lasts
		if i > 0 && s.jobs[i-1].name == j.name {
			continue // told once
		}
		requests := "iterations"
		if s.target != nil {
			requests = "requests at least" // every iteration of the suite sends one
		}
		text := planText(o, requests)
		if f.repeat > 1 {
			text += fmt.Sprintf(", %d times", f.repeat)
		}
		if s.target != nil {
			text += fmt.Sprintf(", on %s", s.target)
		}
		a.say(&f.common, "plan of %s: %s", j.name, text)
		if lost := k6exec.LostTags(j.command, j.plan); len(lost) > 0 {
			a.warn(hinted{
				fmt.Errorf("k6 takes --tag for all tags of the run: those of the script's options (%s) are lost", visible(strings.Join(lost, ", "))),
				"say them again, each with --tag, or leave --tag testid=… away: k6report adds a testid",
			})
		}
	}
	if len(s.jobs) > 1 && total > 0 {
		a.say(&f.common, "all %d runs: %s", len(s.jobs), view.Seconds(total.Seconds()))
	}
	return nil
}

// planText is a plan in a line.
func planText(o analyze.Outlook, requests string) string {
	var parts []string
	if o.Seconds > 0 {
		parts = append(parts, view.Seconds(o.Seconds))
	}
	if o.PeakPerS > 0 {
		parts = append(parts, "up to "+view.PerSecond(o.PeakPerS))
	}
	if o.MaxVUs > 0 {
		parts = append(parts, "at most "+view.Plural(int(o.MaxVUs), "VU", "VUs"))
	}
	iterations := report.Digits(o.Iterations, 3) + " " + requests
	looping := fmt.Sprintf("what %s VUs come to", view.Count(o.Looping))
	if o.Looping == 1 {
		looping = "what one VU comes to"
	}
	switch {
	case o.Iterations > 0 && o.Looping > 0:
		parts = append(parts, iterations+" and "+looping)
	case o.Iterations > 0:
		parts = append(parts, iterations)
	case o.Looping > 0:
		parts = append(parts, looping)
	}
	if len(parts) == 0 {
		return "nothing that is known before it runs"
	}
	return strings.Join(parts, ", ")
}
