package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"k6report/internal/atomicfile"
	"k6report/internal/ingest"
	"k6report/internal/k6exec"
	"k6report/internal/redact"
	"k6report/internal/run"
)

// toolsFolder is where the project's own tools are.
const toolsFolder = ".tools/bin"

// findK6 finds k6, or builds the version that k6report is tested with.
func (a *app) findK6(ctx context.Context, f *runFlags) (path, version string, err error) {
	searchPath, _ := a.getenv("PATH")
	search := k6exec.Search{Explicit: f.k6, Path: searchPath, ToolsDir: toolsFolder}
	path, err = k6exec.Find(search)
	var missing *k6exec.NotFoundError
	if errors.As(err, &missing) && f.k6 == "" {
		path, err = a.installK6(ctx, &f.common)
	}
	switch {
	case missing != nil && f.k6 != "":
		return "", "", fmt.Errorf("--k6 %s: %w", f.k6, err)
	case err != nil:
		return "", "", err
	}
	v, err := k6exec.ReadVersion(ctx, path, a.environmentOfK6())
	if err == nil {
		err = v.Check(path)
	}
	if err != nil {
		return "", "", err
	}
	if v.Unknown() {
		a.say(&f.common, "k6 %s is newer than this k6report, which was tested with %s: should it fail, --k6 says where another one is", v, k6exec.PinnedVersion)
	}
	return path, v.Text, nil
}

func (a *app) installK6(ctx context.Context, c *common) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find a folder for k6: %w", err)
	}
	dir := filepath.Join(cache, "k6report")
	// One that an earlier k6report built may be another version.
	if found, err := k6exec.Find(k6exec.Search{ToolsDir: dir}); err == nil {
		if have, err := k6exec.ReadVersion(ctx, found, a.environmentOfK6()); err == nil && have.Text == k6exec.PinnedVersion {
			return found, nil
		}
	}
	a.say(c, "there is no k6: building %s with go install, which takes some minutes", k6exec.PinnedVersion)
	return k6exec.Install(ctx, k6exec.InstallOptions{Version: k6exec.PinnedVersion, Dir: dir, Env: a.env})
}

// k6NoReason is k6's exit code for what has no code of its own, most often a
// script that is not there.
const k6NoReason = 255

// inspect asks k6 for the plan of a run, before anything is written; nil when
// the script can't be asked.
func (a *app) inspect(ctx context.Context, k6 string, command k6exec.Command) ([]byte, error) {
	plan, err := k6exec.Inspect(ctx, k6exec.InspectOptions{K6: k6, Command: command, Env: a.environmentOfK6(), Redactor: a.redactor})
	var exit *exec.ExitError
	switch {
	case errors.Is(err, k6exec.ErrNoScript):
		return nil, nil
	case errors.As(err, &exit):
		why, _ := k6exec.Explain(exit.ExitCode())
		if exit.ExitCode() == k6NoReason {
			why = "is the script there?"
		}
		return nil, hinted{err, "nothing was run: " + why}
	}
	return plan, err
}

// executed is a run that k6 made.
type executed struct {
	k6exec.RunResult
	record []byte // of how it went
	unkept error  // why the record is not in the run's folder; nil where it is
}

// execute makes the run and keeps its plan and its record.
func (r runner) execute(ctx context.Context, j job) (executed, error) {
	a, f := r.app, r.flags
	if err := j.keepPlan(ctx, a.redactor); err != nil {
		return executed{}, err
	}
	options := k6exec.RunOptions{
		K6: r.k6, Version: r.version, Command: j.command, Env: a.environmentOfK6(), Plan: j.plan,
		Samples: filepath.Join(j.dir, samplesFile),
		Summary: filepath.Join(j.dir, summaryFile),
		Log:     filepath.Join(j.dir, logFile),
		// The time makes it unique, the name makes it telling.
		Tags:  map[string]string{"testid": j.name + "-" + strconv.FormatInt(a.now().UnixMilli(), 36)},
		Stdin: a.stdin, Labels: r.labels, Redactor: a.redactor, Now: a.now, Kill: a.kill,
	}
	if r.influx != nil {
		options.Outputs = []string{r.influx.output()}
		options.Env = a.influxEnvironment(options.Env)
	}
	live := a.runProgress(&f.common, j)
	defer live.finish()
	if !f.quiet {
		options.Messages = live.messages(a.stderr)
	}
	switch {
	case f.verbose && !f.quiet:
		options.Progress = a.stderr
	case live != nil:
		options.Progress = live
	}
	fold := a.section("k6", "k6 runs "+filepath.ToSlash(j.command.Script), true)
	result, err := k6exec.Run(ctx, options)
	fold()
	if err != nil {
		return executed{}, err
	}
	if result.LogErr != nil {
		a.say(&f.common, "%v", result.LogErr)
	}
	record, err := json.MarshalIndent(result.Execution, "", "  ")
	if err != nil {
		return executed{}, fmt.Errorf("keep the record of the run: %w", err)
	}
	done := executed{RunResult: result, record: append(record, '\n')}
	kept := context.WithoutCancel(ctx) // after Ctrl-C too
	if err := atomicfile.WriteFile(kept, filepath.Join(j.dir, executionFile), done.record); err != nil {
		done.unkept = writeError(fmt.Errorf("keep the record of the run: %w", err))
	}
	return done, nil
}

// measured reads what a run left. A record that could not be kept, as on a full disk,
// is still read.
func (r runner) measured(ctx context.Context, j job, done executed) (*run.Run, error) {
	var record []ingest.Source
	files := sourcesOf(j, done.RunResult)
	if done.unkept != nil {
		if len(files) == 0 {
			return nil, errors.New("no file is left of it")
		}
		record = []ingest.Source{{Name: filepath.ToSlash(filepath.Join(j.dir, executionFile)), Reader: bytes.NewReader(done.record)}}
	}
	return r.app.read(ctx, &r.flags.common, r.judge.config, files, record...)
}

// keepPlan writes the plan into the run's folder, without secrets: a script's
// options may hold some, the names of scenarios and the tags of thresholds, too. It is
// masked as it would be when it is read.
func (j job) keepPlan(ctx context.Context, redactor *redact.Redactor) error {
	if j.plan == nil {
		return nil
	}
	text, metric := ingest.Masks(redactor.Text, redact.Patterns)
	masked, err := redact.JSON(j.plan, text, func(in []string, name string) string {
		if namedByK6(in) {
			return metric(name)
		}
		return text(name)
	})
	if err == nil {
		err = atomicfile.WriteFile(ctx, filepath.Join(j.dir, planFile), masked)
	}
	if err != nil {
		return writeError(fmt.Errorf("keep the plan: %w", err))
	}
	return nil
}

// namedByK6 reports whether the names in a part of a plan are those of k6's options,
// which may be a password as any word may, or of metrics.
func namedByK6(in []string) bool {
	return len(in) == 0 || in[0] == "thresholds" || in[0] == "scenarios" && len(in) == 2 || in[len(in)-1] == "stages"
}

// sourcesOf are the files that a run left.
func sourcesOf(j job, result k6exec.RunResult) []string {
	var sources []string
	if result.Samples != "" && isFile(result.Samples) {
		sources = append(sources, result.Samples)
	}
	for _, path := range []string{result.Summary, filepath.Join(j.dir, planFile), filepath.Join(j.dir, executionFile)} {
		if path != "" && holdsSomething(path) {
			sources = append(sources, path)
		}
	}
	return sources
}

// environmentOfK6 is the environment without the tokens that write on a forge:
// every script can read what k6 has, and so can all that a script imports.
func (a *app) environmentOfK6() []string {
	tokens := a.writeTokens()
	return slices.DeleteFunc(slices.Clone(a.env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		// Windows finds a variable however it is written.
		return slices.ContainsFunc(tokens, func(token string) bool { return strings.EqualFold(token, name) })
	})
}

// secrets are the values that no output may hold.
func (a *app) secrets() []string {
	var values []string
	for _, entry := range a.env {
		name, value, _ := strings.Cut(entry, "=")
		if value != "" && redact.SecretName(name) {
			values = append(values, value)
		}
	}
	return values
}
