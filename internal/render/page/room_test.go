package page

import (
	"fmt"
	"strings"
	"testing"

	"k6report/internal/report"
	"k6report/internal/report/sample"
)

// A table of many endpoints shows names on one line, and the first rows: the
// others, and the columns that few look for, when asked for without a script.
func TestLongTables(t *testing.T) {
	r := sample.Healthy()
	for i := range 60 {
		e := r.Run.Endpoints[0]
		e.Name = fmt.Sprintf("GET /api/v1/tenants/%03d/workflows/{workflowName}/executions", i)
		r.Run.Endpoints = append(r.Run.Endpoints, e)
	}
	html := pageOf(t, r)
	for _, want := range []string{
		fmt.Sprintf(`<input class="rows" type="checkbox" id="table-endpoints-rows"><label for="table-endpoints-rows">all %d rows</label>`, len(r.Run.Endpoints)),
		`<input class="columns" type="checkbox" id="table-endpoints-columns">`,
		`title="GET /api/v1/tenants/007/workflows/{workflowName}/executions"><span>GET /api/v1/tenants/007/workflows/{workflow</span><span>Name}/executions</span></span>`,
		`<th scope="col" class="num x">avg ms</th>`,
	} {
		if !strings.Contains(html, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	if html := pageOf(t, sample.Full()); strings.Contains(html, `id="table-endpoints-rows"`) {
		t.Error("a short table hides rows")
	}
}

// For want of data the question why has a short answer, after those that are.
func TestAnAnswerThatIsNotThereComesLast(t *testing.T) {
	r := sample.Full()
	r.Attribution = &report.Attribution{Status: report.AttrNoData, Reason: "the samples hold no times of the server's parts", Needed: "send them"}
	html := pageOf(t, r)
	why, targets, notes := strings.Index(html, `<h2 id="why">`), strings.Index(html, `<h2 id="targets">`), strings.Index(html, `<h2 id="notes">`)
	if !(targets < why && why < notes) {
		t.Errorf("targets at %d, why at %d, notes at %d", targets, why, notes)
	}
}
