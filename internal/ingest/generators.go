package ingest

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"k6report/internal/run"
)

// generator is a load generator without a tag that names it.
type generator struct {
	name  string // of its first source
	spans []span
}

// generators tells apart the load generators of a run: by their instance tags,
// else by time, for what one k6 writes comes one after the other. The virtual
// users of those without a tag get one, so that they add up.
func (rd *reader) generators(spans []span) {
	tagged := make(map[string]bool)
	var untagged []*generator
	inTime := slices.SortedStableFunc(slices.Values(spans), func(a, b span) int {
		return cmp.Or(cmp.Compare(a.started, b.started), cmp.Compare(a.name, b.name))
	})
	for _, s := range inTime {
		if names := s.instances(); len(names) > 0 {
			for _, name := range names {
				tagged[name] = true
			}
			continue
		}
		at := slices.IndexFunc(untagged, func(g *generator) bool { return !slices.ContainsFunc(g.spans, s.beside) })
		if at < 0 {
			untagged = append(untagged, &generator{name: s.name, spans: []span{s}})
			continue
		}
		untagged[at].spans = append(untagged[at].spans, s)
	}
	found := len(tagged) + len(untagged)
	rd.generatorsFound = found
	if found > 1 {
		for _, g := range untagged {
			for _, s := range g.spans {
				for i := range s.parts {
					s.parts[i] = withInstance(s.parts[i], g.name)
				}
			}
		}
	}
	wanted := rd.options.Instances
	switch {
	case wanted == 0 || found == wanted || found == 0:
	case found < wanted:
		rd.b.Problem(run.Problem{
			Code: "instances_missing", Count: uint64(wanted - found),
			Message: fmt.Sprintf("%d load generators were expected, the sources hold samples of %d: counts, rates and virtual users are those of a part of the load; give the files of all, or tag each with instance=NAME where files do not tell them apart", wanted, found),
		})
	default:
		rd.b.Problem(run.Problem{
			Code: "instances_unexpected", Count: uint64(found - wanted),
			Message: fmt.Sprintf("%d load generators were expected, the sources hold samples of %d: look whether all files are of this test", wanted, found),
		})
	}
}

// instances are the values of the instance tag.
func (s span) instances() []string {
	var names []string
	for _, r := range s.parts {
		for i := range r.Series {
			if name := r.Series[i].Tags.Value("instance"); name != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return names
}

// beside reports whether two sources overlap by more than the disorder in which
// one k6 writes.
func (s span) beside(o span) bool {
	overlap := min(s.ended, o.ended) - max(s.started, o.started)
	shorter := min(s.ended-s.started, o.ended-o.started)
	const disorder, certain = int64(2 * time.Second), int64(5 * time.Second)
	return overlap > certain || overlap > disorder && overlap > shorter/2
}

func (s span) during(o span) bool { return s.ended > o.started && o.ended > s.started }

// toldApart reports whether the instance tags are those of different generators.
func (s span) toldApart(o span) bool {
	x, y := s.instances(), o.instances()
	return len(x)+len(y) > 0 && !slices.ContainsFunc(x, func(name string) bool { return slices.Contains(y, name) })
}

// withInstance names the generator of virtual users.
func withInstance(r *run.Run, name string) *run.Run {
	tagged := *r
	tagged.Series = slices.Clone(r.Series)
	for i := range tagged.Series {
		s := &tagged.Series[i]
		if s.Metric == "vus" || s.Metric == "vus_max" {
			s.Tags = run.NewTagSet(append(s.Tags.List(), run.Tag{Name: "instance", Value: name})...)
		}
	}
	slices.SortFunc(tagged.Series, func(a, b run.Series) int { return a.Key.Compare(b.Key) })
	return &tagged
}

const codeAdded = "generators_added"

// noteAdded says that samples of several load generators are added up.
func (rd *reader) noteAdded(r *run.Run) {
	// What a snapshot brought along is found again.
	r.Problems = slices.DeleteFunc(r.Problems, func(p run.Problem) bool { return p.Code == codeAdded })
	if rd.generatorsFound < 2 {
		return
	}
	addProblem(r, run.Problem{
		Code:    codeAdded,
		Message: fmt.Sprintf("counts, rates and virtual users are those of %d load generators added up; if two of the sources are the same run, give it once", rd.generatorsFound),
	})
}
