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

// The options of a script may hold secrets; the plan that is kept does not.
func TestTheKeptPlanHoldsNoSecret(t *testing.T) {
	j := job{dir: t.TempDir(), plan: []byte(`{"tags":{"by":"hunter2-hunter2"},"vus":1}`)}
	if err := j.keepPlan(t.Context(), redact.New([]string{"hunter2-hunter2"})); err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(j.dir, planFile))
	if err != nil || strings.Contains(string(kept), "hunter2") || !strings.Contains(string(kept), `"vus": 1`) {
		t.Errorf("%v: %s", err, kept)
	}
}
