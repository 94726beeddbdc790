package ingest

import (
	"slices"
	"strings"

	"k6report/internal/run"
)

// Masks are [Options.Mask] and [Options.Patterns] as they are applied to a run: to
// its texts, and to the names of its metrics and submetrics. Both leave k6's own
// words, by which numbers are found, keep the name of a submetric one, and change
// nothing in what they gave. They are nil where all is; patterns that are nil are
// all.
func Masks(all, patterns func(string) string) (text, metric func(string) string) {
	if all == nil {
		return nil, nil
	}
	if patterns == nil {
		patterns = all
	}
	m := mask{all, patterns}
	return m.text, m.metric
}

type mask struct {
	all      func(string) string
	patterns func(string) string // all, but for values that it knows
}

func (m mask) text(s string) string {
	masked := m.all(s)
	if masked == s || isOwnWord(s) {
		return s
	}
	// A mask of the whole might take the brace along, or the next tag.
	if apart, ok := m.submetric(s, m.text); ok {
		return apart
	}
	return masked
}

// metric masks a metric's name. One that k6 allows is chosen by the author of the
// script, as the configuration's rules are: that it contains the password of a
// database tells nothing, and without it no rule finds the metric.
func (m mask) metric(s string) string {
	switch {
	case isOwnWord(s):
		return s
	case isIdentifier(s):
		return m.patterns(s)
	case m.all(s) == s:
		return s
	}
	if apart, ok := m.submetric(s, m.metric); ok {
		return apart
	}
	return m.text(s)
}

// submetric masks the metric, by a mask of its own, and each tag that make up a
// submetric's name, the tags as those of samples. It reports false for another
// text, also for one that looks like such a name and holds a known value across
// its parts.
func (m mask) submetric(name string, maskBase func(string) string) (string, bool) {
	base, _, ok := submetric(name)
	if !ok {
		return "", false
	}
	var apart, across strings.Builder
	add := func(part, masked string) {
		part = strings.Replace(part, bare(part), masked, 1)
		apart.WriteString(part)
		if m.all(part) != m.patterns(part) { // a value that stays on purpose
			part = "x"
		}
		across.WriteString(part)
	}
	between := func(s string) { apart.WriteString(s); across.WriteString(s) }

	add(base, maskBase(base))
	separator := "{"
	for condition := range strings.SplitSeq(name[len(base)+1:len(name)-1], ",") {
		key, value, _ := strings.Cut(condition, ":")
		between(separator)
		add(key, m.text(bare(key)))
		between(":")
		add(value, m.text(bare(value)))
		separator = ","
	}
	between("}")
	return apart.String(), m.all(across.String()) == m.patterns(across.String())
}

// bare is a part of a submetric's name as k6 takes it, without what encloses it.
func bare(part string) string { return strings.Trim(strings.TrimSpace(part), `"'`) }

// isIdentifier reports whether k6 takes a name for a metric.
func isIdentifier(s string) bool {
	other := func(c rune) bool {
		return c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z')
	}
	return s != "" && len(s) <= 128 && !strings.ContainsFunc(s, other)
}

// isOwnWord reports whether a text is one of k6's or k6report's own: a password
// may be "influxdb".
func isOwnWord(s string) bool {
	_, own := builtin(s)
	return own || run.IsSystemTag(s) || s == "default" ||
		slices.ContainsFunc(formats(), func(f format) bool { return f.id == s })
}
