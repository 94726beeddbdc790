package chart

import (
	"strconv"

	"k6report/internal/report"
)

// key stands for the endpoint at that position of the report's table, counted
// from 0, where its name can't: "E1" is the first. Pages show keys in that
// table.
func key(position int) string { return "E" + strconv.Itoa(position+1) }

// keyed is an endpoint's name for pictures: itself, or its key where the fonts
// lack its letters.
func keyed(name string, position int) string {
	for _, r := range name {
		if !drawable(r) {
			return key(position)
		}
	}
	if shown := lettersOnly(name); shown != "" {
		return shown
	}
	return key(position)
}

// nameOf is the name in pictures of the endpoint called so; what isn't in the
// table loses the letters that can't be drawn.
func nameOf(r *report.Report, endpoint string) string {
	for i := range r.Run.Endpoints {
		if r.Run.Endpoints[i].Name == endpoint {
			return keyed(endpoint, i)
		}
	}
	return lettersOnly(endpoint)
}
