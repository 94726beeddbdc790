package view_test

import (
	"strings"
	"testing"

	"k6report/internal/render/view"
	"k6report/internal/report"
	"k6report/internal/report/sample"
)

// fact is a line of a section as text, "" where there is none.
func fact(s view.Section, label string) string {
	for _, l := range s.Lines {
		if l.Label != label {
			continue
		}
		var parts []string
		for _, c := range l.Parts {
			parts = append(parts, c.Text)
		}
		return strings.Join(parts, " · ")
	}
	return ""
}

func TestLatencyOfTheRun(t *testing.T) {
	const whole = "avg 26.1 ms · p50 19.8 ms · p95 61.2 ms · p99 104 ms · max 613 ms"
	grpc := func(r *report.Report) {
		r.Run.Endpoints[0].Protocol, r.Run.Endpoints[1].Protocol = "grpc", "websocket"
		r.Run.Endpoints = r.Run.Endpoints[:2]
	}
	for name, tc := range map[string]struct {
		change func(*report.Report)
		want   string
	}{
		"several endpoints": {func(*report.Report) {}, whole + " · with set-up"},
		"no set-up":         {func(r *report.Report) { r.Run.Load.Requests = report.Int(412351) }, whole},
		"one endpoint": {
			func(r *report.Report) { r.Run.Endpoints = r.Run.Endpoints[:1] },
			"avg 42.8 ms · p50 38.2 ms · p95 71.4 ms · p99 122 ms · max 613 ms",
		},
		"few samples": {
			func(r *report.Report) {
				r.Run.Endpoints = r.Run.Endpoints[:1]
				r.Run.Endpoints[0].FewSamples = []string{"p(99)"}
			},
			"avg 42.8 ms · p50 38.2 ms · p95 71.4 ms · p99 122 ms (few samples) · max 613 ms",
		},
		"no p99": {
			func(r *report.Report) {
				r.Run.Load.Requests, r.Run.Endpoints = report.Int(412351), nil
				m := &r.Run.Metrics[4]
				m.Values = m.Values[:6]
			},
			"avg 26.1 ms · p50 19.8 ms · p95 61.2 ms · max 613 ms",
		},
		"two protocols, no http": {grpc, "avg 42.8 ms · p50 38.2 ms · p95 71.4 ms · p99 122 ms · max 613 ms · grpc only"},
		"several of another": {
			func(r *report.Report) {
				r.Run.Endpoints = r.Run.Endpoints[:2]
				for i := range r.Run.Endpoints {
					r.Run.Endpoints[i].Protocol, r.Run.Endpoints[i].Metric = "grpc", "grpc_req_duration"
				}
				r.Run.Metrics = append(r.Run.Metrics, report.Metric{Name: "grpc_req_duration", Type: "trend", Values: report.Values{{Name: "avg", Value: 5}}})
			},
			"avg 5 ms · with set-up · grpc only",
		},
		"nothing": {func(r *report.Report) { r.Run.Endpoints, r.Run.Metrics = nil, nil }, ""},
	} {
		r := sample.Healthy()
		tc.change(r)
		if got := fact(section(t, r, "load", false), "Latency"); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestRequests(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*report.Report)
		want   string
	}{
		"set-up":    {func(*report.Report) {}, "412,345 (687.2/s) and 6 in set-up"},
		"no set-up": {func(r *report.Report) { r.Run.Load.Requests = report.Int(412351) }, "412,351 (687.2/s)"},
		"excluded groups": {
			func(r *report.Report) { r.Notes = append(r.Notes, report.Note{Code: "groups_excluded"}) },
			"412,345 (687.2/s) and 6 in set-up or excluded groups",
		},
		"another protocol": {
			func(r *report.Report) { r.Run.Endpoints[5].Protocol = "websocket" },
			"412,345 (687.2/s) and 6,006 in set-up",
		},
		"none": {
			func(r *report.Report) {
				r.Run.Load = report.Load{BytesReceived: report.Int(0), BytesSent: report.Int(0)}
				r.Run.Metrics = nil
			},
			"none",
		},
		"set-up only": {
			func(r *report.Report) { r.Run.Load, r.Run.Endpoints = report.Load{}, nil },
			"none, 412,351 in set-up",
		},
	} {
		r := sample.Healthy()
		tc.change(r)
		got := fact(section(t, r, "load", false), "Requests")
		if first, _, _ := strings.Cut(got, " · "); first != tc.want || name == "none" && got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestProcessorTimeIsWithTheVersion(t *testing.T) {
	r := sample.Invalid()
	r.Notes = nil
	s := section(t, r, "load", false)
	if got := fact(s, "Run"); !strings.HasSuffix(got, "k6 1.8.1 used 97 % CPU") {
		t.Errorf("the run reads %q", got)
	}
	if got := fact(s, "Steady"); got != "" {
		t.Errorf("nothing is known of a steady state, yet it reads %q", got)
	}
}

func TestTheHeadOfAShareSaysOfWhat(t *testing.T) {
	r := sample.Healthy()
	if got := section(t, r, "errors", false).Table.Columns[1]; got.Name != "of endpoint %" || got.Short == "" {
		t.Errorf("the share of an endpoint is headed %+v", got)
	}
	r.Run.Errors[0].Endpoint = ""
	if got := section(t, r, "errors", false).Table.Columns[1].Name; got != "of all %" {
		t.Errorf("the share of all is headed %q", got)
	}
}

func TestScenariosAreIterations(t *testing.T) {
	s := section(t, sample.Full(), "scenarios", true)
	if s.Title != "Scenarios (iterations)" || s.Table.Columns[2].Name != "iter/s" {
		t.Errorf("%q with %+v", s.Title, s.Table.Columns)
	}
}

func TestANoteSaysWhatToDoBeforeWhere(t *testing.T) {
	r := sample.Healthy()
	r.Notes = []report.Note{
		{Code: "a", Severity: report.Warning, Message: "add the summary", Where: "m{a:1, b:2}, n, o, p, q"},
		{Code: "b", Severity: report.Info, Message: "three", Where: "m, n, o"},
	}
	s := section(t, r, "notes", false)
	if got := fact(s, "a"); got != "add the summary (m{a:1, b:2}, n and 3 more)" {
		t.Errorf("a list of places: %q", got)
	}
	if got := fact(s, "b"); got != "three (m, n, o)" {
		t.Errorf("three places: %q", got)
	}
	if got := fact(section(t, r, "notes", true), "a"); got != "add the summary (m{a:1, b:2}, n, o, p, q)" {
		t.Errorf("all places: %q", got)
	}
	if !s.Lines[0].Whole || s.Lines[1].Whole {
		t.Error("of a warning and a remark only the warning is shown to its end")
	}
}
