package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"k6report/internal/gitlab/gitlabtest"
)

// What was not as expected is the failure, whatever ended the week, and the table
// of what happened is kept.
func TestTheWeekEnds(t *testing.T) {
	broke := errors.New("k6 is gone")
	expected, unexpected := outcome{}, outcome{problems: []string{"a false alarm"}}
	noisy, noisyToo := outcome{unseen: 2 * mostUnseen}, outcome{unseen: 2 * mostUnseen, problems: []string{"a false alarm"}}
	for name, tt := range map[string]struct {
		first, second outcome // the second is the seed
		fails         error   // the third
		want          error   // nil for none
		excused       bool
		rows          int
	}{
		"as expected":                   {expected, expected, nil, nil, false, 3},
		"unexpected":                    {unexpected, expected, nil, errUnexpected, false, 3},
		"broken":                        {expected, expected, broke, broke, false, 2},
		"unexpected, then broken":       {unexpected, expected, broke, errUnexpected, false, 2},
		"without PostgreSQL":            {expected, expected, errNoPostgreSQL, errNoPostgreSQL, true, 2},
		"unexpected, then without":      {unexpected, expected, errNoPostgreSQL, errUnexpected, false, 2},
		"noisy":                         {expected, noisy, nil, errTooNoisy, true, 2},
		"unexpected, then noisy":        {unexpected, noisy, nil, errUnexpected, false, 2},
		"unexpected and noisy":          {expected, noisyToo, nil, errUnexpected, false, 2},
		"noise counts of the seed only": {noisy, expected, nil, nil, false, 3},
	} {
		var said strings.Builder
		town := &town{out: t.TempDir(), say: &said}
		steps := []numbered{{step{mr: 1}, 1}, {step{kind: seed}, 2}, {step{mr: 2}, 3}}
		err := town.live(steps, func(s numbered) (outcome, error) {
			o := []outcome{tt.first, tt.second, {}}[s.number-1]
			o.job = job{step: s.step, number: s.number}
			if s.number == 3 {
				return o, tt.fails
			}
			return o, nil
		})
		if !errors.Is(err, tt.want) || excused(err) != tt.excused {
			t.Errorf("%s: the error is %v, want %v, excused %t", name, err, tt.want, tt.excused)
		}
		table, err := os.ReadFile(filepath.Join(town.out, "week.md"))
		if rows := strings.Count(string(table), "\n") - 2; err != nil || rows != tt.rows || !strings.Contains(said.String(), string(table)) {
			t.Errorf("%s: the table has %d rows, want %d: %v", name, rows, tt.rows, err)
		}
	}
}

// Noise alone lets the week begin afresh, and not for ever.
func TestTheWeekBeginsAfresh(t *testing.T) {
	noise := fmt.Errorf("%w: much", errTooNoisy)
	for name, tt := range map[string]struct {
		lives []error
		want  error
	}{
		"quiet":             {[]error{nil}, nil},
		"quiet at last":     {[]error{noise, noise, noise, nil}, nil},
		"never quiet":       {[]error{noise, noise, noise, noise}, errTooNoisy},
		"unexpected":        {[]error{errUnexpected}, errUnexpected},
		"quiet, unexpected": {[]error{noise, errUnexpected}, errUnexpected},
	} {
		var said strings.Builder
		lived := 0
		err := amidQuiet(&said, func() error { lived++; return tt.lives[lived-1] })
		if !errors.Is(err, tt.want) || lived != len(tt.lives) || strings.Count(said.String(), "afresh") != lived-1 {
			t.Errorf("%s: after %d lives the error is %v, want %v after %d; said %s", name, lived, err, tt.want, len(tt.lives), &said)
		}
	}
}

func TestChoose(t *testing.T) {
	all := []step{
		{what: "first", short: true},
		{what: "second", short: true},
		{what: "third"},
		{what: "late", late: true},
		{what: "retried", retry: true},
		{what: "accepted", accept: "meant", short: true},
	}
	for _, tt := range []struct {
		short bool
		only  string
		want  []int
		error string
	}{
		{false, "", []int{1, 2, 3, 4, 5, 6}, ""},
		{false, "3,1", []int{1, 3}, ""},
		{false, "1,3,4,5", []int{1, 3, 4, 5}, ""},
		{true, "2", []int{2}, ""},
		{false, "1,2,4", nil, "step 4 (late) refers to step 3, which is not chosen"},
		{false, "1,5", nil, "step 5 (retried) refers to step 4"},
		{false, "6", nil, "step 6 (accepted) refers to step 5"},
		{true, "", nil, "step 6 (accepted) refers to step 5"},
		{true, "2,3", nil, "step 3 is not part of the short form"},
		{false, "7", nil, `"7" is no step; there are 1 to 6`},
		{false, "x", nil, `"x" is no step`},
	} {
		chosen, err := choose(all, tt.short, tt.only)
		var got []int
		for _, s := range chosen {
			got = append(got, s.number)
		}
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.error == "") || err != nil && !strings.Contains(err.Error(), tt.error) {
			t.Errorf("short %t, only %q: %v, %v; want %v, %q", tt.short, tt.only, got, err, tt.want, tt.error)
		}
	}
}

// All that is on a merge request is kept, with a name of its own.
func TestEveryCommentIsKept(t *testing.T) {
	lab := gitlabtest.New()
	defer lab.Close()
	for _, text := range []string{"one", "two", "three"} {
		lab.AddNote(gitlabtest.Bot, text)
	}
	j := &job{step: step{mr: gitlabtest.MergeRequest}, dir: filepath.Join(t.TempDir(), "01-mr7")}
	if err := (&town{gitlab: lab}).keep(j); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"comment": "one\n", "comment-2": "two\n", "comment-3": "three\n"} {
		if got, err := os.ReadFile(j.dir + "-" + name + ".md"); string(got) != want {
			t.Errorf("%s holds %q, want %q: %v", name, got, want, err)
		}
	}
}

// What GitLab would not understand is held against the job that asked it.
func TestMistakesCount(t *testing.T) {
	lab := gitlabtest.New()
	defer lab.Close()
	town := &town{gitlab: lab, comments: make(map[int64]string), uncounted: true}
	look := func() string {
		o := town.look(&job{step: step{kind: ofMain, want: want{exit: []int{0}}}, dir: t.TempDir()}, 0)
		return strings.Join(o.problems, "\n")
	}
	if got := look(); got != "" {
		t.Errorf("before: %s", got)
	}
	r, err := lab.Client().Get(lab.API() + "/nonsense")
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if got := look(); !strings.Contains(got, "would not understand GET /api/v4/nonsense") {
		t.Errorf("the job that asked it: %q", got)
	}
	if got := look(); got != "" {
		t.Errorf("the next one: %s", got)
	}
}
