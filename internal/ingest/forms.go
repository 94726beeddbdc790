package ingest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"k6report/internal/run"
)

// form is all sources of samples in one format. A run may be given in several
// forms at once, as a file and as a database: then one of them counts, and is
// held against the others.
type form struct {
	format format
	seam   *seam
	spans  []span // of sources that hold samples
	// used says that its samples count.
	used bool
}

// begin prepares the reading of a source of samples, for which what crosses the
// borders of segments is kept apart from other forms.
func (rd *reader) begin(of format) *form {
	if n := len(rd.forms); n > 0 && rd.forms[n-1].format.id == of.id {
		return rd.forms[n-1]
	}
	f := &form{format: of, seam: newSeam(rd.builder()), used: true}
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
	for _, same := range sameForms(rd.forms) {
		rd.choose(same)
	}
	if err := checkClear(rd.forms); err != nil {
		return err
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

// sameForms puts together the forms that hold the same samples. A form may be
// known by another one only, as what a database lost of a run may be by the file,
// but not by what a second database lost: so which are one is settled before any
// of them is left out.
func sameForms(forms []*form) [][]*form {
	var groups [][]*form
	for _, f := range forms {
		group := []*form{f}
		groups = slices.DeleteFunc(groups, func(g []*form) bool {
			if !slices.ContainsFunc(g, f.sameSamples) {
				return false
			}
			group = append(group, g...)
			return true
		})
		groups = append(groups, group)
	}
	return groups
}

// sameSamples reports whether two forms hold the same samples. A database may
// have lost many, for k6 drops whole batches that the server does not take in
// time: then it is known by those that are left.
func (f *form) sameSamples(o *form) bool {
	x, y := f.parts(), o.parts()
	return shared(x, y) || f.lossy(o) && recognised(x, y)
}

// checkClear refuses a file and a database that overlap, of which nothing shows
// what they are of each other: added up they would be twice the load.
func checkClear(forms []*form) error {
	for i, f := range forms {
		for _, o := range forms[:i] {
			if !f.used || !o.used {
				continue
			}
			for _, s := range o.spans {
				for _, d := range f.spans {
					if s.database != d.database && s.during(d) && !s.toldApart(d) {
						return unclearError{fmt.Errorf("read %s: it overlaps in time with %s, but they share no samples, and no instance tag tells them apart: whether they are the same run, of which many samples were lost, or two load generators can't be told", s.name, d.name)}
					}
				}
			}
		}
	}
	return nil
}

// unclearError refuses a file and a database that may be the same run.
type unclearError struct{ error }

// Hint says how to make clear what they are.
func (unclearError) Hint() string {
	return "if they are the same run, give the file alone, which is complete; if they are two load generators, run each with --tag instance=NAME of its own"
}

func (e unclearError) Unwrap() error { return e.error }

// lossy reports whether two forms are a file and a database at the same time.
func (f *form) lossy(o *form) bool {
	return slices.ContainsFunc(f.spans, func(s span) bool {
		return slices.ContainsFunc(o.spans, func(d span) bool { return s.database != d.database && s.during(d) })
	})
}

// choose takes the best of several forms of the same samples: of the complete
// ones the most exact. In what others differ becomes a Problem.
func (rd *reader) choose(same []*form) {
	const little = 0.01 // of the samples: less is what a database loses
	most := 0.0
	for _, f := range same {
		most = max(most, float64(f.samples()))
	}
	rank := func(f *form) int {
		if most > float64(f.samples())*(1+little) {
			return math.MaxInt
		}
		return f.format.rank
	}
	best := slices.MinFunc(same, func(a, b *form) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.format.id, b.format.id))
	})
	for _, f := range same {
		if f != best {
			f.used = false
			rd.noteDifferences(best, f)
		}
	}
}

// noteDifferences says in what a form differs from the one that is used.
func (rd *reader) noteDifferences(used, left *form) {
	differences := differences(used, left)
	if len(differences) == 0 {
		return
	}
	message := differences[0]
	if more := len(differences) - 1; more > 0 {
		message += fmt.Sprintf(" (and %d more metrics differ)", more)
	}
	rd.b.Problem(run.Problem{
		Code: "sources_differ", Source: left.names(), Count: uint64(len(differences)),
		Message: fmt.Sprintf("%s: %s is used, which is the more complete or the more exact", message, used.names()),
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
