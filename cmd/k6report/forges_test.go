package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"k6report/internal/baseline"
	"k6report/internal/forge"
	"k6report/internal/forge/forgetest"
)

// memoryForge is the row of a forge that is in memory: all that another one takes.
func memoryForge(m *forgetest.Memory) forgeKind {
	return forgeKind{
		name: "memory", title: "Memory", ci: "Memory CI", variable: "MEMORY_CI", writeTokens: []string{"MEMORY_TOKEN"},
		publishHelp: "Publish memory remembers what reports say.", ciHelp: "Memory takes no token.",
		starter: starterFile{"k6report.memory.yml", "job: k6report ci\n", "a job for Memory CI", "a job of Memory CI"},
		job: func(a *app) (*forgeJob, error) {
			number, _ := a.getenv("MEMORY_PIPELINE")
			pipeline, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				return nil, err
			}
			j := &forge.Job{
				Project: "owner/name", Home: "owner/name", Commit: "f000001", Branch: "feature", Default: "main",
				Name: "load-test", URL: "https://memory.example.com/jobs/1", Pipeline: pipeline,
			}
			switch kind, _ := a.getenv("MEMORY_CI"); kind {
			case "request":
				j.Request = forgetest.Request(j.Home)
			case "branch": // the forge has to be asked
				j.Request = &forge.Request{Project: j.Home, Name: "the open pull request of branch feature"}
			case "main":
				j.Branch = j.Default
			}
			return &forgeJob{
				Job: j, writer: func() (forgeClient, error) { return m, nil },
				folding: folding{
					begin: func(_ time.Time, _, title string, _ bool) string { return "::group::" + title + "\n" },
					end:   func(time.Time, string) string { return "::endgroup::\n" },
				},
			}, nil
		},
	}
}

// A forge is one row: the verbs go by it, and say nothing of another one.
func TestAForgeIsOneRow(t *testing.T) {
	t.Chdir(t.TempDir())
	m := usual(1)
	if err := m.writeFile("run.k6run"); err != nil {
		t.Fatal(err)
	}
	memory := new(forgetest.Memory)
	for _, step := range []struct {
		kind, pipeline string
		args           string
		code           int
		says           []string // of either stream
		texts          int
	}{
		{"request", "10", "ci run.k6run --thread", exitOK, []string{
			"::group::k6report publishes\n", "::endgroup::\n", "note on pull request #7: created", "thread on pull request #7: left as it is", "status of the commit: set",
		}, 1},
		{"request", "10", "publish memory results/ci/report.json", exitOK, []string{"note on pull request #7: unchanged", "status of the commit: unchanged"}, 1},
		{"branch", "11", "publish memory results/ci", exitOK, []string{"note on pull request #7: updated"}, 1},
		{"request", "12", "publish memory results/ci --dry-run", exitOK, []string{"--- note on pull request #7 of project owner/name, key load-test\n", "--- status of commit f000001: success"}, 1},
		{"branch", "12", "publish memory results/ci --dry-run", exitOK, []string{"--- note on the open pull request of branch feature, key load-test\n"}, 1},
		{"request", "12", "ci run.k6run --join always", exitUsage, []string{"never joins the baseline"}, 1},
		{"main", "13", "ci run.k6run", exitOK, []string{"joins baseline", "status of the commit: set"}, 1}, // a folder, as it has no store
		{"main", "thirteen", "ci run.k6run", exitOK, []string{"warning: nothing is published", `"thirteen"`}, 1},
		{"", "", "ci run.k6run", exitOK, []string{"this is no job of GitLab CI or Memory CI: nothing is published"}, 1},
		{"", "", "publish memory results/ci", exitUsage, []string{"run it in a job of Memory CI"}, 1},
		{"", "", "publish slack", exitUsage, []string{"hint: k6report publish gitlab REPORT.json\n", "hint: k6report publish memory REPORT.json\n"}, 1},
		{"", "", "init", exitOK, []string{"wrote k6report.gitlab-ci.yml", "wrote k6report.memory.yml: a job for Memory CI"}, 1},
	} {
		a, stdout, stderr := terminal(t, 100, "MEMORY_CI="+step.kind, "MEMORY_PIPELINE="+step.pipeline)
		a.forges = append(a.forges, memoryForge(memory))
		code := a.run(t.Context(), strings.Fields(step.args))
		said := stdout.String() + stderr.String()
		if code != step.code || len(memory.Texts()) != step.texts {
			t.Fatalf("%s, %s: exit code %d, %+v\n%s", step.args, step.kind, code, memory.Texts(), said)
		}
		for _, want := range step.says {
			if !strings.Contains(said, want) {
				t.Errorf("%s, %s does not say %q:\n%s", step.args, step.kind, want, said)
			}
		}
		if step.kind != "" && strings.Contains(said, "GitLab") {
			t.Errorf("%s, %s speaks of GitLab:\n%s", step.args, step.kind, said)
		}
	}
	if note := memory.Texts()[0].Body; !strings.Contains(note, "PASSED") || !strings.Contains(note, "pipeline=11 ") {
		t.Errorf("the note is %s", note)
	}
	if _, err := os.Stat(filepath.FromSlash(defaultStore)); err != nil {
		t.Error(err)
	}
}

// A forge that has a place for baselines keeps them there, unless a folder is named.
func TestAForgeMayKeepBaselines(t *testing.T) {
	t.Chdir(t.TempDir())
	m := usual(1)
	if err := m.writeFile("run.k6run"); err != nil {
		t.Fatal(err)
	}
	k := memoryForge(new(forgetest.Memory))
	bare := k.job
	k.store = "memory's shelf"
	k.job = func(a *app) (*forgeJob, error) {
		j, err := bare(a)
		if err == nil {
			j.blobs = func() (baseline.Blobs, error) { return baseline.Dir("shelf"), nil }
		}
		return j, err
	}
	for _, step := range []struct {
		kind, args string
		code       int
		says       string
	}{
		{"main", "ci run.k6run", exitOK, "joins baseline"},
		{"main", "baseline list", exitOK, "1 run"},
		{"main", "baseline list --store memory:", exitOK, "1 run"},
		{"main", "baseline list --store empty", exitOK, "no baseline"},
		{"main", "baseline list --store memory:x", exitUsage, "behind memory: stands nothing: it is memory's shelf"},
		{"main", "baseline list --store shelf:", exitUsage, "name a folder, or gitlab: or memory:"},
		{"", "baseline list --store memory:", exitUsage, "elsewhere name a folder"},
		{"", "baseline list --help", exitOK, "memory: for memory's shelf (the default in Memory CI)"},
	} {
		a, stdout, stderr := terminal(t, 200, "MEMORY_CI="+step.kind, "MEMORY_PIPELINE=1")
		if step.kind == "" {
			a.env = nil
		}
		a.forges = append(a.forges, k)
		code := a.run(t.Context(), strings.Fields(step.args))
		if said := strings.Join(strings.Fields(stdout.String()+stderr.String()), " "); code != step.code || !strings.Contains(said, step.says) {
			t.Errorf("%s, %q: exit code %d:\n%s", step.args, step.kind, code, said)
		}
	}
	if _, err := os.Stat(filepath.FromSlash(defaultStore)); err == nil {
		t.Error("there are baselines in a folder, too")
	}
}

// No token of a person that writes on any forge is k6's.
func TestTokensOfForgesAreKeptFromK6(t *testing.T) {
	a, _, _ := terminal(t, 100, "PATH=/bin", "K6REPORT_GITLAB_TOKEN=a", "GITLAB_TOKEN=b", "GITHUB_TOKEN=c", "GH_TOKEN=d", "GH_ENTERPRISE_TOKEN=d", "GITHUB_ENTERPRISE_TOKEN=d", "MEMORY_TOKEN=e", "CI_JOB_TOKEN=f")
	a.forges = append(a.forges, memoryForge(nil))
	if got := a.environmentOfK6(); !slices.Equal(got, []string{"PATH=/bin", "CI_JOB_TOKEN=f"}) {
		t.Errorf("k6 has %q", got)
	}
}
