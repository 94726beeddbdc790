package lab

import (
	"strings"
	"testing"
)

func TestWithoutMetadata(t *testing.T) {
	const point = `{"metric":"db_read_latency_ms","type":"Point","data":{"tags":{"endpoint":"a"},"time":"2026-01-01T00:00:00Z","value":1.25`
	var out strings.Builder
	err := withoutMetadata(strings.NewReader(
		`{"type":"Metric","data":{"name":"x","type":"trend"},"metric":"x"}`+"\n"+
			point+`,"metadata":{"rid":"1-a-2"}}}`+"\n"), &out)
	want := `{"metric":"x","type":"Metric","data":{"name":"x","type":"trend"}}` + "\n" + point + "}}\n"
	if err != nil || out.String() != want {
		t.Errorf("%v, %s, want %s", err, out.String(), want)
	}
	if err := withoutMetadata(strings.NewReader(`{"type":`), &out); err == nil {
		t.Error("half a line is no error")
	}
}
