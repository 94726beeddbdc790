package ingest

import (
	"slices"
	"strings"

	"k6report/internal/run"
)

// maskOf is a mask for the texts of a run: it leaves k6's own words, by which
// numbers are found, and the name of a submetric stays one. It is nil for nil.
func maskOf(mask func(string) string) func(string) string {
	if mask == nil {
		return nil
	}
	return func(s string) string {
		masked := mask(s)
		if masked == s || isOwnWord(s) {
			return s
		}
		// A mask of the whole might take the brace along, or the next tag.
		if apart, ok := maskSubmetric(s, mask); ok {
			return apart
		}
		return masked
	}
}

// maskSubmetric masks the metric and each tag that make up a submetric's name.
// It reports false for another text, also one that looks like such a name and is
// a secret as a whole.
func maskSubmetric(name string, mask func(string) string) (string, bool) {
	base, tags, ok := submetric(name)
	if !ok {
		return "", false
	}
	conditions := name[len(base):]
	for _, t := range tags {
		for _, text := range []string{t.Name, t.Value} {
			if masked := mask(text); masked != text {
				conditions = strings.ReplaceAll(conditions, text, masked)
			}
		}
	}
	if isOwnWord(base) {
		return base + conditions, true
	}
	apart := mask(base) + conditions
	return apart, apart != name
}

// isOwnWord reports whether a text is one of k6's or k6report's own: a password
// may be "influxdb".
func isOwnWord(s string) bool {
	_, own := builtin(s)
	return own || run.IsSystemTag(s) || slices.Contains([]string{idInfluxQL, idFlux, "default"}, s) ||
		slices.ContainsFunc(formats(), func(f format) bool { return f.id == s })
}
