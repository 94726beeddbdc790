package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k6report/internal/gitlab/gitlabtest"
)

// job is a step as GitLab runs it.
type job struct {
	step
	number   int
	pipeline int64
	commit   string
	base     string // of the merge request
	dir      string // where it runs
	url      string // of the engine
	log      io.Writer
}

// results is where k6report writes, within the job's folder.
const results = "results/ci"

// load is that of every run, as scales of the suite's level baseline: 100
// requests a second for five minutes.
type load struct{ rateScale, timeScale string }

func fullLoad() load  { return load{"0.4", "0.034"} } // 10 s
func shortLoad() load { return load{"0.4", "0.02"} }  // 6 s

// do runs the job's script and answers its exit code.
func (t *town) do(ctx context.Context, j *job) (int, error) {
	if j.via != fromK6 {
		return t.doFromDatabase(ctx, j)
	}
	args := []string{"ci", "--thread", "--schedule-issue", "--color", "never"}
	if j.kind == seed {
		args = append(args, "--repeat", "5")
	}
	args = append(args, "--")
	return t.k6report(ctx, j, append(args, t.k6run(j)...)...)
}

// doFromDatabase makes the run first and reports then, as a team does that
// keeps its runs in a database; what is suspected is run again.
func (t *town) doFromDatabase(ctx context.Context, j *job) (int, error) {
	run := func(id string) ([]string, error) {
		summary, samples := id+"-summary.json", id+".json.gz"
		args := append(t.tags(id), "--address", "", "--summary-export", summary)
		sources := []string{"influxdb://" + t.influx.Addr + "/k6?testid=" + id, summary}
		if j.via == fromBoth {
			args, sources = append(args, "--out", "json="+samples), append(sources, samples)
		}
		args = t.k6run(j, args...)
		code, err := t.command(ctx, j, args[0], args[1:]...)
		if err == nil && code != 0 && code != 99 {
			err = fmt.Errorf("k6 ended with %d", code)
		}
		return sources, err
	}
	args := []string{"ci", "--thread", "--color", "never", "--out", results}
	sources, err := run(j.testID())
	if err != nil {
		return 0, err
	}
	code, err := t.k6report(ctx, j, slices.Concat(args, sources)...)
	if err != nil || !isSuspected(filepath.Join(j.dir, results)) {
		return code, err
	}
	again, err := run(j.testID() + "-confirm")
	if err != nil {
		return 0, err
	}
	return t.k6report(ctx, j, slices.Concat(args, []string{"--rerun", again[0]}, sources)...)
}

func (j *job) testID() string { return fmt.Sprintf("job-%d", 900+j.number) }

// k6run is k6's command line: the suite, into the team's database as well.
func (t *town) k6run(j *job, more ...string) []string {
	args := []string{
		t.k6, "run", "--quiet", "--no-usage-report", "--out", "influxdb=http://" + t.influx.Addr + "/k6",
		"-e", "BASE_URL=" + j.url, "-e", "TEST_MODE=baseline", "-e", "TIMEOUT=1s",
		"-e", "RATE_SCALE=" + t.load.rateScale, "-e", "TIME_SCALE=" + t.load.timeScale,
	}
	return slices.Concat(args, j.step.k6, more, []string{filepath.Join(t.root, "scenarios", "execution-stress.js")})
}

// tags are those of a run that the job makes itself. k6 lets a tag on the command
// line replace the script's, so that they are said again.
func (t *town) tags(testID string) []string {
	var args []string
	for _, tag := range []string{
		"testid=" + testID, "suite=adr-0003", "level=baseline", "rate_scale=" + t.load.rateScale, "time_scale=" + t.load.timeScale,
	} {
		args = append(args, "--tag", tag)
	}
	return args
}

func (t *town) k6report(ctx context.Context, j *job, args ...string) (int, error) {
	return t.command(ctx, j, t.product, args...)
}

// command runs a program as a job's script does. Its exit code is no error.
func (t *town) command(ctx context.Context, j *job, name string, args ...string) (int, error) {
	fmt.Fprintf(j.log, "$ %s %s\n", filepath.Base(name), strings.Join(args, " "))
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, name, args...)
	c.Dir, c.Env, c.Stdout, c.Stderr = j.dir, t.environment(j), j.log, j.log
	err := c.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("%s: %w", filepath.Base(name), ctx.Err())
	case errors.As(err, &exit):
		return exit.ExitCode(), nil
	case err != nil:
		return 0, fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return 0, nil
}

// environment is what GitLab sets for a job, beside PATH and HOME.
func (t *town) environment(j *job) []string {
	page := t.gitlab.URL + "/group/app/-/"
	vars := []string{
		"PATH=" + t.path, "HOME=" + j.dir, "GIT_CEILING_DIRECTORIES=" + t.out, "NO_COLOR=1",
		"GITLAB_CI=true", "CI_API_V4_URL=" + t.gitlab.API(), "CI_DEFAULT_BRANCH=main", "CI_JOB_NAME=load-test", "CI_COMMIT_SHA=" + j.commit,
		fmt.Sprintf("CI_PIPELINE_ID=%d", j.pipeline), fmt.Sprintf("CI_PIPELINE_URL=%spipelines/%d", page, j.pipeline),
		fmt.Sprintf("CI_JOB_ID=%d", 900+j.number), fmt.Sprintf("CI_JOB_URL=%sjobs/%d", page, 900+j.number),
	}
	if j.kind == ofFork {
		vars = append(vars, fmt.Sprintf("CI_PROJECT_ID=%d", gitlabtest.Fork), "CI_JOB_TOKEN="+gitlabtest.ForkToken)
	} else {
		vars = append(vars, fmt.Sprintf("CI_PROJECT_ID=%d", gitlabtest.Project), "CI_JOB_TOKEN="+gitlabtest.JobToken, "K6REPORT_GITLAB_TOKEN="+gitlabtest.WriteToken)
	}
	if j.mr == 0 {
		return append(vars, "CI_COMMIT_REF_NAME=main", "CI_PIPELINE_SOURCE="+map[kind]string{ofMain: "push", seed: "web", schedule: "schedule"}[j.kind])
	}
	return append(vars, "CI_COMMIT_REF_NAME="+branch(j.mr), "CI_PIPELINE_SOURCE=merge_request_event", "CI_MERGE_REQUEST_EVENT_TYPE=detached",
		fmt.Sprintf("CI_MERGE_REQUEST_IID=%d", j.mr), fmt.Sprintf("CI_MERGE_REQUEST_PROJECT_ID=%d", gitlabtest.Project),
		"CI_MERGE_REQUEST_TARGET_BRANCH_NAME=main", "CI_MERGE_REQUEST_DIFF_BASE_SHA="+j.base)
}

func branch(mr int64) string { return fmt.Sprintf("branch-%d", mr) }

// ref is that of the job's pipeline.
func (j *job) ref() string {
	if j.mr == 0 {
		return "main"
	}
	return fmt.Sprintf("refs/merge-requests/%d/head", j.mr)
}

// accepts writes into the branch's configuration that the slowdown of an
// earlier job is meant.
func (t *town) accepts(ctx context.Context, j *job, earlier string) error {
	code, err := t.k6report(ctx, j, "baseline", "accept", filepath.Join(earlier, results, "report.json"), "--reason", j.accept)
	if err == nil && code != 0 {
		err = fmt.Errorf("k6report baseline accept ended with %d", code)
	}
	if err != nil {
		return err
	}
	t.config, err = os.ReadFile(filepath.Join(j.dir, "k6report.yaml"))
	return err
}
