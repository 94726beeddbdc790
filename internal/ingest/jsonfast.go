package ingest

import (
	"bytes"
	"strings"
)

// The fast path: lines of samples exactly as k6 writes them today,
//
//	{"metric":"NAME","type":"Point","data":{"time":"…","value":1.5,"tags":{…}}}
//
// with "metadata":{…} after the tags at times. It is right because it accepts
// a line only where every byte of it is accounted for: the fixed parts are
// compared as strings; the name has no escapes; time and number go through the
// same functions that the strict decoder uses; the objects of tags and
// metadata are decoded by encoding/json once for each distinct text of them,
// and found again by comparing their bytes. (An object ends where its text
// says, whatever follows: a line that goes on with a known text goes on with
// that object.) A line that fits no step is left to the strict decoder from its
// first byte (jsonstrict.go), which gives the same samples for the lines
// accepted here: a fuzz test holds one against the other.
//
// It is fast because hardly any of these steps looks at bytes one by one. k6
// writes the eight or nine samples of a request one after another, with equal
// time and tags and with metrics in a fixed order. So a line is mostly three
// comparisons and a number: up to the time with what the metric expected next
// begins with, the time with the last one, and all that stands behind the value
// with what stood there in the line before. For the first sample of a request,
// the ends of time, tags and metadata are searched for as bytes, and the tags
// looked up among those seen before.
const (
	pointOpen     = `{"metric":"`
	pointMiddle   = `","type":"Point","data":{"time":"`
	pointValue    = `","value":`
	pointTags     = `,"tags":`
	pointMetadata = `,"metadata":`
	pointClose    = "}}\n"
)

// parser reads lines of k6 JSON into a collector.
type parser struct {
	*collector
	previous *metric // of the line before

	timeText  []byte // text of the last time and what follows it up to the value
	at        int64
	tail      []byte // the last line behind its value; "" when it was not understood
	tagsEntry *entry // of the tags in it
	metaText  []byte // text of the last metadata; "" is none
	meta      reference
	join      uint64 // of tagsEntry and meta

	entries   map[string]*entry // by text of tags
	entryText int               // length of these texts
	clock     clock

	strictOnly bool // leave every line to the strict decoder
}

// maxEntries and maxEntryText bound the texts of tags that are remembered.
const (
	maxEntries   = 16384
	maxEntryText = 16 << 20
)

func newParser(c *collector, strictOnly bool) *parser {
	c.opening = func(name string) string { return pointOpen + name + pointMiddle }
	return &parser{
		collector:  c,
		previous:   &metric{opening: "\x00"},
		entries:    make(map[string]*entry),
		strictOnly: strictOnly,
	}
}

// line reads one line from the start of b, which ends in a newline somewhere.
// It returns the bytes used, or 0 when the line needs the strict decoder.
func (p *parser) line(b []byte) int {
	if p.strictOnly {
		return 0
	}
	m := p.previous.next
	if m == nil || !hasPrefix(b, m.opening) {
		if m = p.named(b); m == nil {
			return 0
		}
	}
	at := len(m.opening)

	if t := p.timeText; len(t) > 0 && bytes.HasPrefix(b[at:], t) {
		at += len(t)
	} else {
		n := p.time(b[at:])
		if n == 0 {
			return 0
		}
		at += n
	}

	v, n := parseDecimal(b[at:])
	if n == 0 {
		return 0
	}
	at += n

	if t := p.tail; len(t) > 0 && bytes.HasPrefix(b[at:], t) {
		at += len(t)
	} else {
		n := p.rest(b[at:])
		if n == 0 {
			return 0
		}
		at += n
	}
	p.previous.next = m
	p.previous = m
	p.sample(m, p.at, v, p.tagsEntry, p.join)
	return at
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// named finds the metric of a line that is not the expected one. A metric's
// first line is left to the strict decoder: a line may still prove to be none.
func (p *parser) named(b []byte) *metric {
	if !hasPrefix(b, pointOpen) {
		return nil
	}
	b = b[len(pointOpen):]
	end := bytes.IndexByte(b[:min(len(b), maxName+1)], '"')
	if end <= 0 || !hasPrefix(b[end:], pointMiddle) {
		return nil
	}
	m := p.metrics[string(b[:end])]
	if m == nil || !m.plain {
		return nil
	}
	return m
}

// time reads a time that differs from the last one.
func (p *parser) time(b []byte) int {
	end := bytes.IndexByte(b[:min(len(b), 64)], '"')
	if end < 0 || !hasPrefix(b[end:], pointValue) {
		return 0
	}
	ns, ok := p.clock.parse(b[:end])
	if !ok {
		return 0
	}
	p.at = ns
	n := end + len(pointValue)
	p.timeText = append(p.timeText[:0], b[:n]...)
	return n
}

// rest reads what stands behind a value and differs from the line before.
func (p *parser) rest(b []byte) int {
	p.tail = p.tail[:0]
	if !hasPrefix(b, pointTags) {
		return 0
	}
	at := len(pointTags)
	n := p.tags(b[at:])
	if n == 0 {
		return 0
	}
	at += n
	if hasPrefix(b[at:], pointMetadata) {
		at += len(pointMetadata)
		n := p.metadata(b[at:])
		if n == 0 {
			return 0
		}
		at += n
	} else {
		p.setMeta(nil, reference{})
	}
	if !hasPrefix(b[at:], pointClose) {
		return 0
	}
	at += len(pointClose)
	p.join = p.meta.of(p.tagsEntry)
	p.tail = append(p.tail, b[:at]...)
	return at
}

// maxPlain bounds the search for the end of an object.
const maxPlain = 4096

// plainLength is the length of an object at the start of b if no string in it
// holds a brace, and else too short; 0 if b does not begin with an object.
func plainLength(b []byte) int {
	if len(b) == 0 || b[0] != '{' {
		return 0
	}
	return bytes.IndexByte(b[:min(len(b), maxPlain)], '}') + 1
}

// tags reads tags that differ from the last ones.
func (p *parser) tags(b []byte) int {
	n := plainLength(b)
	e := p.entries[string(b[:n])]
	if e == nil {
		if n = objectLength(b); n == 0 {
			return 0
		}
		if e = p.entries[string(b[:n])]; e == nil {
			raw, err := decodeStrings(b[:n])
			if err != nil {
				return 0
			}
			e = p.remembered(b[:n], raw)
		}
	}
	p.tagsEntry = e
	return n
}

// remembered makes an entry and keeps it by the text of its tags.
func (p *parser) remembered(text []byte, raw map[string]string) *entry {
	if len(p.entries) >= maxEntries || p.entryText+len(text) > maxEntryText {
		clear(p.entries)
		p.entryText = 0
	}
	p.entryText += len(text)
	e := p.entry(raw)
	p.entries[strings.Clone(string(text))] = e
	return e
}

// metadata reads metadata.
func (p *parser) metadata(b []byte) int {
	if t := p.metaText; len(t) > 0 && bytes.HasPrefix(b, t) {
		return len(t)
	}
	// A request id is new on every request, so the usual form has a short cut.
	n := plainLength(b)
	ref, ok := plainReference(b[:n])
	if !ok {
		if n = objectLength(b); n == 0 {
			return 0
		}
		raw, err := decodeStrings(b[:n])
		if err != nil {
			return 0
		}
		ref = referenceOf(raw)
	}
	p.setMeta(b[:n], ref)
	return n
}

// setMeta keeps what metadata say. The reference is copied, too: it may lie in
// the text.
func (p *parser) setMeta(text []byte, r reference) {
	if len(text) == 0 && len(p.metaText) == 0 {
		return
	}
	p.metaText = append(p.metaText[:0], text...)
	p.meta.rid = append(p.meta.rid[:0], r.rid...)
	p.meta.vu = append(p.meta.vu[:0], r.vu...)
	p.meta.iter = append(p.meta.iter[:0], r.iter...)
}

// objectLength is the length of a JSON object of strings at the start of b, 0
// if it is none or holds anything else. It does not look inside strings.
func objectLength(b []byte) int {
	if len(b) < 2 || b[0] != '{' {
		return 0
	}
	for at := 1; at < len(b); {
		switch b[at] {
		case '"':
			end := stringEnd(b, at+1)
			if end < 0 {
				return 0
			}
			at = end + 1
		case '}':
			return at + 1
		case ',', ':':
			at++
		default:
			return 0
		}
	}
	return 0
}

// stringEnd is the place of the quote that ends a string, -1 if it has none on
// this line.
func stringEnd(b []byte, at int) int {
	for at < len(b) {
		switch c := b[at]; {
		case c == '"':
			return at
		case c == '\\':
			at++
		case c == '\n':
			return -1
		}
		at++
	}
	return -1
}
