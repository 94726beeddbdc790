package analyze

import (
	"fmt"
	"strings"
	"testing"

	"k6report/internal/run"
)

// TestLostTagsAreSaid: what was given up while reading is noted, with the file
// and what to do.
func TestLostTagsAreSaid(t *testing.T) {
	b := run.NewBuilder(run.Options{})
	b.Source(run.Source{Name: "run.json", Format: "k6-json", Samples: 100})
	b.Source(run.Source{Name: "plan.json", Format: "inspect"})
	for i := range 100 {
		tags := b.Tags([]run.Tag{{Name: fmt.Sprint("key", i), Value: "v"}, {Name: "status", Value: fmt.Sprint(i)}})
		b.Series(b.Metric("x"), tags).Add(int64(i), 1)
	}
	b.Unjoined()
	r := Analyze(b.Finish(), Options{})
	for code, remedy := range map[string]string{
		"tags_folded":     "name what matters under dimensions in k6report.yaml",
		"tag_sets_folded": "put what differs in every request into the log",
		"unjoined":        "record them right behind the request",
	} {
		n := noteOf(r, code)
		if n == nil || !strings.Contains(n.Message, remedy) || n.Where != "run.json" {
			t.Errorf("%s is noted as %+v, want %q of run.json", code, n, remedy)
		}
	}
}
