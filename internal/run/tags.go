package run

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"
)

// Tag is one name and value of a sample, such as method=GET.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// TagSet is an immutable set of tags with distinct names, comparable with ==
// and usable as a map key. The zero value is the empty set.
type TagSet struct {
	// encoded holds the tags in order of their names, each string preceded by
	// its length, so that equal sets are equal strings.
	encoded string
}

// Key names a series: one metric under one set of tags.
type Key struct {
	Metric string `mask:"metric"`
	Tags   TagSet
}

// Compare orders keys by metric, then by tags.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Metric, o.Metric), k.Tags.Compare(o.Tags))
}

// NewTagSet builds a set; of tags with equal names the last one counts. Bytes
// that are no UTF-8 become U+FFFD, as everywhere in this package: the head of a
// snapshot can't hold them.
func NewTagSet(tags ...Tag) TagSet {
	sorted := slices.Clone(tags)
	for i := range sorted {
		sorted[i].Name = clean(sorted[i].Name)
	}
	slices.SortStableFunc(sorted, func(a, b Tag) int { return cmp.Compare(a.Name, b.Name) })
	var encoded []byte
	for i, tag := range sorted {
		if i+1 < len(sorted) && sorted[i+1].Name == tag.Name {
			continue
		}
		encoded = appendString(appendString(encoded, tag.Name), clean(tag.Value))
	}
	return TagSet{encoded: string(encoded)}
}

// All yields the tags in order of their names.
func (t TagSet) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for rest := t.encoded; rest != ""; {
			var name, value string
			name, rest = cutString(rest)
			value, rest = cutString(rest)
			if !yield(name, value) {
				return
			}
		}
	}
}

// List is the tags in order of their names.
func (t TagSet) List() []Tag {
	var tags []Tag
	for name, value := range t.All() {
		tags = append(tags, Tag{name, value})
	}
	return tags
}

// Get is the value of a tag; ok is false when the set lacks it.
func (t TagSet) Get(name string) (value string, ok bool) {
	for n, v := range t.All() {
		if n == name {
			return v, true
		}
	}
	return "", false
}

// Value is the value of a tag, "" when the set lacks it.
func (t TagSet) Value(name string) string {
	value, _ := t.Get(name)
	return value
}

// Contains reports whether every tag of o is in t, with the same value: k6's
// rule for the samples of a submetric.
func (t TagSet) Contains(o TagSet) bool {
	for name, value := range o.All() {
		if have, ok := t.Get(name); !ok || have != value {
			return false
		}
	}
	return true
}

// Compare orders sets by their tags, name before value.
func (t TagSet) Compare(o TagSet) int {
	if t == o {
		return 0
	}
	a, b := t.encoded, o.encoded
	for a != "" && b != "" { // names and values in turn
		var x, y string
		x, a = cutString(a)
		y, b = cutString(b)
		if order := strings.Compare(x, y); order != 0 {
			return order
		}
	}
	return cmp.Compare(len(a), len(b)) // one is the start of the other
}

// String shows the set for people: name=value, separated by commas.
func (t TagSet) String() string {
	var parts []string
	for name, value := range t.All() {
		parts = append(parts, fmt.Sprintf("%s=%s", name, value))
	}
	return strings.Join(parts, ",")
}

func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func appendString(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

// cutString takes one length-prefixed string off the front.
func cutString(from string) (s, rest string) {
	length, shift := uint64(0), 0
	for i := range len(from) {
		b := from[i]
		length |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return from[i+1 : i+1+int(length)], from[i+1+int(length):]
		}
		shift += 7
	}
	return "", ""
}
