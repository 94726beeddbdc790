package threshold

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Tag is one condition of a submetric: a sample belongs to it when its tag Key
// has exactly this Value. An empty Value asks for a tag that is there and empty.
type Tag struct {
	Key, Value string
}

// ParseMetric splits a name such as
//
//	http_req_duration{name:checkout, status:"200"}
//
// into the metric and the tags that make it a submetric, as k6 does: tags are
// separated by commas, which quotes do not protect; a key ends at the first
// colon, so values may hold colons (and braces); white space around keys and
// values is dropped, then all quotes of both kinds at their ends, so that
// quotes keep white space; a key's last value counts.
//
// Tags come sorted by key, nil when the name has none. The metric's own name is
// returned as it stands. An error is a *SyntaxError.
func ParseMetric(name string) (metric string, tags []Tag, err error) {
	fail := func(offset int, reason string) error {
		return syntaxError("metric name", name, offset, reason)
	}

	opening, closing := strings.IndexByte(name, '{'), strings.LastIndexByte(name, '}')
	switch {
	case opening < 0 && closing < 0:
		if name == "" {
			return "", nil, fail(0, "it is empty")
		}
		return name, nil, nil
	case opening < 0 || closing >= 0 && closing < opening:
		return "", nil, fail(closing, `"}" without "{" before it`)
	case opening == 0:
		return "", nil, fail(0, "a metric's name is missing before its tags")
	case closing < 0:
		return "", nil, fail(len(name), `"}" is missing`)
	case closing != len(name)-1:
		return "", nil, fail(closing+1, `unexpected text after "}"`)
	}

	offset := opening + 1
	for part := range strings.SplitSeq(name[offset:closing], ",") {
		tag, reason := parseTag(part)
		if reason != "" {
			return "", nil, fail(offset, reason)
		}
		tags = setTag(tags, tag)
		offset += len(part) + len(",")
	}
	slices.SortFunc(tags, func(a, b Tag) int { return cmp.Compare(a.Key, b.Key) })
	return name[:opening], tags, nil
}

// parseTag reads one "key:value"; a reason that isn't empty says what is wrong.
func parseTag(part string) (tag Tag, reason string) {
	if strings.TrimSpace(part) == "" {
		return Tag{}, `a tag is missing: write key:value`
	}
	key, value, _ := strings.Cut(part, ":")
	// k6 refuses nothing at all after the colon, but takes white space and
	// quotes as the empty value.
	if value == "" {
		return Tag{}, fmt.Sprintf(`tag %q has no value: write key:value, or key:"" for an empty one`, strings.TrimSpace(part))
	}
	tag = Tag{Key: unquote(key), Value: unquote(value)}
	if tag.Key == "" {
		// k6 lets this pass, but its tag sets hold no empty key.
		return Tag{}, fmt.Sprintf("tag %q has no key: write key:value", strings.TrimSpace(part))
	}
	return tag, ""
}

func unquote(s string) string { return strings.Trim(strings.TrimSpace(s), `"'`) }

func setTag(tags []Tag, tag Tag) []Tag {
	for i := range tags {
		if tags[i].Key == tag.Key {
			tags[i].Value = tag.Value
			return tags
		}
	}
	return append(tags, tag)
}
