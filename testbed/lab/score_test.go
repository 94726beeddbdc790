package lab

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answering is a laboratory whose k6report answers this, with a trial that has
// samples which nothing joins.
func answering(t *testing.T, report string) (*Lab, Trial) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "k6report")
	if err := os.WriteFile(program, fmt.Appendf(nil, "#!/bin/sh\necho '%s'\n", report), 0o755); err != nil {
		t.Fatal(err)
	}
	l := &Lab{Programs: Programs{K6Report: program}, Out: filepath.Join(dir, "out"), OS: os.Environ(), Log: io.Discard}
	tr := Trial{Fault: "callee", Seed: 1, Database: Postgres}
	for _, one := range []Trial{tr, tr.Healthy()} {
		if err := os.MkdirAll(l.folder(one), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(l.folder(one), unjoinedFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return l, tr
}

func TestScoringWithoutAnAttribution(t *testing.T) {
	for _, tc := range []struct {
		report, failure string
	}{
		{`{}`, ""},
		{`{"attribution":{"status":"no_data","join":"window"}}`, ""},
		{`{"attribution":{"status":"no_data","join":"request"}}`, `joined all the same, by "request"`},
	} {
		l, tr := answering(t, tc.report)
		s, err := l.score(t.Context(), tr)
		if tc.failure != "" {
			if err == nil || !strings.Contains(err.Error(), tc.failure) {
				t.Errorf("%s: %v", tc.report, err)
			}
			continue
		}
		if err != nil || s.Unjoined == nil || s.Unjoined.Mark != Silent {
			t.Errorf("%s: %v, %v", tc.report, s.Unjoined, err)
		}
	}
}

func TestScoringAFaultThatThereIsNot(t *testing.T) {
	l, tr := answering(t, `{}`)
	tr.Fault = "renamed"
	if _, err := l.score(t.Context(), tr); err == nil || !strings.Contains(err.Error(), `no fault "renamed"`) {
		t.Errorf("%v", err)
	}
}
