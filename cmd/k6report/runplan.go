package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"k6report/internal/analyze"
	"k6report/internal/ingest"
	"k6report/internal/k6exec"
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
		a.say(&f.common, "all %d runs: %s", len(s.jobs), spanText(total))
	}
	return nil
}

// planText is a plan in a line.
func planText(o analyze.Outlook, requests string) string {
	var parts []string
	if o.Seconds > 0 {
		parts = append(parts, spanText(time.Duration(o.Seconds*float64(time.Second))))
	}
	if o.PeakPerS > 0 {
		parts = append(parts, "up to "+grouped(o.PeakPerS)+"/s")
	}
	if o.MaxVUs > 0 {
		vus := grouped(float64(o.MaxVUs)) + " VUs"
		if o.MaxVUs == 1 {
			vus = "1 VU"
		}
		parts = append(parts, "at most "+vus)
	}
	looping := fmt.Sprintf("what %s VUs come to", grouped(float64(o.Looping)))
	if o.Looping == 1 {
		looping = "what one VU comes to"
	}
	switch {
	case o.Iterations > 0 && o.Looping > 0:
		parts = append(parts, grouped(o.Iterations)+" "+requests+" and "+looping)
	case o.Iterations > 0:
		parts = append(parts, grouped(o.Iterations)+" "+requests)
	case o.Looping > 0:
		parts = append(parts, looping)
	}
	if len(parts) == 0 {
		return "nothing that is known before it runs"
	}
	return strings.Join(parts, ", ")
}

// spanText is a length of time in whole seconds.
func spanText(d time.Duration) string {
	text := d.Round(time.Second).String()
	if d < 10*time.Second {
		text = d.Round(100 * time.Millisecond).String()
	}
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// grouped is a number with commas between thousands; small ones keep a decimal.
func grouped(v float64) string {
	if v < 100 && v != math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	digits := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(d)
	}
	return out.String()
}
