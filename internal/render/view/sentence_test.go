package view_test

import (
	"testing"

	"k6report/internal/render/view"
	"k6report/internal/report/sample"
)

// A name that the report holds keeps its case, one of several words too.
func TestSentence(t *testing.T) {
	r := sample.Full()
	r.Run.Endpoints[0].Name, r.Run.Endpoints[1].Name = "get  order", "order"
	r.Run.Metrics[0].Name = "latency"
	for text, want := range map[string]string{
		"order p95 could not be compared": "order p95 could not be compared",
		"get order: too slow":             "get order: too slow",
		"get order":                       "get order",
		"get orders are slow":             "Get orders are slow",
		"latency p(95)<5 failed":          "latency p(95)<5 failed",
		"database ranks first":            "database ranks first",
		"no gate is worse":                "No gate is worse",
		"":                                "",
	} {
		if got := view.Sentence(r, text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
