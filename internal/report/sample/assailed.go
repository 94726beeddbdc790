package sample

import (
	"reflect"
	"slices"

	"k6report/internal/report"
)

// Assailed is Full with Attack in every text that isn't one of a few fixed
// words: whatever a renderer shows, it shows of somebody who means harm.
func Assailed() *report.Report {
	r := Full()
	assail(reflect.ValueOf(r).Elem())
	return r
}

func assail(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			assail(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			assail(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, reflect.Value{})
		}
		if v.Type() == reflect.TypeFor[map[string]string]() && !v.IsNil() {
			v.SetMapIndex(reflect.ValueOf(Attack()), reflect.ValueOf(Attack()))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() && !fixed(v.Type(), field.Name) {
				assail(v.Field(i))
			}
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[string]() { // statuses and severities have types of their own
			v.SetString(Attack())
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
	return slices.Contains([]string{"Code", "Kind", "Question", "Join", "Verdict", "Status"}, field)
}
