package ingest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"k6report/internal/run"
)

// form is all sources of samples in one format. A run may be given in several
// forms at once, as a file and as a database: then one of them counts, and is
// held against the others.
type form struct {
	id    string // of the format
	seam  *seam
	spans []span // of sources that hold samples
	// used says that its samples count.
	used bool
}

// begin prepares the reading of a source of samples, for which what crosses the
// borders of segments is kept apart from other forms.
func (rd *reader) begin(id string) *form {
	if n := len(rd.forms); n > 0 && rd.forms[n-1].id == id {
		return rd.forms[n-1]
	}
	f := &form{id: id, seam: newSeam(rd.builder()), used: true}
	rd.seam = f.seam
	rd.forms = append(rd.forms, f)
	return f
}

// combine decides what the sources are of each other: parts of one generator's
// output, outputs of several generators, or the same in several forms.
func (rd *reader) combine() error {
	var all []span
	for _, f := range rd.forms {
		all = append(all, f.spans...)
	}
	if err := checkOneRun(all); err != nil {
		return err
	}
	for i, f := range rd.forms {
		for _, o := range rd.forms[:i] {
			if !f.used || !o.used {
				continue
			}
			if err := rd.crossCheck(o, f); err != nil {
				return err
			}
		}
	}
	var used []span
	for _, f := range rd.forms {
		if f.used {
			used = append(used, f.spans...)
		}
	}
	if err := checkRepeated(used); err != nil {
		return err
	}
	rd.generators(used)
	rd.parts = nil
	for _, s := range used {
		rd.parts = append(rd.parts, s.parts...)
	}
	for _, f := range rd.forms {
		f.seam.finish()
		rd.grouped = rd.grouped || f.seam.grouped
		rd.clipped = rd.clipped || f.seam.clipped
		rd.tooMany = rd.tooMany || f.seam.tooMany
		part := f.seam.b.Finish()
		if !f.used { // what was wrong with it remains worth knowing
			part = &run.Run{Problems: part.Problems}
		}
		rd.parts = append(rd.parts, part)
	}
	return nil
}

func (f *form) parts() []*run.Run {
	var parts []*run.Run
	for _, s := range f.spans {
		parts = append(parts, s.parts...)
	}
	return parts
}

func (f *form) names() string {
	var list []string
	for _, s := range f.spans {
		list = append(list, s.name)
	}
	return strings.Join(list, ", ")
}

func (f *form) samples() (n uint64) {
	for _, s := range f.spans {
		n += s.samples
	}
	return n
}

// exactness orders forms by what they keep of a sample, the best first.
var exactness = []string{"k6-json", "snapshot", "influxdb2", "influxdb", "csv"}

// choose takes the better of two forms of the same samples: the one that is
// more complete, else the more exact one. What differs becomes a Problem.
func (rd *reader) choose(a, b *form) {
	rank := func(f *form) int {
		if at := slices.Index(exactness, f.id); at >= 0 {
			return at
		}
		return len(exactness)
	}
	const little = 0.01 // of the samples: less is what a database loses
	na, nb := float64(a.samples()), float64(b.samples())
	switch {
	case nb > na*(1+little), na <= nb*(1+little) && rank(b) < rank(a):
		a, b = b, a
	}
	b.used = false
	differences := differences(a, b)
	if len(differences) == 0 {
		return
	}
	message := differences[0]
	if more := len(differences) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more metrics differ)", more)
	}
	rd.b.Problem(run.Problem{
		Code: "sources_differ", Source: b.names(), Count: uint64(len(differences)),
		Message: fmt.Sprintf("%s: %s is used, which is the more complete or the more exact", message, a.names()),
	})
}

// differences says how two forms of a run differ, by metric.
func differences(a, b *form) []string {
	ra, rb := run.Merge(a.parts()...), run.Merge(b.parts()...)
	names := make(map[string]bool)
	for _, r := range []*run.Run{ra, rb} {
		for i := range r.Series {
			names[r.Series[i].Metric] = true
		}
	}
	var list []string
	for _, name := range sortedKeys(names) {
		x, y := ra.Select(name, nil), rb.Select(name, nil)
		switch {
		case x.Count != y.Count:
			list = append(list, fmt.Sprintf("%s has %d samples in %s and %d in %s", clip(name), x.Count, a.names(), y.Count, b.names()))
		case near(x.Min, y.Min, 1) && near(x.Max, y.Max, 1) && near(x.Sum.Float(), y.Sum.Float(), x.Count):
		default:
			list = append(list, fmt.Sprintf("%s has equally many samples in %s and in %s, but with other values", clip(name), a.names(), b.names()))
		}
	}
	return list
}

// near reports whether sums of so many values are equal, up to the six decimals
// that CSV keeps of each.
func near(x, y float64, values uint64) bool {
	return math.Abs(x-y) <= 1e-6*float64(values)+1e-9*max(math.Abs(x), math.Abs(y))
}

// shared reports whether two sets of parts hold the same samples, perhaps up to
// some that are missing in one or at the end of one: more than half of the
// windows of the shorter one are in the other. Looked at is the metric with the
// most values that are no whole numbers, which different samples don't share; of
// several the one with the highest values.
func shared(a, b []*run.Run) bool {
	metric, length := telling(a, b)
	if metric == "" {
		return false
	}
	x, y := windowsOf(a, metric, length), windowsOf(b, metric, length)
	same := 0
	const lost = 5e-4 // of a window's samples
	exact := 0
	for index, w := range x {
		v, ok := y[index]
		if !ok {
			continue
		}
		if w.count == v.count && near(w.sum, v.sum, w.count) {
			exact++
		}
		if math.Abs(float64(w.count)-float64(v.count)) <= lost*float64(w.count) && (near(w.sum, v.sum, w.count) || math.Abs(w.sum-v.sum) <= lost*math.Abs(w.sum)) {
			same++
		}
	}
	shorter := min(len(x), len(y))
	if shorter < 3 {
		return exact == shorter && shorter > 0
	}
	return 2*same > shorter
}

type windowSum struct {
	count uint64
	sum   float64
}

// telling finds a metric that both have, and the longer of their windows.
func telling(a, b []*run.Run) (metric string, length time.Duration) {
	type tally struct {
		samples uint64
		sum     float64
		broken  bool // not all values are whole numbers
	}
	count := func(parts []*run.Run) map[string]tally {
		found := make(map[string]tally)
		for _, r := range parts {
			length = max(length, r.WindowLength)
			for i := range r.Series {
				s := &r.Series[i]
				t := found[s.Metric]
				sum := s.Sum.Float()
				found[s.Metric] = tally{t.samples + s.Count, t.sum + sum, t.broken || s.Outside == 0 && sum != math.Trunc(sum)}
			}
		}
		return found
	}
	x, y := count(a), count(b)
	most := uint64(0)
	for _, name := range sortedKeys(x) {
		if n := min(x[name].samples, y[name].samples); x[name].broken && y[name].broken && (n > most || n == most && x[name].sum > x[metric].sum) {
			metric, most = name, n
		}
	}
	return metric, length
}

func windowsOf(parts []*run.Run, metric string, length time.Duration) map[int64]windowSum {
	out := make(map[int64]windowSum)
	for _, r := range parts {
		for _, s := range r.SeriesOf(metric) {
			addWindows(out, s.Windows, int64(length/r.WindowLength))
		}
	}
	return out
}

// addWindows adds windows to others that are so many times as long.
func addWindows(out map[int64]windowSum, windows []run.Window, by int64) {
	for _, w := range windows {
		index := w.Index / by
		if w.Index%by < 0 {
			index--
		}
		o := out[index]
		out[index] = windowSum{o.count + w.Count, o.sum + w.Sum.Float()}
	}
}

// checkRepeated refuses samples that are given twice without being the same
// file, such as a file and a copy of its first half.
func checkRepeated(spans []span) error {
	for i, s := range spans {
		for _, o := range spans[:i] {
			if s.ended > o.started && o.ended > s.started && shared(s.parts, o.parts) {
				return fmt.Errorf("read %s: it holds samples that %s holds too: give each once", s.name, o.name)
			}
		}
	}
	return nil
}

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

// differentRuns refuses sources that are not of one run.
type differentRuns struct{ error }

// Hint says what is meant for several runs.
func (differentRuns) Hint() string {
	return "to hold one run against another: k6report compare OLD NEW"
}

func (e differentRuns) Unwrap() error { return e.error }

// checkReported refuses a summary of another run. Samples may be missing: then
// there are fewer than the summary counts, and they lie between its extremes.
// Where many metrics hold what the summary has not seen, it is of other samples.
func checkReported(r *run.Run, sources []Source) error {
	if r.Reported == nil || len(r.Series) == 0 {
		return nil
	}
	compared, unseen, example := 0, 0, ""
	for i := range r.Reported.Metrics {
		m := &r.Reported.Metrics[i]
		sel := r.Select(m.Name, nil)
		if sel.Count == 0 || sel.Outside > 0 || strings.Contains(m.Name, "{") || m.Type != run.Trend && m.Type != run.Counter {
			continue
		}
		said, text := beyond(m, &sel)
		if text == "" {
			continue
		}
		compared++
		if said {
			unseen++
			example = cmp.Or(example, text)
		}
	}
	if unseen < 3 || 3*unseen < compared {
		return nil
	}
	return differentRuns{fmt.Errorf("read %s: the summary is of another run than the samples: %s (and %d more of %d metrics): give the summary of this run, or none", names(sources), example, unseen-1, compared)}
}

// beyond reports whether samples hold what a summary's metric has not seen; the
// text is "" where the summary tells nothing to compare.
func beyond(m *run.ReportedMetric, sel *run.Selection) (unseen bool, text string) {
	if count, ok := m.Value("count"); ok && m.Type == run.Counter {
		sum := sel.Sum.Float()
		return sum > count*1.001+0.5, fmt.Sprintf("%s is %g there and %g here", clip(m.Name), count, sum)
	}
	if highest, ok := m.Value("max"); ok && (highest != 0 || sel.Max != 0) {
		if sel.Max > highest+2e-6 {
			return true, fmt.Sprintf("%s is at most %g there and %g here", clip(m.Name), highest, sel.Max)
		}
		text = m.Name
	}
	if lowest, ok := m.Value("min"); ok && (lowest != 0 || sel.Min != 0) {
		if sel.Min < lowest-2e-6 {
			return true, fmt.Sprintf("%s is at least %g there and %g here", clip(m.Name), lowest, sel.Min)
		}
		text = m.Name
	}
	return false, text
}

// leaveSummary drops the summary of one of several generators.
func leaveSummary(r *run.Run) {
	if r.Reported == nil {
		return
	}
	r.Reported = nil
	r.Problems = append(r.Problems, run.Problem{
		Code:    "summary_of_part",
		Message: "the samples are of several load generators, the summary of one: it is not used, since what k6 says of a part is not true of the whole",
	})
	slices.SortFunc(r.Problems, func(a, b run.Problem) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Source, b.Source))
	})
}
