package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k6report/internal/redact"
	"k6report/internal/report"
)

// What a report holds that was written without our secrets does not get into the
// configuration, which is committed.
func TestAcceptingWritesNoSecret(t *testing.T) {
	dir := t.TempDir()
	change := 0.2
	rep := &report.Report{
		Schema:  report.SchemaID,
		Verdict: report.Verdict{Status: report.Regressed},
		Comparison: &report.Comparison{Gates: []report.Gate{
			{Metric: "http_req_duration", Endpoint: "get hunter2-hunter2", Statistic: "p(95)", Verdict: report.GateRegressed, Change: &change},
		}},
	}
	f, err := os.Create(filepath.Join(dir, reportFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Encode(f, rep); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "k6report.yaml")
	a, stdout, stderr := terminal(t, 100, "DB_PASSWORD=hunter2-hunter2")
	if code := a.run(t.Context(), []string{"baseline", "accept", dir, "--reason", "signed", "--config", config}); code != exitOK {
		t.Fatal(stdout, stderr)
	}
	if written, err := os.ReadFile(config); err != nil || strings.Contains(string(written), "hunter2") || !strings.Contains(string(written), "get ***") {
		t.Errorf("%v: %s", err, written)
	}
}

// The options of a script may hold secrets; the plan that is kept does not, and still
// says what the one of k6 does.
func TestTheKeptPlanHoldsNoSecret(t *testing.T) {
	plan := `{"tags":{"by hunter2-hunter2":"hunter2-hunter2"},"vus":1,"maxVUs":1,
		"scenarios":{"hunter2-hunter2":{"executor":"ramping-vus","startVUs":0,"env":{"hunter2-hunter2":"duration"},"stages":[{"duration":"1m","target":1}]}},
		"thresholds":{"duration_ms":["max<9"],"http_req_duration{url:http://h/?token=abcdef,name:duration}":["max<1"],"http_req_duration{url:http://h/?token=ghijkl,name:duration}":["max<2"],"mine{name:hunter2-hunter2}":["max<3"]}}`
	j := job{dir: t.TempDir(), plan: []byte(plan)}
	if err := j.keepPlan(t.Context(), redact.New([]string{"hunter2-hunter2", "duration"})); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(j.dir, planFile))
	kept := string(content)
	for _, secret := range []string{"hunter2", "abcdef", "ghijkl"} {
		if err != nil || strings.Contains(kept, secret) {
			t.Errorf("%v: %s is in %s", err, secret, kept)
		}
	}
	for _, part := range []string{
		`"vus": 1`, `"***": {`, `"by ***": "***"`, `"duration": "1m"`, `"duration_ms": [`,
		`"http_req_duration{url:http://h/?token=***,name:***}": [`, `"http_req_duration{url:http://h/?token=***,name:*** 2}": [`, `"mine{name:***}": [`,
	} {
		if !strings.Contains(kept, part) {
			t.Errorf("%s is not in %s", part, kept)
		}
	}
}
