package ingest

import (
	"regexp"
	"strings"

	"k6report/internal/run"
)

// normalizer turns the tags of a sample into those of a series: values without
// bound are grouped, what says who sent the sample is taken out.
type normalizer struct {
	endpointName func(method, url string) (string, bool)
	named        func(run.Tag) bool  // does a submetric name this value?
	namedTag     func(string) bool   // or any value of this tag?
	masked       func(string) string // takes secrets out of a value
}

// normalTags are the tags of a sample as its series has them.
type normalTags struct {
	tags     []run.Tag
	vu, iter string // the virtual user and iteration, where old versions of k6 wrote them as tags
	grouped  bool   // some URL was
	clipped  bool   // some value was, or a tag left out
}

// ephemeral matches the client's side of a connection in an error text.
var ephemeral = regexp.MustCompile(`\S+:\d+->`)

// tags takes decoded tags, which are valid UTF-8. Configured rules see values as they
// are, and secrets go before anything else is made of them: of one that is cut or
// grouped, a part would stay.
func (n *normalizer) tags(raw map[string]string) normalTags {
	to := normalTags{tags: make([]run.Tag, 0, len(raw))}
	for name, value := range raw {
		if len(name) > maxName {
			to.clipped = true
			continue
		}
		switch name { // first: another URL in each request is not worth a mask if it goes
		case "vu":
			to.vu = value
		case "iter":
			to.iter = value
		case "url":
			if _, hasName := raw["name"]; !hasName {
				n.addName(&to, run.Tag{Name: "name", Value: value}, raw["method"])
			}
			if n.namedTag(name) {
				if t := (run.Tag{Name: name, Value: n.masked(value)}); n.named(t) {
					to.tags = append(to.tags, t)
				}
			}
		case "name", "endpoint":
			n.addName(&to, run.Tag{Name: name, Value: value}, raw["method"])
		case "error":
			n.add(&to, run.Tag{Name: name, Value: ephemeral.ReplaceAllString(n.masked(value), "")})
		default:
			n.add(&to, run.Tag{Name: name, Value: n.masked(value)})
		}
	}
	return to
}

// add adds a tag, and cuts a value that is too long for a key.
func (n *normalizer) add(to *normalTags, t run.Tag) {
	if len(t.Value) > maxTagValue && !n.named(t) {
		to.clipped = true
		t.Value = strings.ToValidUTF8(t.Value[:maxTagValue], "") + "…"
	}
	to.tags = append(to.tags, t)
}

// addName adds a tag that names requests.
func (n *normalizer) addName(to *normalTags, raw run.Tag, method string) {
	t, grouped := n.name(raw, method)
	to.grouped = to.grouped || grouped
	n.add(to, t)
}

// name masks a value, groups the variable parts of a URL, and applies configured
// names.
func (n *normalizer) name(raw run.Tag, method string) (t run.Tag, grouped bool) {
	t = run.Tag{Name: raw.Name, Value: n.masked(raw.Value)}
	if n.named(t) {
		return t, false
	}
	if n.endpointName != nil {
		if name, ok := n.endpointName(method, raw.Value); ok {
			t.Value = n.masked(name)
			return t, false
		}
	}
	value := groupURL(t.Value)
	grouped = value != t.Value
	t.Value = value
	return t, grouped
}

// groupURL replaces what varies from request to request in a URL or path by
// placeholders: numbers by {n}, UUIDs by {uuid}, long hexadecimal or mixed
// words by {id}; it drops query and fragment. Other strings stay as they are.
func groupURL(s string) string {
	scheme := strings.Index(s, "://")
	if scheme < 0 && !strings.HasPrefix(s, "/") {
		return s
	}
	if end := strings.IndexAny(s, "?#"); end >= 0 {
		s = s[:end]
	}
	head := 0
	if scheme >= 0 && scheme+3 <= len(s) {
		head = scheme + 3
		if slash := strings.IndexByte(s[head:], '/'); slash >= 0 {
			head += slash
		} else {
			return s
		}
	}
	segments := strings.Split(s[head:], "/")
	for i, segment := range segments {
		segments[i] = placeholder(segment)
	}
	return s[:head] + strings.Join(segments, "/")
}

func placeholder(segment string) string {
	digits, hex, letters, dashes := 0, 0, 0, 0
	for _, c := range segment {
		switch {
		case c >= '0' && c <= '9':
			digits++
			hex++
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F':
			hex++
			letters++
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
			letters++
		case c == '-', c == '_':
			dashes++
		default:
			return segment
		}
	}
	length := len(segment)
	switch {
	case length == 0:
		return segment
	case digits == length:
		return "{n}"
	case length == 36 && hex == 32 && dashes == 4:
		return "{uuid}"
	case digits >= 2 && hex+dashes == length && length >= 12, digits >= 4 && letters >= 4 && length >= 20:
		return "{id}"
	}
	return segment
}
