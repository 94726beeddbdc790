package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k6report/internal/render"
	"k6report/internal/render/chart"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

// What points at another file does so only where that was written.
func TestFilesPointAtFilesThatAreThere(t *testing.T) {
	a, _, _ := terminal(t, 100)
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
		if err := a.writeFiles(t.Context(), "results", tc.wanted, r, nil); err != nil {
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

// A file that can't be written costs no other, and nothing points at it. Where all
// fail, three are named.
func TestFileThatCannotBeWritten(t *testing.T) {
	t.Chdir(t.TempDir())
	a, _, _ := terminal(t, 100)
	r := sample.ThresholdFailed()
	r.Run.Labels = map[string]string{render.LabelJob: "https://gitlab.example.com/g/p/-/jobs/7"}
	for _, taken := range []string{"results/report.html/taken", "results/charts/latency.png/taken"} {
		if err := os.MkdirAll(taken, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err := a.writeFiles(t.Context(), "results", formatNames(), r, nil)
	if err == nil || strings.Count(err.Error(), "\n") != 1 || strings.Count(err.Error(), "report.html") != 1 || strings.Contains(err.Error(), ".tmp") {
		t.Errorf("error %v, want a line for each file", err)
	}
	for _, name := range []string{"summary.txt", "report.json", "report.md", "charts/latency.svg", "junit.xml", "annotations.json"} {
		if !isFile(filepath.Join("results", name)) {
			t.Errorf("there is no %s", name)
		}
	}
	if text := contentOf(t, "results/junit.xml"); strings.Contains(text, "charts/latency.png") {
		t.Errorf("junit.xml points at a picture that was not written:\n%s", text)
	}
	if strings.Contains(contentOf(t, "results/annotations.json"), "report.html") {
		t.Error("annotations.json points at a page that was not written")
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.writeFiles(ctx, "results", formatNames(), r, nil); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want that it was interrupted", err)
	}
	for _, f := range ownFiles() {
		if err := os.MkdirAll(filepath.Join("none", f, "taken"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	err = a.writeFiles(t.Context(), "none", formatNames(), r, nil)
	if err == nil || strings.Count(err.Error(), "\n") != 3 || !strings.Contains(err.Error(), " more files can't be written either") {
		t.Errorf("error %v, want three files and how many more", err)
	}
}

// What a program left that was killed while it wrote is gone with the next report,
// unless it may still be at it.
func TestHalvesAreSwept(t *testing.T) {
	dir := t.TempDir()
	a, _, _ := terminal(t, 100)
	old := a.now().Add(-2 * time.Hour)
	for name, at := range map[string]time.Time{
		".report.json.ABCDEFGH23.tmp": old, ".run.k6run.ABCDEFGH23.tmp": old, "charts/.latency.png.ABCDEFGH23.tmp": old,
		".plan.json.ABCDEFGH23.tmp": old, ".report.html.ABCDEFGH23.tmp": a.now(), ".notes.txt.ABCDEFGH23.tmp": old,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.writeFiles(t.Context(), dir, []string{"summary"}, sample.ThresholdFailed(), nil); err != nil {
		t.Fatal(err)
	}
	got, err := filesBelow(dir)
	if want := []string{".notes.txt.ABCDEFGH23.tmp", ".report.html.ABCDEFGH23.tmp", "summary.txt"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("files %q, %v; want %q", got, err, want)
	}
}

// What is made of a saved report is what was made of it at first, byte by byte.
func TestASavedReportIsShownAlike(t *testing.T) {
	for name, r := range sample.All() {
		t.Run(name, func(t *testing.T) {
			var saved bytes.Buffer
			if err := report.Encode(&saved, r); err != nil {
				t.Fatal(err)
			}
			again, err := report.Decode(&saved)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range formats() {
				// One sample's pictures take long enough.
				if f.needsRun || f.name == chartsFolder && (name != "full" || testing.Short()) {
					continue
				}
				sameFiles(t, madeOf(t, f, r), madeOf(t, f, again))
			}
			sameFiles(t, drawings(r), drawings(again))
		})
	}
}

func madeOf(t *testing.T, f format, r *report.Report) []file {
	t.Helper()
	o := output{report: r, dir: "results", written: append(pictureFiles(), pageFile)}
	made, err := f.make(o)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// drawings are a report's pictures as pages have them.
func drawings(r *report.Report) []file {
	var out []file
	pictures := chart.Pictures(r)
	for i := range pictures {
		out = append(out, file{pictures[i].ID, []byte(pictures[i].SVG())})
	}
	return out
}

func sameFiles(t *testing.T, a, b []file) {
	t.Helper()
	if len(a) != len(b) {
		t.Fatalf("%d files, then %d", len(a), len(b))
	}
	for i := range a {
		if a[i].name != b[i].name {
			t.Errorf("%s, then %s", a[i].name, b[i].name)
			continue
		}
		x, y := a[i].content, b[i].content
		if bytes.Equal(x, y) {
			continue
		}
		at := 0
		for at < len(x) && at < len(y) && x[at] == y[at] {
			at++
		}
		t.Errorf("%s: from byte %d on %.80q, then %.80q", a[i].name, at, x[max(0, at-20):], y[max(0, at-20):])
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
