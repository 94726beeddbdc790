package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// csvParser reads the records of CSV into a collector.
//
// Its fast path is right because it accounts for every byte: metric, time and
// value have no quotes and go through the functions that the strict path uses;
// of the rest, what lies behind the last two commas is taken apart here where it
// has no quotes, and what lies before is decoded by encoding/csv once for each
// distinct text. (If metadata hold no quote, the comma before them is the last
// of the record, and lies outside quotes, since the quotes before it are
// balanced.) Everything else is left to encoding/csv. A fuzz test holds one path
// against the other.
type csvParser struct {
	*collector
	columns  *csvColumns
	previous *metric // of the row before
	byName   map[string]*metric

	timeText []byte // text of the last time, with the comma behind it
	at       int64
	clock    csvClock

	restText  []byte // what was behind the last value
	baseText  []byte // text of the columns of tags of the row before
	extraText []byte // text of its extra tags
	row       *entry
	key       []byte // scratch

	metaText []byte
	meta     reference
	join     uint64 // of row and meta
	joined   bool   // join is up to date

	entries   map[string]*entry // by columns of tags and extra tags in order
	extras    map[string]string // extra tags in order, by text: k6 writes them in random order
	textBytes int               // length of these texts

	strictOnly bool
}

func newCSVParser(c *collector, columns *csvColumns, strictOnly bool) *csvParser {
	return &csvParser{
		collector:  c,
		columns:    columns,
		previous:   &metric{name: "\x00"},
		byName:     make(map[string]*metric),
		entries:    make(map[string]*entry),
		extras:     make(map[string]string),
		strictOnly: strictOnly || !columns.usual,
	}
}

// record takes one record, with its end.
func (p *csvParser) record(b []byte) error {
	b = bytes.TrimSuffix(b, []byte("\n"))
	b = bytes.TrimSuffix(b, []byte("\r"))
	if p.strictOnly || !p.fast(b) {
		return p.strict(b)
	}
	return nil
}

// fast reads a record as k6 writes it; false leaves it to the strict path.
func (p *csvParser) fast(b []byte) bool {
	m := p.previous.next
	at := 0
	if m == nil || len(b) <= len(m.name) || b[len(m.name)] != ',' || string(b[:len(m.name)]) != m.name {
		end := bytes.IndexByte(b[:min(len(b), maxName+1)], ',')
		if end <= 0 {
			return false
		}
		if m = p.byName[string(b[:end])]; m == nil {
			return false
		}
	}
	at += len(m.name) + 1

	if t := p.timeText; len(t) > 0 && bytes.HasPrefix(b[at:], t) {
		at += len(t)
	} else {
		n := bytes.IndexByte(b[at:min(len(b), at+64)], ',')
		if n < 0 {
			return false
		}
		ns, ok := p.clock.parse(b[at : at+n])
		if !ok {
			return false
		}
		p.at = ns
		p.timeText = append(p.timeText[:0], b[at:at+n+1]...)
		at += n + 1
	}

	v, n := parseDecimal(b[at:])
	if n == 0 || at+n >= len(b) || b[at+n] != ',' {
		return false
	}
	if rest := b[at+n+1:]; p.row == nil || !bytes.Equal(rest, p.restText) {
		if !p.tags(rest) {
			return false
		}
		p.restText = append(p.restText[:0], rest...)
	}
	p.previous.next = m
	p.previous = m
	p.sample(m, p.at, v, p.row, p.reference())
	return true
}

// tags reads what comes behind the value.
func (p *csvParser) tags(b []byte) bool {
	second := bytes.LastIndexByte(b, ',')
	first := bytes.LastIndexByte(b[:max(second, 0)], ',')
	if p.columns.extra == csvFirst { // no columns of tags
		if first >= 0 { // and one column too many
			return false
		}
	} else if first < 0 {
		return false
	}
	if second < 0 || bytes.IndexByte(b[first+1:], '"') >= 0 {
		return false
	}
	base, extra, metadata := b[:max(first, 0)], b[first+1:second], b[second+1:]
	if p.row == nil || !bytes.Equal(extra, p.extraText) || !bytes.Equal(base, p.baseText) {
		if !p.find(base, extra) {
			return false
		}
	}
	if !bytes.Equal(metadata, p.metaText) {
		p.metaText = append(p.metaText[:0], metadata...)
		p.meta = csvReference(p.metaText)
		p.joined = false
	}
	return true
}

// find looks up the entry of tags that differ from those of the row before.
func (p *csvParser) find(base, extra []byte) bool {
	sorted, known := p.extras[string(extra)]
	if !known {
		sorted = sortedPairs(string(extra))
		p.remember(len(extra) + len(sorted))
		p.extras[string(extra)] = sorted
	}
	p.key = append(append(append(p.key[:0], base...), 0), sorted...)
	e := p.entries[string(p.key)]
	if e == nil {
		fields, err := csvFields(base)
		if len(base) == 0 { // to encoding/csv, an empty line is none
			fields, err = []string{""}, nil
		}
		if p.columns.extra == csvFirst {
			fields = nil
		}
		if err != nil || len(fields) != p.columns.extra-csvFirst || bytes.IndexByte(base, 0) >= 0 || bytes.HasSuffix(base, []byte("\r")) {
			return false
		}
		raw := make(map[string]string)
		p.columnTags(raw, fields)
		csvPairs(sorted, func(name, value string) { raw[name] = value })
		e = p.entry(validTags(raw))
		p.remember(len(p.key))
		p.entries[string(p.key)] = e
	}
	p.baseText = append(p.baseText[:0], base...)
	p.extraText = append(p.extraText[:0], extra...)
	p.row, p.joined = e, false
	return true
}

// remember makes room for a text, if need be by forgetting all others.
func (p *csvParser) remember(length int) {
	if len(p.entries) >= maxEntries || len(p.extras) >= maxEntries || p.textBytes+length > maxEntryText {
		clear(p.entries)
		clear(p.extras)
		p.textBytes = 0
	}
	p.textBytes += length
}

// columnTags takes the columns from the first tag on. k6 leaves a column empty
// where a sample lacks the tag.
func (p *csvParser) columnTags(raw map[string]string, fields []string) {
	for i, value := range fields {
		if at := csvFirst + i; value != "" && at != p.columns.extra && at != p.columns.metadata {
			raw[p.columns.names[at]] = value
		}
	}
}

// strict reads one record by the rules of CSV. An error says what is wrong with
// the record, for a person.
func (p *csvParser) strict(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if bytes.Equal(b, p.columns.text) {
		return nil // files put together have several
	}
	fields, err := csvFields(b)
	switch {
	case err != nil:
		return fmt.Errorf("it is not CSV: %w", err)
	case len(fields) >= csvFirst && strings.Join(fields[:csvFirst], ",") == csvOpening:
		if slices.Equal(fields, p.columns.names) {
			return nil
		}
		return errors.New("another header with other columns: these are several files in one; give each by itself")
	case len(fields) != len(p.columns.names):
		return fmt.Errorf("it has %d columns, the header %d", len(fields), len(p.columns.names))
	case fields[0] == "":
		return errors.New("the sample names no metric")
	case len(fields[0]) > maxName:
		return fmt.Errorf("the metric's name %q is longer than %d bytes", clip(fields[0]), maxName)
	}
	var clock csvClock
	at, ok := clock.parse([]byte(fields[1]))
	if !ok {
		return fmt.Errorf("%q is not a time", clip(fields[1]))
	}
	v, n := parseNumber([]byte(fields[2]))
	if n == 0 || n != len(fields[2]) {
		return fmt.Errorf("the value %q is not a finite number", clip(fields[2]))
	}
	m := p.metric(strings.ToValidUTF8(fields[0], "\uFFFD"))
	if m.plain && !strings.Contains(m.name, ",") && p.metrics[m.name] != nil {
		p.byName[m.name] = m
	}
	e := p.strictEntry(fields)
	r := reference{}
	if i := p.columns.metadata; i >= 0 {
		r = csvReference([]byte(fields[i]))
	}
	p.sample(m, at, v, e, r.of(e))
	return nil
}

// strictEntry finds the entry by decoded fields.
func (p *csvParser) strictEntry(fields []string) *entry {
	raw := make(map[string]string)
	p.columnTags(raw, fields[csvFirst:])
	if i := p.columns.extra; i >= 0 {
		csvPairs(fields[i], func(name, value string) { raw[name] = value })
	}
	raw = validTags(raw)
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		fmt.Fprintf(&key, "\x00%d,%d,%s%s", len(name), len(raw[name]), name, raw[name])
	}
	e := p.entries[key.String()]
	if e == nil {
		e = p.entry(raw)
		p.remember(key.Len())
		p.entries[key.String()] = e
	}
	return e
}

// reference is what the current row's request is known by.
func (p *csvParser) reference() uint64 {
	if !p.joined {
		p.join, p.joined = p.meta.of(p.row), true
	}
	return p.join
}

// csvReference finds in metadata what a request is known by.
func csvReference(text []byte) (r reference) {
	if len(text) == 0 {
		return r
	}
	csvPairs(string(text), func(name, value string) {
		switch name {
		case "rid":
			r.rid = []byte(value)
		case "vu":
			r.vu = []byte(value)
		case "iter":
			r.iter = []byte(value)
		}
	})
	return r
}

// sortedPairs puts pairs into order, of equal names the last behind.
func sortedPairs(text string) string {
	var pairs []string
	csvPairs(text, func(name, value string) { pairs = append(pairs, name+"="+value) })
	slices.SortStableFunc(pairs, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	return strings.Join(pairs, "&")
}

// validTags makes valid UTF-8 of names and values, and drops tags without a
// name.
func validTags(raw map[string]string) map[string]string {
	out := make(map[string]string, len(raw))
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if name != "" {
			out[strings.ToValidUTF8(name, "\uFFFD")] = strings.ToValidUTF8(raw[name], "\uFFFD")
		}
	}
	return out
}
