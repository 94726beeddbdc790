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
	texts, metrics remembered // metrics are the names of metrics
	sets           map[TagSet]TagSet
	holds          map[reflect.Type]bool // types that hold texts
	fields         map[reflect.Type][]maskedField
}

// remembered is a mask with what it made of texts.
type remembered struct {
	mask  func(string) string // nil: nothing is changed
	known map[string]string
}

// maskedField is a field of a struct that holds texts.
type maskedField struct {
	index  int
	metric bool // they are names of metrics
}

// newMasker makes a masker; a nil mask changes nothing, a nil one for the names
// of metrics is that for texts.
func newMasker(mask, metric func(string) string) masker {
	if metric == nil || mask == nil {
		metric = mask
	}
	return masker{
		texts:   remembered{mask, make(map[string]string)},
		metrics: remembered{metric, make(map[string]string)},
		sets:    make(map[TagSet]TagSet), holds: make(map[reflect.Type]bool), fields: make(map[reflect.Type][]maskedField),
	}
}

// of masks a text.
func (r *remembered) of(s string) string {
	if r.mask == nil || s == "" {
		return s
	}
	if masked, known := r.known[s]; known {
		return masked
	}
	if len(r.known) >= maxMasked {
		clear(r.known)
	}
	masked := clean(r.mask(s))
	r.known[s] = masked
	return masked
}

// text masks a text that is no metric's name.
func (m *masker) text(s string) string { return m.texts.of(s) }

// metric masks the name of a metric or submetric.
func (m *masker) metric(s string) string { return m.metrics.of(s) }

func (m *masker) set(t TagSet) TagSet {
	if m.texts.mask == nil {
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
	if m.texts.mask == nil {
		return value
	}
	if v, changed := m.value(reflect.ValueOf(value), &m.texts); changed {
		return v.Interface().(T)
	}
	return value
}

// value masks a value; texts that are no part of a struct by the given mask.
func (m *masker) value(v reflect.Value, by *remembered) (to reflect.Value, changed bool) {
	if !m.holdsText(v.Type()) {
		return v, false
	}
	switch v.Kind() {
	case reflect.String:
		text := by.of(v.String())
		return reflect.ValueOf(text).Convert(v.Type()), text != v.String()
	case reflect.Pointer:
		if v.IsNil() {
			return v, false
		}
		elem, changed := m.value(v.Elem(), by)
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
		for _, f := range m.fieldsOf(v.Type()) {
			by := &m.texts
			if f.metric {
				by = &m.metrics
			}
			if part, differs := m.value(v.Field(f.index), by); differs {
				if !changed {
					to, changed = copied(v), true
				}
				to.Field(f.index).Set(part)
			}
		}
	default: // a slice: see holdsText
		for i := range v.Len() {
			if part, differs := m.value(v.Index(i), by); differs {
				if !changed {
					to, changed = copied(v), true
				}
				to.Index(i).Set(part)
			}
		}
	}
	if !changed {
		return v, false
	}
	return to, true
}

// fieldsOf are the fields of a struct that hold texts to mask, by their tags
// "mask": "metric" marks names of metrics, "-" what stays as it is.
func (m *masker) fieldsOf(t reflect.Type) []maskedField {
	fields, known := m.fields[t]
	if known {
		return fields
	}
	for i := range t.NumField() {
		f := t.Field(i)
		if as := f.Tag.Get("mask"); as != "-" && m.holdsText(f.Type) {
			fields = append(fields, maskedField{i, as == "metric"})
		}
	}
	m.fields[t] = fields
	return fields
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
	holds, known := m.holds[t]
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
	m.holds[t] = holds
	return holds
}
