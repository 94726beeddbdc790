package main

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"k6report/internal/analyze"
	"k6report/internal/baseline"
	"k6report/internal/config"
	"k6report/internal/forge"
)

// A job's runs say where they were made, but for what the command line says itself
// and what is not known.
func TestTheLabelsOfAJob(t *testing.T) {
	cpu := processor()
	if cpu == "" && runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		t.Error("the processor is not known")
	}
	for runner, labels := range map[string][]string{"shared runner 7": nil, "": {"branch=mine", "cpu=made-up"}} {
		a, _, _ := terminal(t, 100)
		f := &ciFlags{join: joinAuto}
		f.labels = slices.Clone(labels)
		job := &forgeJob{Job: &forge.Job{Name: "load 1/2", Commit: "f000001", Branch: "feature", URL: "https://gitlab.example.com/group/app/-/jobs/900", Runner: runner}}
		if err := a.setUpCI(f, judge{config: &config.Config{}}, job); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"commit": "f000001", "branch": "feature", "job_url": job.URL, "ci_runner": runner, "cpu": cpu, "note_key": "load 1/2",
		}
		for _, label := range labels {
			name, value, _ := strings.Cut(label, "=")
			want[name] = value
		}
		got := make(map[string]string)
		for _, label := range f.labels {
			name, value, _ := strings.Cut(label, "=")
			if _, twice := got[name]; twice || value == "" {
				t.Errorf("label %q", label)
			}
			got[name] = value
		}
		for name, value := range want {
			if got[name] != value {
				t.Errorf("%s is %q, want %q", name, got[name], value)
			}
		}
	}
}

// A job that is interrupted is not green, though its verdict was.
func TestInterruptedJob(t *testing.T) {
	going := t.Context()
	over, cancel := context.WithCancel(going)
	cancel()
	broken := errors.New("broken")
	for _, tc := range []struct {
		ctx       context.Context
		err, want error
	}{
		{going, nil, nil},
		{going, exitError{3}, exitError{3}},
		{over, nil, context.Canceled},
		{over, exitError{3}, context.Canceled},
		{over, exitError{exitInterrupted}, exitError{exitInterrupted}}, // it was said
		{over, broken, broken},
	} {
		if got := unlessInterrupted(tc.ctx, tc.err); !errors.Is(got, tc.want) {
			t.Errorf("%v, %v: %v, want %v", tc.ctx.Err(), tc.err, got, tc.want)
		}
	}
}

// Only a request into another branch than the default one, of which the baseline has
// no run, is told that none joins by itself.
func TestABaselineOfAnotherBranch(t *testing.T) {
	of := func(branches ...string) (entries []*baseline.Entry) {
		for _, branch := range branches {
			entries = append(entries, &baseline.Entry{Labels: map[string]string{"branch": branch}})
		}
		return append(entries, &baseline.Entry{})
	}
	request := &forge.Request{Number: 7}
	for name, tc := range map[string]struct {
		job     forge.Job
		entries []*baseline.Entry
		noted   bool
	}{
		"into another branch": {forge.Job{Request: request, Default: "main", Target: "release/2"}, of("main", "main"), true},
		"no baseline yet":     {forge.Job{Request: request, Default: "main", Target: "release/2"}, nil, true},
		"its runs join":       {forge.Job{Request: request, Default: "main", Target: "release/2"}, of("main", "release/2"), false},
		"into the default":    {forge.Job{Request: request, Default: "main", Target: "main"}, nil, false},
		"nobody says":         {forge.Job{Request: request, Default: "main"}, nil, false},
		"no default":          {forge.Job{Request: request, Target: "release/2"}, nil, false},
		"of a branch":         {forge.Job{Default: "main", Branch: "release/2"}, nil, false},
	} {
		var out analyze.Baseline
		noteOtherBranch(&out, tc.job.OffTarget(), tc.entries)
		if noted := len(out.Notes) == 1 && strings.Contains(out.Notes[0].Message, "--join always in pipelines of release/2"); noted != tc.noted || len(out.Notes) > 1 {
			t.Errorf("%s: %+v", name, out.Notes)
		}
	}
}
