package analyze

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k6report/internal/config"
	"k6report/internal/report"
	"k6report/internal/run"
)

// Baseline is what a run is compared against: runs that measured the same
// thing before. The zero value has no runs: the first run ever.
type Baseline struct {
	// Name is the baseline's, or of the older side of a comparison.
	Name string
	// Runs are the runs to compare with, oldest first, all of the current epoch.
	// A run may be thin, without series: its plan, labels, request tables and
	// the series of [ThinMetrics] are all that is used, but for gates on other
	// metrics, which take Recorded.
	Runs []*run.Run
	// Recorded are the values of [GateValues] when runs were added, by run ID:
	// for what a thin run can't tell any more. May be nil.
	Recorded map[string][]GateValue
	// History are runs before Runs, oldest first, by their recorded values only:
	// what spread there is between runs of unchanged code is learned from them.
	History []PastRun
	// Epoch names the current epoch; "" where no change was ever accepted.
	Epoch string
	// Settled are the fingerprints of the accepted changes that the current epoch
	// has within it: they excuse nothing more. See [config.Accepted.Fingerprint].
	Settled []string
	// All are all valid runs by their recorded values, oldest first, for the
	// trend; empty: there is none.
	All []PastRun
	// Notes are on how the runs were chosen.
	Notes []report.Note
	// Wanted is the number of runs from which a build can fail; 0 is 5.
	Wanted int
	// Unreachable says why the store couldn't be read; "" when it could.
	Unreachable string
	// Group says that candidates and Runs are two groups of runs that stand
	// beside each other, as in k6report compare, not a run and its confirmation.
	Group bool
	// CandidateName names the other side of a group.
	CandidateName string
}

// PastRun is an earlier run of a baseline.
type PastRun struct {
	ID      string
	Epoch   string
	Commit  string        // "" when unknown
	Started time.Time     // zero when unknown
	Status  report.Status // when it was added
	Values  []GateValue
}

// ThinMetrics are the metrics of which even a thin run keeps series, with their
// tags: what tells the level and scale of a run, and whether it held its load.
func ThinMetrics() []string { return []string{"dropped_iterations", "iterations", "vus_max"} }

// MayJoin reports whether the run of a report may become part of a baseline:
// it is valid, and neither a confirmed regression nor one that did not carry
// its load. If not, why says so.
func MayJoin(r *report.Report) (ok bool, why string) {
	for _, n := range r.Notes {
		if n.Severity == report.Invalid {
			return false, "the run is invalid: " + n.Message
		}
	}
	if r.Verdict.Status == report.Regressed {
		return false, "it is a confirmed regression"
	}
	if r.Comparison != nil && slices.ContainsFunc(r.Comparison.Gates, func(g report.Gate) bool { return g.Metric == metricLoad }) {
		return false, "it did not carry its load"
	}
	return true, ""
}

// comparing is one comparison at work.
type comparing struct {
	*subject
	options    *Options
	baseline   *Baseline
	base       []*subject
	candidates []*subject // the run itself first
	values     map[*subject]*valuer
	gates      []config.Gate
	out        *report.Comparison
}

// compare holds the run against its baseline; nil when there is none, which is
// said in a Note.
func (s *subject) compare(o *Options) *report.Comparison {
	b := o.Baseline
	if b == nil {
		return nil
	}
	s.notes = append(s.notes, b.Notes...)
	switch wanted := b.wanted(); {
	case b.Unreachable != "":
		s.note("baseline_unreachable", report.Warning, "nothing was compared, as the baselines could not be read: "+b.Unreachable, b.Name)
		return nil
	case s.capacityRun():
		s.note("capacity_not_compared", report.Info, "this level looks for the load at which the system breaks: it is not compared", b.Name)
		return nil
	case len(s.Requests.Tables) == 0:
		s.note("nothing_to_compare", report.Warning, "nothing was compared: that takes the samples of requests, which a summary does not hold", b.Name)
		return nil
	case len(b.Runs) == 0 && len(b.carried(0)) > 0:
		s.note("no_baseline", report.Info, fmt.Sprintf("epoch %s has no run yet: this is run 1 of %d that are needed before a build can fail", b.Epoch, FreshEpoch), b.Name)
		return nil
	case len(b.Runs) == 0:
		s.note("no_baseline", report.Info, fmt.Sprintf("no baseline yet: this is run 1 of %d that are needed before a build can fail", wanted), b.Name)
		return nil
	}
	c := &comparing{subject: s, options: o, baseline: b, values: make(map[*subject]*valuer)}
	c.out = &report.Comparison{CandidateName: b.CandidateName}
	if !c.gather() {
		return nil
	}
	c.describeBaseline()
	if len(c.out.Differences) > 0 && !o.Force {
		return c.out
	}
	c.cut()
	c.gates = c.chosen()
	c.out.Gates = c.loadGate()
	doubtful := ""
	if len(invalidReasons(s.notes)) > 0 {
		doubtful = "the run is invalid"
	}
	inputs := c.inputs()
	c.out.Gates = append(c.out.Gates, Decide(inputs, Rules{Wanted: b.Wanted, ConfirmRuns: o.ConfirmRuns, Group: b.Group, Doubtful: doubtful})...)
	c.out.Noise = c.noise(inputs)
	c.vanished()
	sortGates(c.out.Gates)
	s.compared = c
	c.shift()
	c.endpointChanges()
	c.explore()
	c.noteRuns()
	return c.out
}

func (b *Baseline) wanted() int { return Rules{Wanted: b.Wanted}.wanted() }

// gather makes subjects of the runs that can be compared; false when none is
// left.
func (c *comparing) gather() bool {
	c.candidates = []*subject{c.subject}
	more := c.options.More
	if c.options.Rerun != nil {
		more = append([]*run.Run{c.options.Rerun}, more...)
	}
	for _, r := range more {
		c.addCandidate(r)
	}
	var all []*subject
	for _, r := range c.baseline.Runs {
		if slices.ContainsFunc(c.candidates, func(s *subject) bool { return s.ID == r.ID }) && !c.baseline.Group {
			c.note("baseline_holds_run", report.Info, "the baseline holds this run already: it is not compared with itself", r.ID)
			continue
		}
		if s := c.ofBaseline(r); s != nil {
			all = append(all, s)
		}
	}
	if len(all) == 0 && c.baseline.Group {
		c.note("no_baseline", report.Warning, "nothing was compared: no run of "+c.baseline.Name+" is valid", c.baseline.Name)
		return false
	}
	if len(all) == 0 {
		c.note("no_baseline", report.Info, fmt.Sprintf("no other run is in the baseline yet: %d are needed before a build can fail", c.baseline.wanted()), c.baseline.Name)
		return false
	}
	var differences []report.Difference
	var unknown []string
	for _, s := range slices.Backward(all) {
		differ, open := comparability(s, c.subject)
		if len(differ) > 0 && differences == nil {
			differences = differ // of the newest that differs
		}
		if len(differ) == 0 || c.options.Force {
			c.base = append(c.base, s)
			unknown = append(unknown, open...)
		}
	}
	slices.Reverse(c.base)
	left := len(all) - len(c.base)
	switch {
	case len(c.base) == 0:
		c.base, c.out.Differences = all, differences
	case c.options.Force && differences != nil:
		c.out.Differences, c.out.Forced = differences, true
		c.note("forced_comparison", report.Warning, "the runs are not comparable and were compared all the same: "+differenceText(differences[0], "the baseline")+": what is found may come from that", "")
	case left > 0:
		c.note("baseline_runs_left_out", report.Info, fmt.Sprintf("%s of the baseline measured something else and took no part: %s", plural(left, "run", "runs"), differenceText(differences[0], "the baseline")), c.baseline.Name)
	}
	slices.Sort(unknown)
	if unknown = slices.Compact(unknown); len(unknown) > 0 && len(c.out.Differences) == 0 {
		c.note("comparability_unknown", report.Info, "it can't be told whether the runs agree in all that matters, as one side does not tell: "+strings.Join(unknown, ", "), "")
	}
	return true
}

// ofBaseline is a run of the baseline; nil for one that tells nothing. Those of a
// store showed that they are valid when they joined it.
func (c *comparing) ofBaseline(r *run.Run) *subject {
	if !c.baseline.Group {
		return newSubject(r, c.options.Config)
	}
	s := checked(r, c.options.Config)
	if why := s.unusable(); why != "" {
		c.note("run_left_out", report.Warning, "a run of "+c.baseline.Name+" is invalid and took no part: "+why, r.ID)
		return nil
	}
	return s
}

// unusable is why a run is invalid for more than a load that it didn't carry; "" for
// one that is not.
func (s *subject) unusable() string {
	if reasons := invalidReasons(s.notes); len(reasons) > len(overloadReasons(s.notes)) {
		return reasons[0]
	}
	return ""
}

// addToGroup adds a further run to the candidate's side.
func (c *comparing) addToGroup(r *run.Run) {
	s := checked(r, c.options.Config)
	differ, _ := comparability(c.subject, s)
	switch why := s.unusable(); {
	case len(differ) > 0 && !c.options.Force:
		c.note("run_left_out", report.Warning, "a run of "+c.baseline.CandidateName+" measured something else and took no part: "+differenceText(differ[0], "the first one"), r.ID)
	case why != "":
		c.note("run_left_out", report.Warning, "a run of "+c.baseline.CandidateName+" is invalid and took no part: "+why, r.ID)
	default:
		c.candidates = append(c.candidates, s)
	}
}

// addCandidate adds a further run of the candidate, if it is one.
func (c *comparing) addCandidate(r *run.Run) {
	if c.baseline.Group {
		c.addToGroup(r)
		return
	}
	s := checked(r, c.options.Config)
	differ, _ := comparability(c.subject, s)
	switch why := s.unusable(); {
	case r.ID == c.ID:
		c.note("rerun_unused", report.Error, "the second run is the first one again: it confirms nothing", r.ID)
	case len(differ) > 0 && !c.options.Force:
		c.note("rerun_unused", report.Error, "the second run can't confirm anything, as it measured something else: "+differenceText(differ[0], "the first run"), r.ID)
	case why != "":
		c.note("rerun_unused", report.Warning, "the second run is invalid and can't confirm anything: "+why, r.ID)
	default:
		c.candidates = append(c.candidates, s)
	}
}

// checked is a subject with the notes on its validity.
func checked(r *run.Run, c *config.Config) *subject {
	s := newSubject(r, c)
	out := s.identity()
	out.Load = s.load()
	out.Endpoints = s.endpoints()
	out.ServiceLevels = s.serviceLevels(&out.Load)
	s.validity(&out)
	return s
}

func differenceText(d report.Difference, in string) string {
	return fmt.Sprintf("%s is %s in %s and %s now", d.What, orNone(d.Baseline), in, orNone(d.Candidate))
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (c *comparing) describeBaseline() {
	out := report.Baseline{Name: c.baseline.Name, Runs: len(c.base), Wanted: c.baseline.wanted(), Epoch: c.baseline.Epoch}
	for _, s := range c.base {
		out.IDs = append(out.IDs, s.ID)
	}
	for _, s := range c.candidates {
		c.out.Candidate = append(c.out.Candidate, s.ID)
	}
	c.out.Baseline = out
	c.out.Labels = intended(c.base, c.candidates)
}

// cut chooses the warm-up that all runs lose alike: the largest, or none where
// the load of any of them changes.
func (c *comparing) cut() {
	all := slices.Concat(c.base, c.candidates)
	changing := slices.IndexFunc(all, (*subject).changes)
	cut, own := 0.0, 0.0
	if changing < 0 {
		own = c.warmUp()
		for _, s := range all {
			cut = max(cut, s.warmUp())
		}
	}
	for _, s := range all {
		c.values[s] = s.valuer(cut)
	}
	c.out.WarmUpS = cut
	if cut > own {
		c.note("warm_up_common", report.Info, fmt.Sprintf("the first %.1f s of every run are left out of the comparison: one of them took so long to warm up", cut), "")
	}
	if changing >= 0 {
		why := "by plan"
		if all[changing].plan == nil {
			why = "as measured"
		}
		c.note("compared_whole", report.Info, fmt.Sprintf("the load changes (%s), so no warm-up can be told from it: whole runs are compared, with their warm-up and all levels together", why), "")
	}
}

// vanished says which gates the candidate has no value of.
func (c *comparing) vanished() {
	for _, g := range c.out.Gates {
		if g.Verdict == report.GateNotComparable {
			c.note("gate_not_comparable", report.Warning, report.GateName(g.Metric, g.Endpoint, g.Statistic)+" could not be compared: "+g.Reason, g.Endpoint)
		}
	}
}

// sortGates puts what matters first.
func sortGates(gates []report.Gate) {
	order := []string{
		report.GateRegressed, report.GateSuspected, report.GateNotComparable, report.GateInconclusive,
		report.GateAccepted, report.GateImproved, report.GateOK,
	}
	slices.SortStableFunc(gates, func(a, b report.Gate) int {
		return slices.Index(order, a.Verdict) - slices.Index(order, b.Verdict)
	})
}

// noteRuns says what few runs, and what was taken for granted, mean.
func (c *comparing) noteRuns() {
	n, wanted := len(c.base), c.baseline.wanted()
	if c.baseline.Group {
		if n == 1 && len(c.candidates) == 1 {
			c.note("single_runs", report.Warning, "each side is a single run: two runs of the same code differ, too, and by how much is not known; several runs of each would tell", "")
		}
		return
	}
	if n < wanted && len(c.carried()) == 0 {
		how := "by the spread between them"
		if n < 3 {
			how = "only against large changes, as the spread between runs is unknown"
		}
		c.note("few_baseline_runs", report.Info, fmt.Sprintf("the baseline has %s of %d: it guards %s, and %s before a build can fail", plural(n, "run", "runs"), wanted, how, plural(wanted-n, "more is needed", "more are needed")), c.baseline.Name)
	}
	if c.options.ConfirmRuns == 1 {
		c.note("one_run_confirms", report.Warning, "one run is enough to fail the build (--confirm-runs 1): of unchanged builds, several in a hundred fail instead of less than one", "")
	}
}
