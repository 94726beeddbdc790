package sample

import (
	"reflect"
	"slices"

	"k6report/internal/report"
)

// Assailed is AssailedBy with Attack.
func Assailed() *report.Report { return AssailedBy(Attack()) }

// AssailedBy is Full with a text instead of every one that isn't one of a few
// fixed words: whatever a renderer shows, it shows of somebody who means harm.
func AssailedBy(text string) *report.Report {
	r := Full()
	assail(reflect.ValueOf(r).Elem(), text)
	return r
}

func assail(v reflect.Value, text string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			assail(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			assail(v.Index(i), text)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.Value{})
		}
		if v.Type() == reflect.TypeFor[map[string]string]() && !v.IsNil() {
			v.SetMapIndex(reflect.ValueOf(text), reflect.ValueOf(text))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && !fixed(v.Type(), field.Name) {
				assail(v.Field(i), text)
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() { // statuses and severities have types of their own
			v.SetString(text)
		}
	}
}

// fixed reports whether a text is one of a few words that the schema lists, or
// makes the part that holds it what it is.
func fixed(of reflect.Type, field string) bool {
	if of == reflect.TypeFor[report.Chart]() && field == "ID" {
		return true
	}
	if of == reflect.TypeFor[report.Report]() {
		return field == "Schema"
	}
	return slices.Contains([]string{"Code", "ReasonCode", "Kind", "Question", "Join", "Verdict", "Status"}, field)
}
