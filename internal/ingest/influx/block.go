package influx

import (
	"errors"
	"iter"
	"slices"
	"sort"
)

// Tag is the name and value of a tag.
type Tag struct{ Name, Value string }

// Series is points of one series within a slice of time, in order of time. It
// holds only until the function returns that it was handed to.
type Series struct {
	Measurement string
	Tags        []Tag // by name, none of them empty
	Times       []int64
	Values      []float64
	// URLs are the field url, where requests have no tag name; else nil.
	URLs []string
}

// Block is all points of a slice of time.
type Block struct {
	series []span
	times  []int64
	values []float64
	urls   []string
	most   int // points that it may hold
}

// span is where in a Block a series lies.
type span struct {
	measurement string
	tags        []Tag
	from, to    int
	sorted      bool
}

// errTooMany says that a slice of time holds more points than a Block may.
var errTooMany = errors.New("more points than were expected")

// reset empties the Block and keeps its room.
func (b *Block) reset() {
	b.series, b.times, b.values, b.urls = b.series[:0], b.times[:0], b.values[:0], b.urls[:0]
}

// begin starts a series, or goes on with the last one if it is the same.
func (b *Block) begin(measurement string, tags []Tag) {
	if n := len(b.series); n > 0 {
		if last := &b.series[n-1]; last.measurement == measurement && slices.Equal(last.tags, tags) {
			return
		}
	}
	b.series = append(b.series, span{measurement: measurement, tags: tags, from: len(b.times), to: len(b.times), sorted: true})
}

// add adds a point to the series begun last.
func (b *Block) add(at int64, value float64) error {
	if len(b.times) >= b.most {
		return errTooMany
	}
	s := &b.series[len(b.series)-1]
	if s.to > s.from && b.times[s.to-1] > at {
		s.sorted = false
	}
	b.times = append(b.times, at)
	b.values = append(b.values, value)
	s.to = len(b.times)
	return nil
}

// Len is the number of points.
func (b *Block) Len() int { return len(b.times) }

// All yields the series, those of a measurement together.
func (b *Block) All() iter.Seq[Series] {
	return func(yield func(Series) bool) {
		for i := range b.series {
			s := &b.series[i]
			out := Series{Measurement: s.measurement, Tags: s.tags, Times: b.times[s.from:s.to], Values: b.values[s.from:s.to]}
			if len(b.urls) == len(b.times) && len(b.urls) > 0 {
				out.URLs = b.urls[s.from:s.to]
			}
			if !s.sorted {
				sort.Stable(byTime(out))
			}
			if !yield(out) {
				return
			}
		}
	}
}

// byTime sorts the points of a series.
type byTime Series

func (s byTime) Len() int           { return len(s.Times) }
func (s byTime) Less(i, j int) bool { return s.Times[i] < s.Times[j] }
func (s byTime) Swap(i, j int) {
	s.Times[i], s.Times[j] = s.Times[j], s.Times[i]
	s.Values[i], s.Values[j] = s.Values[j], s.Values[i]
	if s.URLs != nil {
		s.URLs[i], s.URLs[j] = s.URLs[j], s.URLs[i]
	}
}

// tagsOf puts tags into order and drops empty ones.
func tagsOf(raw map[string]string) []Tag {
	tags := make([]Tag, 0, len(raw))
	for name, value := range raw {
		if name != "" && value != "" {
			tags = append(tags, Tag{name, value})
		}
	}
	slices.SortFunc(tags, func(a, b Tag) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return tags
}
