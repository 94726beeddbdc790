package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k6report/internal/render"
	"k6report/internal/report/sample"
)

// What points at another file does so only where that was written.
func TestFilesPointAtFilesThatAreThere(t *testing.T) {
	attached := regexp.MustCompile(`\[\[ATTACHMENT\|([^]]+)\]\]`)
	for _, tc := range []struct {
		wanted         []string
		drawn          bool // there is something to draw
		pictures, page bool
	}{
		{[]string{"junit", "annotations"}, true, false, false},
		{[]string{"html", "charts", "junit", "annotations"}, true, true, true},
		{[]string{"charts", "junit", "annotations"}, true, true, false},
		{[]string{"charts", "junit", "annotations"}, false, false, false},
	} {
		t.Chdir(t.TempDir())
		r := sample.ThresholdFailed()
		if !tc.drawn {
			r.Charts, r.Run.Endpoints = nil, nil
		}
		r.Run.Labels = map[string]string{render.LabelJob: "https://gitlab.example.com/g/p/-/jobs/7"}
		if err := writeFiles(t.Context(), "results", tc.wanted, r, nil); err != nil {
			t.Fatal(err)
		}
		found := attached.FindAllStringSubmatch(contentOf(t, "results/junit.xml"), -1)
		if (len(found) > 0) != tc.pictures {
			t.Errorf("%v: attached are %q", tc.wanted, found)
		}
		for _, m := range found {
			if _, err := os.Stat(filepath.FromSlash(m[1])); err != nil {
				t.Errorf("%v: %v", tc.wanted, err)
			}
		}
		if linked := strings.Contains(contentOf(t, "results/annotations.json"), "/artifacts/file/results/report.html"); linked != tc.page {
			t.Errorf("%v: a link to the page: %v", tc.wanted, linked)
		}
	}
}

func contentOf(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
