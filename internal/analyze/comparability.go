package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k6report/internal/report"
	"k6report/internal/run"
)

// environmentLabels are the labels, and tags of the test, that say where and
// how a run was made: runs that differ in one measured different things. Other
// labels, such as commit, differ by intent.
func environmentLabels() []string {
	return []string{"cluster", "env", "environment", "level", "machine", "rate_scale", "region", "runner", "suite", "target", "time_scale"}
}

// comparability lists what two runs don't share that a comparison takes for
// granted, and what is unknown on a side, which is no difference.
func comparability(base, candidate *subject) (differences []report.Difference, unknown []string) {
	differ := func(what, there, here string) {
		if there != here {
			differences = append(differences, report.Difference{What: what, Baseline: there, Candidate: here})
		}
	}
	for _, name := range environmentLabels() {
		there, here := base.labelled(name), candidate.labelled(name)
		switch {
		case there != "" && here != "":
			differ(name, there, here)
		case there != "" || here != "":
			unknown = append(unknown, name)
		}
	}
	if len(base.Requests.Tables) > 0 && len(candidate.Requests.Tables) > 0 {
		differ("exclude.groups", strings.Join(base.Requests.ExcludedGroups, ", "), strings.Join(candidate.Requests.ExcludedGroups, ", "))
	}
	there, here := base.scenarioNames(), candidate.scenarioNames()
	switch {
	case len(there) == 0 || len(here) == 0:
		unknown = append(unknown, "scenarios")
	case !slices.Equal(there, here):
		differ("scenarios", strings.Join(there, ", "), strings.Join(here, ", "))
		return differences, unknown // their loads differ then, too
	}
	if base.plan == nil || candidate.plan == nil {
		return differences, append(unknown, "plan")
	}
	for i := range base.plan.scenarios {
		b := &base.plan.scenarios[i]
		at := slices.IndexFunc(candidate.plan.scenarios, func(c scenario) bool { return c.Name == b.Name })
		if at < 0 {
			continue
		}
		c := &candidate.plan.scenarios[at]
		what := "load"
		if len(base.plan.scenarios) > 1 {
			what = "load of scenario " + b.Name
		}
		differ(what, b.configured(), c.configured())
	}
	return differences, unknown
}

// labelled is a label of the run, else a tag of all its samples.
func (s *subject) labelled(name string) string {
	for _, l := range s.Labels {
		if l.Name == name {
			return l.Value
		}
	}
	return s.tags[name]
}

// scenarioNames are those of the plan, else those that had iterations.
func (s *subject) scenarioNames() []string {
	var names []string
	if s.plan != nil {
		for _, sc := range s.plan.scenarios {
			names = append(names, sc.Name)
		}
	} else {
		for _, t := range s.Requests.Tables {
			if t.Protocol == run.ProtocolIteration {
				names = append(names, t.Name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// configured is the load that a scenario was asked for, in words. What an
// arrival rate may use to keep up (its virtual users) is no part of it.
func (s *scenario) configured() string {
	var load []string
	unit := "VUs"
	if s.open {
		unit = "/s"
	}
	amount := func(v float64) string {
		if unit == "/s" {
			return number(v) + unit
		}
		return number(v) + " " + unit
	}
	switch {
	case s.endsItself():
		load = append(load, fmt.Sprintf("%d iterations of %d VUs", s.Iterations, s.VUs))
	case len(s.curve) > 0:
		load = append(load, amount(s.curve[0].value))
		for i := 1; i < len(s.curve); i++ {
			a, b := s.curve[i-1], s.curve[i]
			if a.value == b.value {
				load = append(load, "for "+number(b.at-a.at)+" s")
			} else {
				load = append(load, "to "+amount(b.value)+" in "+number(b.at-a.at)+" s")
			}
		}
	}
	if s.Start > 0 {
		load = append(load, "from "+number(s.Start.Seconds())+" s on")
	}
	return strings.TrimSpace(s.Executor + " " + strings.Join(load, " "))
}

// intended are the labels that differ between two sides by intent, such as the
// commit. A side whose runs don't agree on one is shown with all its values.
func intended(base, candidate []*subject) []report.Difference {
	values := func(side []*subject) map[string][]string {
		out := make(map[string][]string)
		for _, s := range side {
			for _, l := range s.Labels {
				if !slices.Contains(out[l.Name], l.Value) {
					out[l.Name] = append(out[l.Name], l.Value)
				}
			}
		}
		return out
	}
	there, here := values(base), values(candidate)
	shown := func(list []string) string {
		const most = 3
		if len(list) > most {
			return strings.Join(list[len(list)-most:], ", ") + fmt.Sprintf(" and %d more", len(list)-most)
		}
		return strings.Join(list, ", ")
	}
	var out []report.Difference
	for _, name := range sortedKeys(there) {
		a, b := shown(there[name]), shown(here[name])
		if a != b && b != "" && !slices.Contains(environmentLabels(), name) {
			out = append(out, report.Difference{What: name, Baseline: a, Candidate: b})
		}
	}
	slices.SortFunc(out, func(a, b report.Difference) int { return cmp.Compare(a.What, b.What) })
	return out
}
