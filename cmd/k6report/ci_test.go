package main

import (
	"runtime"
	"slices"
	"strings"
	"testing"

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
		job := &forgeJob{Job: &forge.Job{Commit: "f000001", Branch: "feature", URL: "https://gitlab.example.com/group/app/-/jobs/900", Runner: runner}}
		if err := a.setUpCI(f, judge{config: &config.Config{}}, job); err != nil {
			t.Fatal(err)
		}
		want := map[string]string{
			"commit": "f000001", "branch": "feature", "job_url": job.URL, "ci_runner": runner, "cpu": cpu,
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
