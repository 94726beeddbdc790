package main

import "k6report/internal/report"

// step is one pipeline of the week: what was deployed to the test environment,
// who asked for the run, and what a careful reviewer says of it.
type step struct {
	mr   int64 // the merge request's number; 0 for a pipeline of main
	what string
	kind kind
	// engine are flags of the engine beside the usual ones, which they overrule.
	engine  []string
	happens event
	via     source
	k6      []string // arguments of k6 beside the usual ones
	accept  string   // why the slowdown of the step before is accepted; "" when none is
	late    bool     // the pipeline began before the one of the step before
	retry   bool     // the job of the step before, once more: the same pipeline
	short   bool     // part of the short form
	want    want
}

// refersBack reports whether a step is about the one before it, which then has to
// have been lived through.
func (s *step) refersBack() bool { return s.late || s.retry || s.accept != "" }

// kind is what started a pipeline.
type kind string

const (
	ofMR     kind = ""         // a merge request, detached
	ofFork   kind = "fork"     // the same, from a fork: no variables, another project
	ofMain   kind = "main"     // something was merged
	seed     kind = "seed"     // by hand, on main: five runs
	schedule kind = "schedule" // every night, on main
)

// event is what happens meanwhile.
type event string

const (
	quiet     event = ""
	neighbour event = "neighbour" // others take the processors, on and off, during the first run
	crowd     event = "crowd"     // the same during every run
	crash     event = "crash"     // the engine dies every few seconds, and is started again
	gateway   event = "gateway"   // GitLab does what it is asked, and answers 502 once
)

// source is where k6report reads the runs.
type source string

const (
	fromK6       source = ""         // k6report ci -- k6 run …
	fromDatabase source = "database" // k6 run …, k6report ci influxdb://… summary.json; again with --rerun when suspected
	fromBoth     source = "both"     // the same with the samples' file, held against each other
)

// want is what is right. Where noise may decide, all that would be right is
// listed.
type want struct {
	verdicts []report.Status // of report.json; none: there is no report
	// cause is the component that a regression came from, "component" or
	// "component/detail"; nothing when none may be named, anything when it does not
	// matter, such as when a run is not compared.
	cause  string
	exit   []int
	thread string   // open, resolved, or "" for none
	status string   // of the commit, success or failed; "" for none
	stored int      // runs in the registry afterwards
	issues int      // open ones
	notes  []string // codes of report.json's notes that have to be there
	// silence says that naming nothing is right as well as the cause: where much
	// of the time is in requests that got no answer, the server can't tell.
	silence bool
	// untouched says that the comment stays as an earlier step left it.
	untouched bool
	// says are words that the comment has to hold.
	says string
}

const (
	nothing  = ""
	anything = "*"
)

func statuses(list ...report.Status) []report.Status { return list }

// unchanged is what may be said of a build that is none the worse: that it
// can't be told is honest, a false alarm is not. Suspicion that a second run did
// not confirm is told as such and fails nothing.
func unchanged(stored int) want {
	return want{
		verdicts: statuses(report.Passed, report.Inconclusive, report.Suspected), cause: anything, exit: []int{0},
		status: "success", stored: stored,
	}
}

// slower is a regression with its cause.
func slower(cause string, stored int) want {
	return want{verdicts: statuses(report.Regressed), cause: cause, exit: []int{3}, thread: "open", status: "failed", stored: stored}
}

// broken is a build, or a test, that fails so much that the run is not compared.
func broken(stored int) want {
	return want{verdicts: statuses(report.ThresholdFailed), cause: anything, exit: []int{4}, status: "failed", stored: stored}
}

// slowMachine is a machine that is busy for all of both runs. Nothing tells that
// from a build that is slower by everything, so that calling it worse is no
// mistake; blaming a part of the engine would be.
func slowMachine(stored int) want {
	return want{
		verdicts: statuses(report.Passed, report.Inconclusive, report.Suspected, report.Regressed), cause: anything, exit: []int{0, 3},
		thread: anything, status: anything, stored: stored,
	}
}

// leftAlone is what an older pipeline does that comes late: neither comment nor
// thread are its own to change.
func (w want) leftAlone() want { w.untouched, w.thread = true, ""; return w }

func (w want) orSilent() want                       { w.silence = true; return w }
func (w want) withStatus(state string) want         { w.status = state; return w }
func (w want) withThread(state string) want         { w.thread = state; return w }
func (w want) withIssues(n int) want                { w.issues = n; return w }
func (w want) withNotes(codes ...string) want       { w.notes = codes; return w }
func (w want) withSays(words string) want           { w.says = words; return w }
func (w want) withVerdicts(s ...report.Status) want { w.verdicts = s; return w }

// week is the story, in order: reading it is reading the week.
func week() []step {
	slowCallee := []string{"-callee-delay", "60ms"}
	slowCommit := []string{"-fault", "db-wal"}
	return []step{
		// Monday: the load test comes, and a baseline with it.
		{
			mr: 1, what: "adds the load test; there is no baseline yet", short: true,
			want: unchanged(0).withVerdicts(report.Passed).withNotes("no_baseline").withSays("no baseline yet: this is run 1 of 5"),
		},
		{
			what: "merged; the seed job makes five runs", kind: seed, short: true,
			want: unchanged(5).withVerdicts(report.Passed, report.Inconclusive, report.Suspected),
		},
		{mr: 2, what: "changes documentation only", short: true, want: unchanged(5)},
		{mr: 3, what: "commits wait longer for the log (database)", engine: slowCommit, short: true, want: slower("database", 5).withSays("database")},
		{mr: 3, what: "takes that back", short: true, want: unchanged(5).withThread("resolved")},
		{what: "merge request 3 is merged", kind: ofMain, want: unchanged(6)},

		// Tuesday: connections.
		{mr: 4, what: "one connection to the service that is called", engine: []string{"-fault", "http-limit"}, want: slower("http_pool/connection limit", 6)},
		{mr: 5, what: "long transactions on one database connection", engine: []string{"-fault", "db-pool", "-db-hold", "38ms"}, want: slower("database", 6)},
		{mr: 6, what: "renames a variable", want: unchanged(6)},
		{mr: 6, what: "the job is retried", retry: true, want: unchanged(6)},
		{what: "every night", kind: schedule, want: unchanged(7)},

		// Wednesday: things go wrong.
		{mr: 6, what: "breaks the k6 script", k6: []string{"-e", "TEST_MODE=nonsense"}, want: want{exit: []int{1}, status: "failed", stored: 7, untouched: true}},
		{mr: 7, what: "the service that is called hangs: requests time out", engine: []string{"-callee-delay", "1500ms", "-samples", "1"}, want: slower("http_pool", 7).orSilent()},
		{mr: 8, what: "the engine crashes again and again", happens: crash, want: broken(7)},
		{mr: 9, what: "gives requests a millisecond: the script gives up", k6: []string{"-e", "TIMEOUT=1ms"}, want: broken(7)},
		{mr: 10, what: "unchanged, on a machine with a noisy neighbour", happens: neighbour, want: unchanged(7)},
		{mr: 11, what: "unchanged, and the neighbour stays: every part is slower", happens: crowd, want: slowMachine(7)},
		{mr: 22, what: "more load than one connection carries", engine: []string{"-fault", "db-pool", "-db-hold", "60ms"}, want: slower("database/pool exhaustion", 7).orSilent()},

		// Thursday: forks, races, gateways.
		{mr: 12, what: "from a fork, which can't read the registry", kind: ofFork, want: unchanged(7).withNotes("baseline_unreachable").withStatus("")},
		{mr: 13, what: "expressions are compiled and scopes copied each time (graph)", engine: []string{"-fault", "graph-regex", "-fault", "graph-cpu", "-fault", "graph-memory"}, want: slower("graph", 7)},
		{mr: 14, what: "a push that mends the one before, tested first", want: unchanged(7)},
		{mr: 14, what: "the one before, slow, comes late", engine: slowCallee, late: true, want: slower("http_pool", 7).leftAlone()},
		{mr: 15, what: "unchanged; GitLab answers 502 after it wrote", happens: gateway, want: unchanged(7)},

		// Friday: better, and worse on purpose.
		{mr: 16, what: "ends transactions sooner (faster)", engine: []string{"-db-hold", "1ms"}, want: unchanged(7).withVerdicts(report.Improved)},
		{mr: 17, what: "unchanged, read from InfluxDB", via: fromDatabase, want: unchanged(7)},
		{mr: 18, what: "a slow service, read from InfluxDB", via: fromDatabase, engine: slowCallee, want: slower("http_pool", 7)},
		{mr: 19, what: "unchanged, file and database held against each other", via: fromBoth, want: unchanged(7)},
		{mr: 20, what: "signs orders, which costs time", engine: slowCommit, want: slower("database", 7)},
		{mr: 20, what: "the same, accepted in k6report.yaml", engine: slowCommit, accept: "orders are signed", want: unchanged(7).withThread("resolved").withSays("accepted")},
		{what: "merge request 20 is merged: a new epoch", kind: ofMain, engine: slowCommit, want: unchanged(8)},
		{what: "every night, at the new level", kind: schedule, engine: slowCommit, want: unchanged(9)},
		{mr: 21, what: "unchanged, at the new level", engine: slowCommit, want: unchanged(9)},
		{
			what: "every night: the service has become slow", kind: schedule, engine: append([]string{"-callee-delay", "120ms"}, slowCommit...),
			want: slower("http_pool", 9).withThread("").withIssues(1),
		},
	}
}
