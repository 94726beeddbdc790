package redact

import (
	"reflect"
	"slices"
)

// Value masks every string that a pointer leads to, in place: fields, elements, and
// keys and values of maps of every kind. Keys that become the same get a number.
// Fields that are not exported and bytes stay as they are.
func (r *Redactor) Value(pointer any) { Strings(pointer, r.Text) }

// Strings is [Redactor.Value] with a mask that knows more about the texts.
func Strings(pointer any, mask func(string) string) { walker(mask).walk(reflect.ValueOf(pointer)) }

// walker masks the strings that it finds.
type walker func(string) string

func (w walker) walk(v reflect.Value) {
	if !v.IsValid() || !v.CanInterface() { // unexported: not ours
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		w.walk(v.Elem())
	case reflect.Interface:
		if copied, masked := w.copied(v.Elem()); masked && v.CanSet() {
			v.Set(copied)
		}
	case reflect.String:
		if text := v.String(); v.CanSet() {
			if masked := w(text); masked != text {
				v.SetString(masked)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.walk(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if plain(v.Type().Elem().Kind()) {
			return
		}
		for i := range v.Len() {
			w.walk(v.Index(i))
		}
	case reflect.Map:
		w.keys(v)
		if plain(v.Type().Elem().Kind()) {
			return
		}
		for _, key := range v.MapKeys() {
			if copied, masked := w.copied(v.MapIndex(key)); masked {
				v.SetMapIndex(key, copied)
			}
		}
	default:
	}
}

// keys masks the keys of a map that are texts.
func (w walker) keys(v reflect.Value) {
	if v.Type().Key().Kind() != reflect.String {
		return
	}
	var changed []string
	for _, key := range v.MapKeys() {
		if text := key.String(); w(text) != text {
			changed = append(changed, text)
		}
	}
	slices.Sort(changed)
	for _, text := range changed {
		as := func(s string) reflect.Value { return reflect.ValueOf(s).Convert(v.Type().Key()) }
		value := v.MapIndex(as(text))
		v.SetMapIndex(as(text), reflect.Value{})
		v.SetMapIndex(as(free(w(text), func(name string) bool { return v.MapIndex(as(name)).IsValid() })), value)
	}
}

// copied is a masked copy of a value that can't be changed where it is; false
// where it holds nothing that could be masked.
func (w walker) copied(v reflect.Value) (reflect.Value, bool) {
	if !v.IsValid() || !v.CanInterface() || plain(v.Kind()) {
		return v, false
	}
	out := reflect.New(v.Type()).Elem()
	out.Set(v)
	w.walk(out)
	return out, true
}

// plain reports whether values of a kind hold no text.
func plain(k reflect.Kind) bool {
	return k >= reflect.Bool && k <= reflect.Complex128 || k == reflect.Func || k == reflect.Chan
}
