package run

import "reflect"

// maxMasked bounds how many texts a masker remembers: URLs without bound must
// not fill the memory.
const maxMasked = 1 << 14

// masker takes secrets out of the texts of a run: those of the load test, which
// names its tags, URLs, groups and checks as it likes, and those that whoever
// reads it adds. All that enters a Builder passes it, so that no Run holds a
// secret, and no snapshot of one. It remembers what became of a text: the same
// few come over and over.
type masker struct {
	mask  func(string) string // nil: nothing is changed
	known map[string]string
	sets  map[TagSet]TagSet
	texts map[reflect.Type]bool // types that hold texts
}

func newMasker(mask func(string) string) masker {
	return masker{
		mask: mask, known: make(map[string]string), sets: make(map[TagSet]TagSet), texts: make(map[reflect.Type]bool),
	}
}

// text masks a text.
func (m *masker) text(s string) string {
	if m.mask == nil || s == "" {
		return s
	}
	if masked, known := m.known[s]; known {
		return masked
	}
	if len(m.known) >= maxMasked {
		clear(m.known)
	}
	masked := clean(m.mask(s))
	m.known[s] = masked
	return masked
}

func (m *masker) set(t TagSet) TagSet {
	if m.mask == nil {
		return t
	}
	if masked, known := m.sets[t]; known {
		return masked
	}
	if len(m.sets) >= maxMasked {
		clear(m.sets)
	}
	tags := t.List()
	for i := range tags {
		tags[i] = Tag{m.text(tags[i].Name), m.text(tags[i].Value)}
	}
	masked := NewTagSet(tags...)
	m.sets[t] = masked
	return masked
}

// masked masks all texts that a value holds or leads to. What it changes it
// copies: the value stays as it is, and is itself the result where it holds
// nothing to mask. In a Run that it changed, keys may be out of order and there
// twice, as a Builder takes them, but [Run.Check] does not.
func masked[T any](m *masker, value T) T {
	if m.mask == nil {
		return value
	}
	if v, changed := m.value(reflect.ValueOf(value)); changed {
		return v.Interface().(T)
	}
	return value
}

func (m *masker) value(v reflect.Value) (to reflect.Value, changed bool) {
	if !m.holdsText(v.Type()) {
		return v, false
	}
	switch v.Kind() {
	case reflect.String:
		text := m.text(v.String())
		return reflect.ValueOf(text).Convert(v.Type()), text != v.String()
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		elem, changed := m.value(v.Elem())
		if !changed {
			return v, false
		}
		to = reflect.New(v.Type().Elem())
		to.Elem().Set(elem)
		return to, true
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[TagSet]() {
			t := v.Interface().(TagSet)
			set := m.set(t)
			return reflect.ValueOf(set), set != t
		}
		return m.parts(v, v.NumField(), v.Field, reflect.Value.Field)
	default: // a slice: see holdsText
		return m.parts(v, v.Len(), v.Index, reflect.Value.Index)
	}
}

// parts masks the fields or elements of a value.
func (m *masker) parts(v reflect.Value, n int, at func(int) reflect.Value, of func(reflect.Value, int) reflect.Value) (to reflect.Value, changed bool) {
	for i := range n {
		if v.Type() == reflect.TypeFor[Problem]() && v.Type().Field(i).Name == "Code" {
			continue // k6report's own word, by which problems are known
		}
		part, differs := m.value(at(i))
		if !differs {
			continue
		}
		if !changed {
			to, changed = copied(v), true
		}
		of(to, i).Set(part)
	}
	if !changed {
		return v, false
	}
	return to, true
}

// copied is a copy that can be changed.
func copied(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Slice {
		to := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(to, v)
		return to
	}
	to := reflect.New(v.Type()).Elem()
	to.Set(v)
	return to
}

// holdsText reports whether values of a type hold texts: samples and their
// distributions don't, and are most of a Run.
func (m *masker) holdsText(t reflect.Type) bool {
	holds, known := m.texts[t]
	if known {
		return holds
	}
	switch t.Kind() {
	case reflect.String:
		holds = true
	case reflect.Pointer, reflect.Slice:
		holds = m.holdsText(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			holds = m.holdsText(t.Field(i).Type) || holds
		}
	default:
	}
	m.texts[t] = holds
	return holds
}
