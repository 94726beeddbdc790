package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"k6report/internal/needs"
)

// What a release holds beside the program is of the release's version, which its
// configuration hands on.
func TestReleaseFilesTellTheVersion(t *testing.T) {
	needs.Time(t, "builds the program")
	root := filepath.Join("..", "..")
	config, err := os.ReadFile(filepath.Join(root, ".goreleaser.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(config), "- tools/release-files.sh .cache/release-files {{ .Version }}\n") {
		t.Error("the release does not hand on its version")
	}
	folder := filepath.Join(t.TempDir(), "files")
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000") // the same bytes on every day
	if out, err := exec.CommandContext(t.Context(), filepath.Join(root, "tools", "release-files.sh"), folder, "7.6.5-tried").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	page, err := os.ReadFile(filepath.Join(folder, "man", "k6report-analyze.1"))
	if err != nil {
		t.Fatal(err)
	}
	if head, _, _ := strings.Cut(string(page), ".SH"); !strings.Contains(head, `"k6report 7.6.5-tried"`) || !strings.Contains(head, `.TH "K6REPORT-ANALYZE" "1" "Sep 2026"`) {
		t.Errorf("the manual page begins with\n%s", head)
	}
	for _, c := range documented((&app{forges: forges()}).root()) {
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		if _, err := os.Stat(filepath.Join(folder, "man", name)); err != nil {
			t.Errorf("there is no page on %s: %v", c.CommandPath(), err)
		}
	}
	if first, err := os.ReadFile(filepath.Join(folder, "man", "k6report.1")); err != nil || !strings.Contains(string(first), "K6REPORT_FAIL_ON") {
		t.Errorf("the first page does not tell of variables: %v", err)
	}
	for _, hidden := range []string{"k6report-man.1", "k6report-completion.1"} {
		if _, err := os.Stat(filepath.Join(folder, "man", hidden)); err == nil {
			t.Errorf("there is a page %s", hidden)
		}
	}
	if _, err := os.Stat(filepath.Join(folder, "k6report")); err == nil {
		t.Error("the program of this machine is left behind")
	}
}

// The program that writes manual pages writes the same on every day, and into the one
// folder that it is given.
func TestManualPages(t *testing.T) {
	needs.Time(t, "builds the program")
	dir := t.TempDir()
	t.Setenv("SOURCE_DATE_EPOCH", "1790000000")
	program := filepath.Join(dir, "k6report")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "man", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	man := func(args ...string) (string, int) {
		c := exec.CommandContext(t.Context(), program, append([]string{"man"}, args...)...)
		c.Dir = dir
		out, _ := c.CombinedOutput() // the code says it
		return string(out), c.ProcessState.ExitCode()
	}
	var pages [2][]byte
	for i, folder := range []string{"pages", "again"} {
		out, code := man(folder)
		if code != exitOK || !regexp.MustCompile(`^wrote [0-9]+ pages to `+folder+"\n$").MatchString(out) {
			t.Fatalf("exit code %d: %s", code, out)
		}
		var err error
		if pages[i], err = os.ReadFile(filepath.Join(dir, folder, "k6report-baseline-add.1")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(pages[0], pages[1]) {
		t.Error("a page is written differently the second time")
	}
	for _, args := range [][]string{nil, {"a", "b"}} {
		if out, code := man(args...); code != exitUsage {
			t.Errorf("man %q: exit code %d: %s", args, code, out)
		}
	}
}

// The pages of a release lead to nothing that it does not hold.
func TestTheReleaseHoldsWhatItsPagesLinkTo(t *testing.T) {
	held := releaseFiles(t)
	if len(held) < 40 {
		t.Fatalf("a release holds %v", held)
	}
	pages := 0
	for _, name := range held {
		if path.Ext(name) != ".md" {
			continue
		}
		pages++
		p := readPage(t, name)
		for _, link := range p.links {
			file, _, _ := strings.Cut(link, "#")
			target := p.target(file)
			if !strings.Contains(link, "://") && !slices.ContainsFunc(held, func(name string) bool { return name == target || strings.HasPrefix(name, target+"/") }) {
				t.Errorf("%s leads to %s, which is not in a release", name, link)
			}
		}
	}
	if pages < 20 {
		t.Errorf("a release holds %d pages", pages)
	}
}

// releaseFiles are the files of the repository that .goreleaser.yaml takes.
func releaseFiles(t *testing.T) []string {
	t.Helper()
	var config struct {
		Archives []struct {
			Files []struct {
				Src string `yaml:"src"`
			} `yaml:"files"`
		} `yaml:"archives"`
	}
	if err := yaml.Unmarshal([]byte(documentationPage(t, ".goreleaser.yaml")), &config); err != nil || len(config.Archives) != 1 {
		t.Fatalf("%d archives, %v", len(config.Archives), err)
	}
	var patterns []string
	for _, file := range config.Archives[0].Files {
		patterns = append(patterns, strings.ReplaceAll(regexp.QuoteMeta(file.Src), `\*`, "[^/]*"))
	}
	// A folder that matches is taken with all that is in it.
	taken := regexp.MustCompile("^(?:" + strings.Join(patterns, "|") + ")(?:/.*)?$")
	var files []string
	err := filepath.WalkDir(repository("."), func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(repository("."), file)
		switch name = filepath.ToSlash(name); {
		case err != nil:
			return err
		case d.IsDir() && (strings.HasPrefix(name, ".") && name != "." || name == "results" || name == "bin"):
			return fs.SkipDir
		case !d.IsDir() && taken.MatchString(name):
			files = append(files, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
