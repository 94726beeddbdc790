package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/rogpeppe/go-internal/testscript"

	"k6report/internal/gitlab/gitlabtest"
	"k6report/internal/run"
)

// serverKey is where a script's GitLab is kept.
const serverKey = "gitlab"

// gitlabCommand is a script's GitLab:
//
//	gitlab start                  and makes this a job of it
//	gitlab job KIND [NAME=VALUE]  mr, merged, train, branch, target, schedule,
//	                              fork or none; pipeline, commit, base, tip, name,
//	                              into; its pipeline runs, a fork's in the fork
//	gitlab commit SHA [PARENT...]
//	gitlab pipeline ID STATUS JOB JOBSTATUS
//	gitlab break METHOD PATH STATUS [after] [times=N] [retry=S] [delay=D]
//	gitlab mend | gone | public | maintainer | resolve | talk N | hide N
//	gitlab notes N | threads N STATE | issues N | packages N | statuses N
//	gitlab note REGEXP | thread REGEXP | issue REGEXP | status REGEXP | executed
//	gitlab requests MOST          since the last one
//
// Each fails when GitLab's description does not allow a request that it got.
func gitlabCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: gitlab COMMAND ARGS...")
	}
	if args[0] == "start" {
		s := gitlabtest.New()
		ts.Defer(s.Close)
		*ts.Value(serverKey).(**gitlabtest.Server) = s
		for name, value := range map[string]string{
			"GITLAB_CI": "true", "CI_API_V4_URL": s.API(), "CI_PROJECT_ID": "1", "CI_DEFAULT_BRANCH": "main", "CI_JOB_ID": "900",
			"CI_JOB_URL": s.URL + "/group/app/-/jobs/900", "CI_PIPELINE_URL": s.URL + "/group/app/-/pipelines/10",
			"CI_JOB_TOKEN": gitlabtest.JobToken, "K6REPORT_GITLAB_TOKEN": gitlabtest.WriteToken,
			"READ_ONLY": gitlabtest.ReadToken, "FORK": gitlabtest.ForkToken,
		} {
			ts.Setenv(name, value)
		}
		return
	}
	s := *ts.Value(serverKey).(**gitlabtest.Server)
	if s == nil {
		ts.Fatalf("gitlab start comes first")
	}
	for _, m := range s.Mistakes() {
		ts.Fatalf("GitLab would not understand %s", m)
	}
	switch verb, rest := args[0], args[1:]; verb {
	case "job":
		setGitLabJob(ts, rest)
	case "commit":
		s.AddCommit(rest[0], rest[1:]...)
	case "pipeline":
		s.AddPipeline(int64(number(ts, rest[0])), rest[1], gitlabtest.Job{ID: 1, Name: rest[2], Status: rest[3]})
	case "break":
		s.Break(fault(ts, rest))
	case "mend":
		s.Mend()
	case "gone":
		s.CloseClientConnections()
		s.Close()
	case "public":
		s.SetPublic(gitlabtest.Project)
	case "maintainer":
		s.SetMaintainer(gitlabtest.JobToken, true)
	case "resolve":
		s.Resolve(gitlabtest.Person)
	case "talk":
		for range number(ts, rest[0]) {
			s.AddNote(gitlabtest.Person, "talk")
		}
	case "hide":
		s.AddHiddenNotes(number(ts, rest[0]))
	default:
		gitlabCheck(ts, neg, s, verb, rest)
	}
}

func number(ts *testscript.TestScript, text string) int {
	n, err := strconv.Atoi(text)
	ts.Check(err)
	return n
}

// setGitLabJob sets the variables of a kind of pipeline.
func setGitLabJob(ts *testscript.TestScript, args []string) {
	given := map[string]string{"pipeline": "10", "commit": "f000001", "base": "c000005", "tip": "c000005", "name": "load-test", "into": "main"}
	for _, arg := range args[1:] {
		name, value, _ := strings.Cut(arg, "=")
		given[name] = value
	}
	vars := map[string]string{
		"CI_PIPELINE_ID": given["pipeline"], "CI_COMMIT_SHA": given["commit"], "CI_JOB_NAME": given["name"], "CI_COMMIT_REF_NAME": "feature",
		"CI_PIPELINE_SOURCE": "push", "CI_MERGE_REQUEST_IID": "", "CI_MERGE_REQUEST_PROJECT_ID": "", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "",
		"CI_MERGE_REQUEST_DIFF_BASE_SHA": "", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "", "CI_MERGE_REQUEST_EVENT_TYPE": "",
		"CI_OPEN_MERGE_REQUESTS": "", "GITLAB_CI": "true",
	}
	mergeRequest := func(event string) {
		vars["CI_PIPELINE_SOURCE"], vars["CI_MERGE_REQUEST_EVENT_TYPE"] = "merge_request_event", event
		vars["CI_MERGE_REQUEST_IID"], vars["CI_MERGE_REQUEST_PROJECT_ID"] = "7", "1"
		vars["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"], vars["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = given["into"], given["base"]
	}
	s, ref := *ts.Value(serverKey).(**gitlabtest.Server), ""
	switch kind := args[0]; kind {
	case "mr":
		mergeRequest("detached")
		ref = "refs/merge-requests/7/head"
	case "merged", "train":
		mergeRequest(map[string]string{"merged": "merged_result", "train": "merge_train"}[kind])
		vars["CI_MERGE_REQUEST_TARGET_BRANCH_SHA"] = given["tip"]
		ref = map[string]string{"merged": "refs/merge-requests/7/merge", "train": "refs/merge-requests/7/train"}[kind]
	case "fork":
		mergeRequest("detached")
		vars["CI_PROJECT_ID"], vars["CI_JOB_TOKEN"], vars["K6REPORT_GITLAB_TOKEN"] = "2", gitlabtest.ForkToken, ""
	case "branch":
		vars["CI_OPEN_MERGE_REQUESTS"] = "group/app!7"
		s.AddMergeRequestCommit(given["commit"])
		ref = vars["CI_COMMIT_REF_NAME"]
	case "target":
		vars["CI_COMMIT_REF_NAME"] = "main"
		ref = "main"
	case "schedule":
		vars["CI_COMMIT_REF_NAME"], vars["CI_PIPELINE_SOURCE"] = "main", "schedule"
		ref = "main"
	case "none":
		vars["GITLAB_CI"] = ""
	default:
		ts.Fatalf("there is no pipeline of kind %s", kind)
	}
	if ref != "" {
		s.RunOn(int64(number(ts, given["pipeline"])), ref, given["commit"])
	}
	for name, value := range vars {
		ts.Setenv(name, value)
	}
}

func fault(ts *testscript.TestScript, args []string) gitlabtest.Fault {
	f := gitlabtest.Fault{Method: strings.TrimPrefix(args[0], "*"), Path: args[1]}
	switch args[2] {
	case "cut":
	case "slow":
		f.Slow = true
	default:
		f.Status = number(ts, args[2])
	}
	for _, arg := range args[3:] {
		name, value, _ := strings.Cut(arg, "=")
		switch name {
		case "after":
			f.After = true
		case "times":
			f.Times = number(ts, value)
		case "skip":
			f.Skip = number(ts, value)
		case "retry":
			f.Header = map[string]string{"Retry-After": value}
		case "delay":
			d, err := time.ParseDuration(value)
			ts.Check(err)
			f.Delay = d
		default:
			ts.Fatalf("a fault has no %s", name)
		}
	}
	return f
}

func gitlabCheck(ts *testscript.TestScript, neg bool, s *gitlabtest.Server, verb string, args []string) {
	var notes, threads, issues, statuses []string
	open, resolved := 0, 0
	for _, n := range s.Notes() {
		switch {
		case n.Author != gitlabtest.Bot:
		case n.Thread == "":
			notes = append(notes, n.Body)
		default:
			threads = append(threads, n.Body)
			if open++; n.Resolved {
				open, resolved = open-1, resolved+1
			}
		}
	}
	for _, i := range s.Issues() {
		issues = append(issues, i.Title+"\n"+i.Description)
	}
	for _, st := range s.Statuses() {
		statuses = append(statuses, fmt.Sprintf("%s %s %s %s pipeline=%d %s", st.State, st.Name, st.Commit, st.TargetURL, st.Pipeline, st.Description))
	}
	count := func(have int) {
		if want := number(ts, args[0]); have != want {
			ts.Fatalf("GitLab has %d %s, want %d", have, verb, want)
		}
	}
	matches := func(list []string) {
		if len(list) == 0 {
			ts.Fatalf("GitLab has no %s", verb)
		}
		text := list[len(list)-1]
		if regexp.MustCompile("(?m)"+args[0]).MatchString(text) == neg {
			ts.Fatalf("%s %q (negated: %v) of:\n%s", verb, args[0], neg, text)
		}
	}
	switch verb {
	case "notes":
		count(len(notes))
	case "threads":
		count(map[string]int{"open": open, "resolved": resolved}[args[1]])
	case "issues":
		count(len(issues))
	case "statuses":
		count(len(statuses))
	case "packages":
		count(len(s.Packages(gitlabtest.Project)))
	case "note":
		matches(notes)
	case "thread":
		matches(threads)
	case "issue":
		matches(issues)
	case "status":
		matches(statuses)
	case "executed":
		if len(s.Executed()) > 0 != !neg {
			ts.Fatalf("GitLab executed %v", s.Executed())
		}
	case "requests":
		var lines []string
		for _, r := range s.Requests() {
			lines = append(lines, r.Method+" "+r.Path)
		}
		if most := number(ts, args[0]); len(lines) > most {
			ts.Fatalf("%d requests, at most %d:\n%s", len(lines), most, strings.Join(lines, "\n"))
		}
		s.ForgetRequests()
	case "clean":
		for _, p := range s.Packages(gitlabtest.Project) {
			notes = append(notes, string(p.Content))
		}
		cleanCheck(ts, append(append(append(notes, threads...), issues...), statuses...))
	default:
		ts.Fatalf("gitlab has no command %s", verb)
	}
}

// planted are secrets that scripts put everywhere: those that the environment
// knows, and one that nobody told k6report of.
func planted() []string {
	return []string{gitlabtest.WriteToken, gitlabtest.JobToken, "glpat-nobodyToldUsOfThis00", "hunter2-hunter2"}
}

// plantCommand puts secrets into names, URLs, tags and groups of a run in JSON:
// plant IN OUT.
func plantCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: plant IN OUT")
	}
	text := ts.ReadFile(args[0])
	p := planted()
	for from, to := range map[string]string{
		`"name":"endpoint_0"`: `"name":"get ` + p[0] + ` ` + p[3] + ` https://user:` + p[3] + `@host/x?private_token=` + p[2] + `"`,
		`"name":"endpoint_1"`: `"name":"` + p[2] + `"`,
		`"group":""`:          `"group":"::` + p[1] + `","tenant":"` + p[0] + `"`,
	} {
		text = strings.ReplaceAll(text, from, to)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// unpackedSnapshot is what a snapshot holds, where a search finds it; other
// contents are given back as they are.
func unpackedSnapshot(ts *testscript.TestScript, content []byte) []byte {
	if !bytes.HasPrefix(content, []byte(run.MagicPrefix+"\x01")) { // what k6report says begins with its name, too
		return content
	}
	_, err := run.Decode(bytes.NewReader(content))
	ts.Check(err)
	z, err := zstd.NewReader(nil)
	ts.Check(err)
	defer z.Close()
	payload, err := z.DecodeAll(content[bytes.Index(content, []byte("\x28\xb5\x2f\xfd")):], nil)
	ts.Check(err)
	if !bytes.Contains(payload, []byte(`"metrics"`)) {
		ts.Fatalf("the snapshot shows no metrics")
	}
	return payload
}

// cleanCheck looks for the planted secrets in texts, in what the last program
// said and in every file that k6report wrote.
func cleanCheck(ts *testscript.TestScript, texts []string) {
	texts = append(texts, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	look := func(where string, text []byte) {
		text = unpackedSnapshot(ts, text)
		for i, secret := range planted() {
			if bytes.Contains(text, []byte(secret)) {
				ts.Fatalf("secret %d is in %s", i, where)
			}
		}
	}
	for i, text := range texts {
		look(fmt.Sprintf("text %d", i), []byte(text))
	}
	files := 0
	ts.Check(filepath.WalkDir(ts.MkAbs(resultsFolder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == samplesFile { // k6 wrote that itself
			return err
		}
		content, err := os.ReadFile(path)
		look(path, content)
		files++
		return err
	}))
	if files < 10 {
		ts.Fatalf("only %d files were looked at", files)
	}
}
