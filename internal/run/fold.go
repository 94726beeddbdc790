package run

import (
	"maps"
	"slices"
	"strings"
)

// Limits on tags. Each is a limit on the set of samples seen, so whether it is
// passed doesn't depend on their order.
const (
	maxValues          = 64    // of a tag
	maxDimensionValues = 1_000 // of a configured dimension
	maxNames           = 2_000 // of the tag name: endpoints
	maxTagSets         = 3_000 // combinations, at each level of folding
	someSets           = 250   // combinations over which windows become fewer
	manySets           = 500   // and fewer still
	maxTagNames        = 64    // different tags that aren't k6's own
)

// Folding says which tags were given up. A folded tag is gone from every key
// as a whole, but for values that a submetric names and the groups of set-up
// and teardown, so that no statistic silently rests on a part of its samples,
// or on traffic that is not the test's.
type Folding struct {
	// Dimensions are the tags that were to keep up to 1,000 values, by name.
	Dimensions []string `json:"dimensions,omitempty"`
	// Tags had more values than a key may have; in order of their names. Those
	// that the level gives up anyway are not among them.
	Tags []string `json:"tags,omitempty"`
	// Level is 0 while all other tags are kept. Every level keeps fewer: 1
	// k6's own tags, the dimensions and what submetrics name; 2 only those of
	// an endpoint (name, method, status, scenario, …); 3 only the dimensions
	// and what submetrics name.
	Level int `json:"level,omitempty"`
	// Seen are the combinations counted at each level, as hashes, kept only
	// where something was folded: with them, parts merge as if read as one.
	Seen [levels][]uint64 `json:"seen,omitzero"`
	// TagNames are the tags counted for the limit on their number, kept only
	// where something was folded and that limit was not passed.
	TagNames []string `json:"tag_names,omitempty"`
}

const levels = 3

// systemTags are k6's own.
var systemTags = []string{
	"check", "error", "error_code", "expected_response", "group", "method", "name", "proto",
	"scenario", "service", "status", "subproto", "tls_version", "url",
}

// IsSystemTag reports whether a tag of this name is one of k6's own.
func IsSystemTag(name string) bool { return slices.Contains(systemTags, name) }

// endpointTags are what level 2 keeps.
var endpointTags = []string{"check", "expected_response", "method", "name", "scenario", "status"}

// folder decides which tags are kept.
type folder struct {
	dimensions []string
	values     map[string]map[string]struct{} // of tags not folded yet
	folded     map[string]struct{}
	named      map[Tag]struct{}    // by submetrics
	namedTags  map[string]struct{} // their names
	names      map[string]struct{} // of tags that aren't k6's own, at level 0
	level      int
	seen       [levels]map[uint64]struct{}
}

func newFolder() folder {
	f := folder{
		values: make(map[string]map[string]struct{}),
		folded: make(map[string]struct{}),
		named:  make(map[Tag]struct{}),
		names:  make(map[string]struct{}),

		namedTags: make(map[string]struct{}),
	}
	for i := range f.seen {
		f.seen[i] = make(map[uint64]struct{})
	}
	return f
}

// addDimensions has to come before the samples, like keep.
func (f *folder) addDimensions(names []string) {
	all := slices.Clone(f.dimensions)
	for _, name := range names {
		all = append(all, clean(name))
	}
	slices.Sort(all)
	f.dimensions = slices.Compact(all)
}

// keep exempts the tags of a submetric from folding.
func (f *folder) keep(tags []Tag) {
	for _, t := range tags {
		f.named[t], f.namedTags[t.Name] = struct{}{}, struct{}{}
	}
}

// see counts a tag set and reports whether something has to be folded now.
func (f *folder) see(tags []Tag) bool {
	changed := false
	for _, t := range tags {
		changed = f.seeValue(t.Name, t.Value) || changed
	}
	for level := f.level; level < levels; level++ {
		changed = f.seeSet(level, f.hash(level, tags)) || changed
	}
	return changed
}

func (f *folder) seeValue(name, value string) bool {
	changed := false
	if _, known := f.names[name]; !known && f.level == 0 && f.isCustom(name) {
		f.names[strings.Clone(name)] = struct{}{}
		if len(f.names) > maxTagNames {
			changed = f.raise(1)
		}
	}
	if _, gone := f.folded[name]; gone || !f.keeps(f.level, name) {
		return changed
	}
	values := f.values[name]
	if values == nil {
		values = make(map[string]struct{})
		f.values[strings.Clone(name)] = values
	}
	if _, known := values[value]; !known {
		values[strings.Clone(value)] = struct{}{}
		if len(values) > f.limit(name) {
			delete(f.values, name)
			f.folded[strings.Clone(name)] = struct{}{}
			return true
		}
	}
	return changed
}

// seeSet counts a combination at a level.
func (f *folder) seeSet(level int, hash uint64) bool {
	if level < f.level {
		return false
	}
	f.seen[level][hash] = struct{}{}
	return len(f.seen[level]) > maxTagSets && f.raise(level+1)
}

// raise gives up more tags, and forgets what only mattered for those: which of
// them were folded before depends on the order.
func (f *folder) raise(level int) bool {
	if level <= f.level {
		return false
	}
	for ; f.level < min(level, levels); f.level++ {
		f.seen[f.level] = nil
	}
	f.names = nil
	maps.DeleteFunc(f.values, func(name string, _ map[string]struct{}) bool { return !f.keeps(f.level, name) })
	maps.DeleteFunc(f.folded, func(name string, _ struct{}) bool { return !f.keeps(f.level, name) })
	return true
}

// windows is how many windows the tag sets seen, whole, leave room for. Where a
// level was raised they are more than manySets, or their tags are too many: so
// the answer never grows again, and doesn't depend on the order.
func (f *folder) windows() int {
	switch sets := len(f.seen[0]); {
	case f.level > 0 || sets > manySets:
		return fewWindows
	case sets > someSets:
		return someWindows
	}
	return maxWindows
}

// losesEndpoints reports whether requests of different endpoints may be
// counted as one.
func (f *folder) losesEndpoints() bool {
	for _, name := range []string{"name", "method", "scenario"} {
		if _, folded := f.folded[name]; folded || !f.keeps(f.level, name) {
			return true
		}
	}
	return false
}

// hash identifies the tags that a level keeps. Values are first reduced to as
// many as a tag may have: a tag that will be folded then counts as much before
// as after, which makes the count independent of the order.
func (f *folder) hash(level int, tags []Tag) uint64 {
	sum := uint64(0)
	for _, t := range tags {
		if !f.exempt(t) && !f.keeps(level, t.Name) {
			continue
		}
		value := fnv(offset64, f.valueAt(level, t)) % uint64(f.limit(t.Name))
		h := fnv(offset64, t.Name) ^ value*0x9e3779b97f4a7c15
		h ^= h >> 32
		sum += h * 0xd6e8feb86659fd93 // commutative: the order of tags is free
	}
	return sum
}

// keeps reports whether a level keeps the values of a tag. What submetrics name
// stays at every level.
func (f *folder) keeps(level int, name string) bool {
	switch {
	case level == 0, name == "instance", name == "testid", slices.Contains(f.dimensions, name):
		return true
	case level == 1:
		return IsSystemTag(name)
	case level == 2:
		return slices.Contains(endpointTags, name)
	}
	return false
}

// exempt reports whether a tag stays when the others of its name are given up:
// what submetrics name, and what tells the traffic of set-up and teardown from
// that of the test.
func (f *folder) exempt(t Tag) bool {
	_, named := f.named[t]
	return named || t.Name == "group" && IsSetup(t.Value)
}

// valueAt is the value of an exempt or kept tag at a level.
func (f *folder) valueAt(level int, t Tag) string {
	if f.keeps(level, t.Name) {
		return t.Value
	}
	return f.exemptValue(t)
}

// exemptValue is what stays of an exempt value. Groups within set-up and
// teardown, of which there may be any number, become one; it has a name of its
// own, since a submetric on ::setup does not hold them.
func (f *folder) exemptValue(t Tag) string {
	if _, named := f.named[t]; named {
		return t.Value
	}
	for _, parent := range []string{"::setup::", "::teardown::"} {
		if strings.HasPrefix(t.Value, parent) {
			return parent + "…"
		}
	}
	return t.Value
}

func (f *folder) isCustom(name string) bool { return !f.keeps(1, name) }

func (f *folder) limit(name string) int {
	switch {
	case name == "name":
		return maxNames
	case slices.Contains(f.dimensions, name):
		return maxDimensionValues
	}
	return maxValues
}

// apply returns the tags that stay. It may return its argument.
func (f *folder) apply(tags []Tag) []Tag {
	if f.level == 0 && len(f.folded) == 0 {
		return tags
	}
	stay := make([]Tag, 0, len(tags))
	for _, t := range tags {
		_, folded := f.folded[t.Name]
		switch {
		case !folded && f.keeps(f.level, t.Name):
			stay = append(stay, t)
		case f.exempt(t):
			stay = append(stay, Tag{t.Name, f.exemptValue(t)})
		}
	}
	return stay
}

func (f *folder) result() Folding {
	out := Folding{Dimensions: slices.Clone(f.dimensions), Tags: slices.Sorted(maps.Keys(f.folded)), Level: f.level}
	if len(out.Tags) == 0 && out.Level == 0 {
		return out
	}
	for i := range f.seen {
		out.Seen[i] = slices.Sorted(maps.Keys(f.seen[i]))
	}
	out.TagNames = slices.Sorted(maps.Keys(f.names))
	return out
}

// merge takes over what another folder had to give up.
func (f *folder) merge(o Folding) {
	f.raise(o.Level)
	for _, name := range o.Tags {
		if f.keeps(f.level, name) {
			f.folded[name] = struct{}{}
			delete(f.values, name)
		}
	}
	if f.level == 0 {
		for _, name := range o.TagNames {
			f.names[name] = struct{}{}
		}
		if len(f.names) > maxTagNames {
			f.raise(1)
		}
	}
	for level, hashes := range o.Seen {
		for _, h := range hashes {
			f.seeSet(level, h)
		}
	}
}

const offset64 = 14695981039346656037

// fnv continues an FNV-1a hash: the same on every machine, unlike maphash.
func fnv(h uint64, s string) uint64 {
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
