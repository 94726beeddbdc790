package view_test

import (
	"strings"
	"testing"

	"k6report/internal/render/view"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

func texts(cells []view.Cell) string {
	var out []string
	for _, c := range cells {
		out = append(out, c.Text)
	}
	return strings.Join(out, " · ")
}

// What is judged is met or failed, under every title.
func TestWhatWasMetAndWhatFailed(t *testing.T) {
	healthy, failed := sample.Healthy(), sample.ThresholdFailed()
	open := sample.Healthy()
	open.Run.Endpoints[0].Targets[0].OK = nil
	for _, tt := range []struct {
		of   *report.Report
		id   string
		all  bool
		want string
	}{
		{healthy, "endpoints", false, "6 · ✓ all 13 targets met"},
		{failed, "endpoints", false, "6 · ✗ 3 of 13 targets failed"},
		{open, "endpoints", false, "6 · ✓ 12 of 13 targets met · ? 1 target could not be judged"},
		{healthy, "thresholds", false, "✓ all 9 thresholds met"},
		{healthy, "service_levels", false, "✓ 1 service level met"},
		{healthy, "service_levels", true, "✓ all 14 service levels met (13 of endpoints)"},
		{failed, "checks", false, "✗ 2 of 3 checks failed at least once · 1,637 of 663,569 evaluations (0.25 %)"},
	} {
		if got := texts(section(t, tt.of, tt.id, tt.all).Summary); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.id, got, tt.want)
		}
	}
	for i := range healthy.Run.Checks {
		healthy.Run.Checks[i].Passes, healthy.Run.Checks[i].Fails = 301, 0
	}
	if got, want := texts(section(t, healthy, "checks", false).Summary), "✓ all 3 checks met · in 903 evaluations"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
