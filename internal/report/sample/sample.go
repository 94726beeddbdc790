// Package sample holds made-up reports that look like real ones, for the
// tests of everything that shows or reads a report. Nothing else uses it.
package sample

import (
	"fmt"
	"math"
	"time"

	"k6report/internal/report"
)

// All are the samples by name. Each call returns new values.
func All() map[string]*report.Report {
	return map[string]*report.Report{
		"minimal":          Minimal(),
		"nodata":           NoData(),
		"healthy":          Healthy(),
		"threshold_failed": ThresholdFailed(),
		"invalid":          Invalid(),
		"compared":         Compared(),
		"wide":             Wide(),
		"hostile":          Hostile(),
		"assailed":         Assailed(),
		"full":             Full(),
	}
}

// Minimal is the least that is a report.
func Minimal() *report.Report {
	return &report.Report{
		Schema:    report.SchemaID,
		Generator: report.Generator{Name: "k6report", Version: "0.0.0"},
		Verdict:   report.Verdict{Status: report.Passed, Headline: "Passed."},
	}
}

// NoData is a run whose sources held no samples.
func NoData() *report.Report {
	r := Minimal()
	r.Verdict = report.Verdict{Status: report.RunInvalid, Headline: "The run holds no samples."}
	r.Run.ID = "empty"
	r.Run.Sources = []report.Source{{Name: "run.json.gz", Format: "k6-json", Samples: report.Int(0)}}
	r.Run.Metrics = []report.Metric{{Name: "db_write_latency_ms", Type: "trend", Contains: "time"}}
	r.Run.Thresholds = []report.Threshold{{
		Metric: "db_write_latency_ms", Expression: "p(95)<100", Unit: report.UnitMS,
		Source: "samples", Reason: "no samples",
	}}
	r.Notes = []report.Note{
		{Code: "no_samples", Severity: report.Invalid, Message: "run.json.gz declares 1 metric and holds no sample of any", Where: "run.json.gz"},
	}
	return r
}

// Healthy is an ordinary run of the load level, first of its baseline.
func Healthy() *report.Report {
	r := Minimal()
	r.Generator.Version = "1.0.0"
	r.Verdict = report.Verdict{Status: report.Passed, Headline: "All 23 targets met (9 thresholds, 13 of endpoints, 1 service level); 412,345 requests, 0.012 % failed"}
	r.Run = healthyRun()
	r.Charts = charts(600, 1)
	r.Attribution = &report.Attribution{
		Status: report.AttrNone, Question: report.QuestionLoad, DominantCost: "database",
		Coverage: report.Num(0.998), Join: report.JoinRequest,
		Components: components(),
		Evidence:   []string{"time per request stayed between 21 ms and 23 ms from 100/s to 500/s"},
		Reason:     "latency did not grow with the load",
	}
	r.Overhead = &report.Overhead{
		Percent:    report.OverheadStats{Avg: report.Num(7.4), Med: report.Num(6.9), P95: report.Num(12.1)},
		MS:         &report.OverheadStats{Avg: report.Num(3.1), Med: report.Num(2.8), P95: report.Num(5.9)},
		Definition: "(execution's total - time its tasks ran, as critical-path time) / total; network and client are excluded",
		Samples:    131220, Target: report.Num(15), OK: report.Bool(true), Source: "orchestration_overhead_percent",
	}
	r.Notes = []report.Note{
		{Code: "no_baseline", Severity: report.Info, Message: "no baseline yet: this is run 1 of 5 that are needed before a build can fail"},
		{Code: "steady_cut", Severity: report.Info, Message: "the first 4.0 s are warm-up and left out of comparisons"},
	}
	r.Method = method()
	return r
}

func healthyRun() report.Run {
	start := time.Date(2026, 11, 23, 11, 45, 53, 947199415, time.UTC)
	return report.Run{
		ID:        "load-20261123-114553",
		Labels:    map[string]string{"commit": "4f0c2d81", "runner": "perf-2"},
		Started:   start,
		Ended:     start.Add(602 * time.Second),
		DurationS: report.Num(601.8),
		Sources: []report.Source{
			{Name: "run.json.gz", Format: "k6-json", Samples: report.Int(6402113)},
			{Name: "summary.json", Format: "k6-summary"},
			{Name: "inspect.json", Format: "k6-inspect"},
		},
		Tags:    map[string]string{"suite": "adr-0003", "testid": "load-20261123-114553"},
		Windows: &report.Windows{LengthS: 4, Count: 151},
		K6:      &report.K6{Version: "1.8.1", CPU: report.Num(0.41)},
		Load: report.Load{
			Plan: &report.Plan{
				Executors:  []report.Executor{{Scenario: "load", Type: "constant-arrival-rate", TargetPerS: report.Num(500), VUs: report.Int(400), DurationS: report.Num(600)}},
				TargetPerS: report.Num(500), PlannedS: report.Num(600),
			},
			OfferedPerS: report.Num(499.9), AchievedPerS: report.Num(499.9),
			DroppedIterations: report.Int(0), DropShare: report.Num(0), VUsMax: report.Int(64),
			Iterations: report.Int(299941), Requests: report.Int(412345), RequestsPerS: report.Num(687.2),
			ErrorRate: report.Num(0.00012), TimeoutRate: report.Num(0),
			BytesSent: report.Int(141_200_331), BytesReceived: report.Int(1_912_345_678),
			Steady: &report.Span{FromS: 4, ToS: 600},
		},
		Metrics:       metrics(),
		Endpoints:     endpoints(),
		Scenarios:     []report.Part{part("load", 412345, 26.1, 61, 104, 0.00012)},
		Groups:        []report.Part{part("::browse", 202111, 19.4, 44, 80, 0.00002), part("::execute", 210234, 35.2, 71, 121, 0.00022)},
		Errors:        []report.Failure{{Kind: report.KindError, Endpoint: "execute_workflow", Status: "502", Text: "task failed: callee", Count: 49, Share: report.Num(0.00037)}},
		Thresholds:    thresholds(),
		ServiceLevels: []report.Target{{Metric: "http_req_failed", Expression: "rate<0.001", Text: "error rate under 0.1 %", Observed: report.Num(0.00012), Unit: report.UnitShare, OK: report.Bool(true), Source: "adr-0003"}},
		Checks: []report.Check{
			{Name: "execution succeeded", Group: "::execute", Passes: 131171, Fails: 49},
			{Name: "list is a list", Group: "::browse", Passes: 120004},
			{Name: "status is 200", Passes: 412296, Fails: 49},
		},
	}
}

func part(name string, n int64, p50, p95, p99, errors float64) report.Part {
	return report.Part{
		Name: name, Count: n, RatePerS: report.Num(float64(n) / 600),
		P50: &p50, P95: &p95, P99: &p99, ErrorRate: &errors,
	}
}

func endpoint(name, method string, n int64, med, p95, p99, maximum, errors float64, targets ...report.Target) report.Endpoint {
	return report.Endpoint{
		Name: name, Protocol: "http", Metric: "http_req_duration", Method: method, Count: n,
		RatePerS: report.Num(float64(n) / 600), ErrorRate: &errors, TimeoutRate: report.Num(0),
		DurationMS: report.Durations{
			Avg: report.Num(med * 1.12), Min: report.Num(med / 4), Med: &med,
			P90: report.Num(p95 * 0.86), P95: &p95, P99: &p99, Max: &maximum,
		},
		Targets: targets,
	}
}

func target(q string, limit, seen float64) report.Target {
	return report.Target{
		Expression: fmt.Sprintf("p(%s)<%g", q, limit), Text: fmt.Sprintf("p%s under %g ms", q, limit),
		Observed: &seen, Unit: report.UnitMS, OK: report.Bool(seen < limit), Source: "adr-0003",
	}
}

func endpoints() []report.Endpoint {
	list := []report.Endpoint{
		endpoint("execute_workflow", "POST", 131220, 38.21, 71.42, 121.8, 612.7, 0.00037, target("50", 100, 38.21), target("95", 500, 71.42), target("99", 1000, 121.8)),
		endpoint("list_workflows", "GET", 120004, 12.07, 31.4, 58.2, 240.1, 0, target("50", 50, 12.07), target("95", 200, 31.4), target("99", 500, 58.2)),
		endpoint("get_trace", "GET", 60012, 18.8, 44.9, 79.5, 301.5, 0, target("50", 50, 18.8), target("95", 200, 44.9), target("99", 500, 79.5)),
		endpoint("get_execution", "GET", 60007, 7.93, 19.2, 33.1, 180.6, 0, target("50", 30, 7.93), target("95", 100, 19.2), target("99", 200, 33.1)),
		endpoint("list_executions", "GET", 35102, 15.3, 39.9, 70.4, 266.2, 0),
		endpoint("health_check", "GET", 6000, 0.71, 1.84, 3.02, 12.4, 0, target("99", 100, 3.02)),
	}
	list[0].Attribution = []report.Share{
		{Component: "database", MeanMS: 17.2, Share: 0.44},
		{Component: "http_pool", MeanMS: 14.1, Share: 0.36},
		{Component: "other", MeanMS: 7.8, Share: 0.2},
	}
	return list
}

func thresholds() []report.Threshold {
	var list []report.Threshold
	for _, x := range []struct {
		metric, expression, unit string
		seen                     float64
	}{
		{"checks", "rate>0.99", report.UnitShare, 0.99985},
		{"db_write_latency_ms", "p(95)<100", report.UnitMS, 11.2},
		{"graph_build_duration", "p(95)<5", report.UnitMS, 0.81},
		{"http_req_duration{name:execute_workflow}", "p(95)<500", report.UnitMS, 71.42},
		{"http_req_duration{name:execute_workflow}", "p(99)<1000", report.UnitMS, 121.8},
		{"http_req_duration{name:get_execution}", "p(95)<100", report.UnitMS, 19.2},
		{"http_req_duration{name:list_workflows}", "p(95)<200", report.UnitMS, 31.4},
		{"http_req_failed", "rate<0.001", report.UnitShare, 0.00012},
		{"http_reqs", "count>1000", report.UnitCount, 412351},
	} {
		list = append(list, report.Threshold{
			Metric: x.metric, Expression: x.expression, Unit: x.unit,
			Observed: report.Num(x.seen), OK: report.Bool(true), Source: "summary",
		})
	}
	return list
}

func metrics() []report.Metric {
	trend := func(name string, avg, low, med, p90, p95, p99, high float64) report.Metric {
		return report.Metric{Name: name, Type: "trend", Contains: "time", Values: report.Values{
			{Name: "avg", Value: avg},
			{Name: "min", Value: low},
			{Name: "med", Value: med},
			{Name: "max", Value: high},
			{Name: "p(90)", Value: p90},
			{Name: "p(95)", Value: p95},
			{Name: "p(99)", Value: p99},
		}}
	}
	counter := func(name, contains string, count, rate float64) report.Metric {
		return report.Metric{Name: name, Type: "counter", Contains: contains, Values: report.Values{{Name: "count", Value: count}, {Name: "rate", Value: rate}}}
	}
	rate := func(name string, passes, fails float64) report.Metric {
		return report.Metric{Name: name, Type: "rate", Contains: "default", Values: report.Values{
			{Name: "rate", Value: passes / (passes + fails)}, {Name: "passes", Value: passes}, {Name: "fails", Value: fails},
		}}
	}
	return []report.Metric{
		rate("checks", 663471, 98),
		counter("data_received", "data", 1912345678, 3177710),
		counter("data_sent", "data", 141200331, 234630),
		trend("db_write_latency_ms", 4.4, 0.31, 3.02, 8.8, 11.2, 20.3, 98.1),
		trend("http_req_duration", 26.1, 0.21, 19.8, 52.4, 61.2, 104.1, 612.7),
		rate("http_req_failed", 49, 412302),
		counter("http_reqs", "default", 412351, 685.2),
		trend("iteration_duration", 35.1, 2.1, 28.4, 70.2, 86.6, 140.3, 688),
		counter("iterations", "default", 299941, 498.4),
		{Name: "vus", Type: "gauge", Contains: "default", Values: report.Values{{Name: "value", Value: 22}, {Name: "min", Value: 4}, {Name: "max", Value: 64}}},
	}
}

func components() []report.Component {
	return []report.Component{
		{Name: "network", MeanMS: 1.1, Share: 0.04, Parts: report.Values{{Name: "connecting", Value: 0.1}, {Name: "receiving", Value: 1}}},
		{Name: "database", MeanMS: 11.8, Share: 0.45, WaitMS: report.Num(0.2), Parts: report.Values{{Name: "db-read", Value: 7.2}, {Name: "db-write", Value: 4.4}, {Name: "db-pool-wait", Value: 0.2}}},
		{Name: "graph", MeanMS: 0.9, Share: 0.03, Parts: report.Values{{Name: "graph-build", Value: 0.6}, {Name: "template-resolve", Value: 0.3}}},
		{Name: "http_pool", MeanMS: 9.2, Share: 0.35, WaitMS: report.Num(0.1), Parts: report.Values{{Name: "http-call", Value: 9.1}, {Name: "http-pool-wait", Value: 0.1}}},
		{Name: "other", MeanMS: 3.4, Share: 0.13, Parts: report.Values{}},
	}
}

// charts are the standard pictures of a run of so many seconds; strain is how
// far latency climbs towards the end (1: not at all).
func charts(seconds, strain float64) []report.Chart {
	const n = 150
	x := make(report.Points, n)
	p50, p95, p99 := make(report.Points, n), make(report.Points, n), make(report.Points, n)
	done, failed, vus := make(report.Points, n), make(report.Points, n), make(report.Points, n)
	for i := range x {
		at := float64(i) / n
		wave := math.Sin(float64(i)/5) + 0.6*math.Sin(float64(i)/1.7)
		grow := 1 + (strain-1)*math.Pow(at, 3)
		x[i] = math.Round(at*seconds*10) / 10
		p50[i], p95[i], p99[i] = (20+wave)*grow, (61+5*wave)*grow, (104+11*wave)*grow
		if i < 2 {
			p95[i] *= 2.1
		}
		done[i] = (687 + 9*wave) / math.Sqrt(grow)
		failed[i] = math.Max(0, (grow-1.5)/40)
		vus[i] = math.Round(20 * grow)
	}
	line := func(id, title, unit string, series ...report.Series) report.Chart {
		return report.Chart{
			ID: id, Title: title, Kind: report.KindLine, Unit: unit, XUnit: report.UnitS, X: x, Series: series,
			Marks: []report.Mark{{X: 4, Label: "end of warm-up"}},
		}
	}
	return []report.Chart{
		line(report.ChartLatency, "Latency", report.UnitMS, report.Series{Name: "p50", Y: p50}, report.Series{Name: "p95", Y: p95}, report.Series{Name: "p99", Y: p99}),
		line(report.ChartThroughput, "Throughput", report.UnitPerS, report.Series{Name: "achieved", Y: done}),
		line(report.ChartErrors, "Errors", report.UnitShare, report.Series{Name: "error rate", Y: failed}),
		line(report.ChartVUs, "Virtual users", report.UnitCount, report.Series{Name: "VUs", Y: vus}),
	}
}

func method() []report.Method {
	return []report.Method{
		{Topic: "percentiles", Text: "Interpolated between ranks as k6 does, from sketches within 0.05 %; never averaged."},
		{Topic: "warm-up", Text: "About 100 batches of equal count; the cut is kept only when the means before and after differ by more than 5 % and 3 standard errors."},
	}
}
