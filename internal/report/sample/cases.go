package sample

import (
	"fmt"
	"math"
	"strings"
	"time"

	"k6report/internal/report"
)

// ThresholdFailed is a stress run whose latency climbs above its targets:
// two thresholds, some service levels and checks fail, tenants differ.
func ThresholdFailed() *report.Report {
	r := Healthy()
	r.Verdict = report.Verdict{
		Status: report.ThresholdFailed, ExitCode: report.ExitThresholdFailed,
		Headline: "2 of 9 thresholds failed: execute_workflow p95 is 812 ms (limit 500 ms), error rate 0.41 % (limit 0.1 %).",
	}
	r.Charts = charts(600, 9)
	run := &r.Run
	run.ID = "stress-20261123-130212"
	run.Load.ErrorRate, run.Load.TimeoutRate = report.Num(0.0041), report.Num(0.0006)
	run.Load.VUsMax = report.Int(391)
	run.Load.Levels = []report.Level{
		level(0, 120, 250, 250, 62, 0), level(120, 240, 500, 499.8, 71, 0.0001),
		level(240, 360, 750, 748.1, 190, 0.0009), level(360, 480, 1000, 902.4, 811, 0.0121),
	}
	run.Load.Levels[3].DropShare = report.Num(0.0976)
	run.Endpoints[0] = endpoint("execute_workflow", "POST", 131220, 92.4, 812.3, 1904, 5006.2, 0.0121, target("50", 100, 92.4), target("95", 500, 812.3), target("99", 1000, 1904))
	run.Endpoints[3] = endpoint("get_execution", "GET", 60007, 31.4, 96.2, 188, 902.1, 0.0001, target("50", 30, 31.4), target("95", 100, 96.2), target("99", 200, 188))
	run.Thresholds[3].OK, run.Thresholds[3].Observed = report.Bool(false), report.Num(812.3)
	run.Thresholds[4].OK, run.Thresholds[4].Observed = report.Bool(false), report.Num(1904)
	run.Thresholds[7].OK, run.Thresholds[7].Observed = report.Bool(false), report.Num(0.0041)
	run.Thresholds[2].OK, run.Thresholds[2].Observed, run.Thresholds[2].Reason = nil, nil, "no samples"
	run.ServiceLevels[0].OK, run.ServiceLevels[0].Observed = report.Bool(false), report.Num(0.0041)
	run.Checks[0].Fails, run.Checks[0].Passes = 1588, 129632
	run.Errors = []report.Failure{
		{Kind: report.KindError, Endpoint: "execute_workflow", Status: "503", Text: "connection pool exhausted", Count: 1412, Share: report.Num(0.01076)},
		{Kind: report.KindTimeout, Endpoint: "execute_workflow", Status: "0", ErrorCode: "1050", Text: "request timeout", Count: 176, Share: report.Num(0.00134)},
		{Kind: report.KindError, Endpoint: "get_execution", Status: "404", ErrorCode: "1404", Count: 6, Share: report.Num(0.0001)},
	}
	run.Tenants = []report.Part{part("acme", 250345, 61, 402.1, 1100, 0.0012), part("globex", 81000, 58.2, 391.4, 1080, 0.0011), part("initech", 81000, 120.9, 1230, 2410, 0.0131)}
	run.Fairness = &report.Fairness{Worst: "initech", WorstP95: report.Num(1230), MedianP95: report.Num(402.1), Ratio: report.Num(3.06), Jain: report.Num(0.75), Noisy: "acme"}
	run.Fairness.Text = "p95 of initech is 3.06 times the median tenant's; acme sent 60.7 % of the requests, 3.09 times as many as the median tenant"
	r.Attribution = bottleneck()
	r.Notes = append(r.Notes, report.Note{Code: "error_budget", Severity: report.Warning, Message: "0.41 % of requests failed; without a preset there is no budget to hold this against"})
	return r
}

func level(from, to, target, achieved, p95, errors float64) report.Level {
	return report.Level{
		FromS: from, ToS: to, TargetPerS: &target, OfferedPerS: &target, AchievedPerS: &achieved,
		Concurrency: report.Num(achieved * p95 / 1900), P50: report.Num(p95 / 3), P95: &p95, P99: report.Num(p95 * 1.9),
		ErrorRate: &errors, Count: int64(achieved * (to - from)), TargetsMet: report.Bool(p95 < 500), Collapsed: p95 > 800,
	}
}

func bottleneck() *report.Attribution {
	list := components()
	for i, x := range []float64{0.01, 0.88, 0.01, 0.06, 0.04} {
		list[i].Load = report.Num(x)
		list[i].Tail = report.Num(x)
	}
	list[1].MeanMS, list[1].Share, list[1].WaitMS = 112.4, 0.79, report.Num(96.1)
	return &report.Attribution{
		Status: report.AttrConfirmed, Question: report.QuestionLoad, DominantCost: "database",
		Bottlenecks: []report.Bottleneck{{Component: "database", Detail: "pool exhaustion", Remedy: "Raise the pool's size above 100 connections or hold each one for a shorter time."}},
		Confidence:  report.Num(0.994), Coverage: report.Num(0.997), Join: report.JoinRequest, Components: list, Mix: report.Num(0.8),
		Evidence: []string{
			"database wait grew from 0.4 ms to 96 ms between 250/s and 1,000/s while throughput rose 21 %",
			"100 of 100 connections were busy in 62 % of the windows",
		},
	}
}

// Invalid is a run whose generator could not keep up.
func Invalid() *report.Report {
	r := Healthy()
	r.Verdict = report.Verdict{
		Status: report.RunInvalid, ExitCode: report.ExitOtherStatus, Also: []report.Status{report.Inconclusive},
		Headline: "The generator dropped 18.2 % of the load and offered 409/s of 500/s: the numbers say nothing about the build.",
		Told:     []int{0},
	}
	load := &r.Run.Load
	load.OfferedPerS, load.AchievedPerS = report.Num(500), report.Num(409.2)
	load.DroppedIterations, load.DropShare = report.Int(54480), report.Num(0.182)
	load.VUsMax, load.Steady = report.Int(400), nil
	r.Run.K6.CPU = report.Num(0.97)
	r.Run.Checks = nil
	r.Charts = charts(600, 4)
	r.Notes = []report.Note{
		{Code: "dropped_iterations", Severity: report.Invalid, Message: "54,480 of 299,941 iterations were dropped (18.2 %, limit 0.5 %): raise maxVUs or take a stronger generator"},
		{Code: "generator_overloaded", Severity: report.Invalid, Message: "k6 used 97 % of the machine's CPU"},
		{Code: "no_steady_state", Severity: report.Warning, Message: "the two halves of the run differ by 41 %"},
	}
	return r
}

// Wide is a run of 200 endpoints with long names in two protocols, some of
// them with wide letters.
func Wide() *report.Report {
	r := Healthy()
	r.Verdict.Headline = "All 10 targets met (9 thresholds, 1 service level); 412,345 requests, 0.012 % failed"
	r.Run.Endpoints = nil
	for i := range 200 {
		name := fmt.Sprintf("GET https://staging.example.com/api/v1/tenants/%03d/workflows/{name}/versions/latest/executions", i)
		switch {
		case i%7 == 3:
			name = fmt.Sprintf("ワークフロー一覧を取得する・テナント%03d・履歴と検索のページ", i)
		case i%11 == 5:
			name = fmt.Sprintf("listé-e\u0301tape-👩‍👩‍👧-%d", i)
		}
		e := endpoint(name, "GET", int64(90000/(i+1)), 12.5+float64(i), 40+float64(i)*9, 80+float64(i)*20, 300+float64(i)*77, float64(i%5)/1000)
		if e.Count < 1000 {
			e.FewSamples = []string{"p(99)"}
		}
		if i%50 == 1 {
			e.Protocol, e.Metric, e.Method = "websocket", "ws_connecting", ""
		}
		r.Run.Endpoints = append(r.Run.Endpoints, e)
	}
	return r
}

// Attack is text as a load test could put into its data: terminal escapes,
// line breaks, bidirectional controls, markup, templates, SQL, wide letters,
// invalid UTF-8 and length.
func Attack() string {
	return "\x1b[31mred\x1b]0;title\a\r\n/merge\u2028\u202egnp.exe\u2069\u0085\u009b31m\x00\x7f\xff" +
		"{{7*7}} ${7*7} <%= 7 %> '; DROP TABLE runs; -- 👩‍👩‍👧 " +
		"<script>alert(1)</script> @all | `x` ![i](http://e.com) \u200b\u200f\ufeff" + strings.Repeat("A", 10_000)
}

// Hostile has Attack in every place that holds text from a load test.
func Hostile() *report.Report {
	r := ThresholdFailed()
	a := Attack()
	r.Verdict.Headline = a
	run := &r.Run
	run.ID = a
	run.Labels = map[string]string{a: a}
	run.Tags = map[string]string{a: a}
	run.K6.Version = a
	for i := range run.Sources {
		run.Sources[i].Name, run.Sources[i].Format = a, a
	}
	run.Load.Plan.Executors[0].Scenario, run.Load.Plan.Executors[0].Type = a, a
	for i := range run.Endpoints {
		e := &run.Endpoints[i]
		e.Name, e.Protocol, e.Metric, e.Method, e.Scenario, e.FewSamples = a, a, a, a, a, []string{a}
		for j := range e.Targets {
			e.Targets[j].Expression, e.Targets[j].Text, e.Targets[j].Unit = a, a, a
		}
		for j := range e.Attribution {
			e.Attribution[j].Component = a
		}
	}
	run.Personas = []report.Part{part(a, 1, 2, 3, 4, 0.5)}
	run.Dimensions = []report.Dimension{{Name: a, Rows: run.Personas}}
	for _, list := range [][]report.Part{run.Scenarios, run.Groups, run.Tenants} {
		for i := range list {
			list[i].Name = a
		}
	}
	run.Fairness.Worst, run.Fairness.Text = a, a
	for i := range run.Errors {
		run.Errors[i] = report.Failure{Kind: report.KindError, Endpoint: a, Status: a, ErrorCode: a, Text: a, Count: 7}
	}
	for i := range run.Thresholds {
		t := &run.Thresholds[i]
		t.Metric, t.Expression, t.Unit, t.Source, t.Reason = a, a, a, a, a
	}
	for i := range run.Checks {
		run.Checks[i].Name, run.Checks[i].Group = a, a
	}
	for i := range run.ServiceLevels {
		run.ServiceLevels[i].Metric, run.ServiceLevels[i].Text, run.ServiceLevels[i].Expression = a, a, a
	}
	for i := range run.Metrics {
		run.Metrics[i].Name, run.Metrics[i].Type, run.Metrics[i].Contains = a, a, a
		for j := range run.Metrics[i].Values {
			run.Metrics[i].Values[j].Name = a
		}
	}
	for i := range r.Charts {
		c := &r.Charts[i]
		c.Title, c.Unit, c.XUnit = a, a, a
		for j := range c.Series[1:] {
			c.Series[1+j].Name = a
		}
		c.Marks = []report.Mark{{X: 1, Label: a}}
	}
	at := r.Attribution
	at.Bottlenecks[0] = report.Bottleneck{Component: a, Detail: a, Remedy: a}
	at.DominantCost, at.Reason, at.Needed, at.Evidence = a, a, a, []string{a}
	for i := range at.Components {
		at.Components[i].Name = a
		at.Components[i].Parts = report.Values{{Name: a, Value: 1}}
	}
	r.Overhead.Definition, r.Overhead.Source = a, a
	r.Overhead.Endpoints = []report.EndpointOverhead{{Endpoint: a, Percent: r.Overhead.Percent}, {Endpoint: a, Percent: r.Overhead.Percent}}
	for i := range r.Notes {
		r.Notes[i].Message, r.Notes[i].Where = a, a
	}
	r.Method = append(r.Method, report.Method{Topic: a, Text: a})
	r.Generator.Version = a
	return r
}

// Full has every section and every field; its parts needn't agree.
func Full() *report.Report {
	r := ThresholdFailed()
	r.Verdict = report.Verdict{
		Status: report.Regressed, Also: []report.Status{report.ThresholdFailed}, ExitCode: report.ExitRegressed,
		Headline: "execute_workflow p95 is 38 % slower than the baseline (confirmed by a second run); most of it is database pool wait.",
	}
	r.Notes[0].Where = "main"
	r.Notes = append(r.Notes,
		report.Note{Code: "short_run", Severity: report.Info, Message: "a soak of 10 minutes can't see a slow leak"},
		report.Note{Code: "lines_skipped", Severity: report.Warning, Message: "3 lines could not be read", Where: "run.json.gz:1204"})
	fillRun(&r.Run)
	r.Attribution.Question, r.Attribution.Reason = report.QuestionRegression, ""
	for i, x := range []float64{0, 0.91, 0, 0.05, 0.04} {
		r.Attribution.Components[i].Regression = report.Num(x)
		r.Attribution.Components[i].WaitMS = report.Num(x)
	}
	r.Overhead.Endpoints = []report.EndpointOverhead{{
		Endpoint: "execute_workflow", Percent: r.Overhead.Percent, MS: r.Overhead.MS, Samples: r.Overhead.Samples, OK: report.Bool(true),
	}, {
		Endpoint: "test_execute", Percent: report.OverheadStats{Avg: report.Num(16.2)}, MS: &report.OverheadStats{Avg: report.Num(0.41)}, Samples: 1200, OK: report.Bool(false),
	}}
	r.Attribution.Excess = []report.Excess{{
		Question: report.QuestionRegression, Reference: "baseline", Hard: "this run", ReferenceMS: 102, HardMS: 142.3, ChangeMS: 40.3,
		Interval: &report.Interval{Low: report.Num(36.1), High: report.Num(44.9)}, Confidence: report.Num(0.994), Coverage: report.Num(0.997),
		Shares: report.Values{{Name: "database", Value: 0.91}, {Name: "other", Value: 0.09}},
		Parts:  report.Values{{Name: "db-pool-wait", Value: 36.7}, {Name: "unattributed", Value: 3.6}},
	}}
	r.Comparison = comparison()
	r.Saturation = &report.Saturation{
		Status: report.SatPeak, Headline: "Every target was met up to 750/s; throughput peaks near 930/s",
		Sigma: report.Num(0.021), Kappa: report.Num(0.00011), Lambda: report.Num(14.2),
		PeakConcurrency: report.Num(94), PeakInterval: &report.Interval{Low: report.Num(81), High: report.Num(120)},
		PeakPerS: report.Num(931), KneePerS: report.Num(1000), CapacityPerS: report.Num(750),
		SigmaInterval: &report.Interval{Low: report.Num(0.015), High: report.Num(0.03)},
		KappaInterval: &report.Interval{Low: report.Num(0.00008), High: report.Num(0.00015)},
		Spike:         &report.Spike{PeakPerS: report.Num(930), PeakP95: report.Num(1980), RecoveryS: report.Num(14)},
	}
	r.Soak = &report.Soak{Headline: "Heap after GC grows 31 % over the run", Findings: []report.SoakFinding{{
		Name: "leak", Metric: "engine_heap_after_gc", Endpoint: "health_check", Unit: report.UnitBytes, From: report.Num(61e6), To: report.Num(80e6),
		PerHour: report.Num(114e6), Change: report.Num(0.31), PValue: report.Num(0.0004), Drifts: true, Text: "about 50 kB a request",
	}}}
	r.Trend = trend()
	r.Charts[0].Endpoint = "execute_workflow"
	for range r.Charts[0].X {
		r.Charts[0].XLabels = append(r.Charts[0].XLabels, "t")
	}
	planned := report.Series{Name: "planned requests", Planned: true}
	for range r.Charts[1].X {
		planned.Y = append(planned.Y, 700)
	}
	r.Charts[1].Series = append(r.Charts[1].Series, planned)
	r.Charts = append(r.Charts, answers()...)
	r.Charts = append(r.Charts, report.Chart{
		ID: "components", Title: "Where the time goes", Kind: report.KindBar, Unit: report.UnitMS, X: report.Points{0, 1},
		XLabels: []string{"database", "http_pool"}, Series: []report.Series{{Name: "mean", Y: report.Points{112.4, 9.2}}},
	})
	return r
}

// answers are the charts that do not run along time, and the components' one.
func answers() []report.Chart {
	stack := report.Chart{ID: report.ChartAttribution, Title: "Time per request by component", Kind: report.KindLine, Unit: report.UnitMS, XUnit: report.UnitS}
	names := []string{"client", "network", "database", "http_pool", "other"}
	for _, name := range names {
		stack.Series = append(stack.Series, report.Series{Name: name})
	}
	spread := report.Chart{
		ID: report.ChartDistribution, Title: "Latency of execute_workflow", Endpoint: "execute_workflow", Kind: report.KindLine,
		Unit: report.UnitShare, XUnit: report.UnitMS, Series: []report.Series{{Name: "this run and its rerun"}, {Name: "baseline"}},
	}
	for i := range 60 {
		at := float64(i) / 59
		stack.X = append(stack.X, 600*at)
		for j, ms := range []float64{0.4, 1.1, 40 + 110*at*at, 9, 3 + math.Sin(8*at)} {
			stack.Series[j].Y = append(stack.Series[j].Y, ms)
		}
		x := 20 * math.Pow(100, at)
		spread.X = append(spread.X, x)
		for j, middle := range []float64{140, 92} {
			spread.Series[j].Y = append(spread.Series[j].Y, 1/(1+math.Pow(middle/x, 3)))
		}
	}
	return []report.Chart{spread, stack, {
		ID: report.ChartDelta, Title: "What changed against the baseline", Kind: report.KindBar, Unit: report.UnitMS,
		X: report.Points{0, 1, 2, 3, 4}, XLabels: names, Series: []report.Series{{Name: "change", Y: report.Points{0.003, -0.4, 58.2, 0.9, 2.1}}},
	}, {
		ID: report.ChartSaturation, Title: "Latency against load", Kind: report.KindLine, Unit: report.UnitMS, XUnit: report.UnitPerS,
		X:      report.Points{250, 500, 748, 902},
		Series: []report.Series{{Name: "p50", Y: report.Points{20.7, 23.7, 63.3, 270}}, {Name: "p95", Y: report.Points{62, 71, 190, 811}}},
		Marks:  []report.Mark{{X: 750, Label: "every target met"}, {X: 930, Label: "peak"}},
	}}
}

func fillRun(run *report.Run) {
	run.K6.ExitCode = new(int)
	*run.K6.ExitCode = 99
	run.Sources[0].Skipped = 3
	run.Load.OfferedP95 = report.Num(402.8)
	run.Load.Plan.RateScale, run.Load.Plan.TimeScale = report.Num(0.05), report.Num(0.05)
	run.Load.Levels[0].Collapsed, run.Load.Levels[0].DropShare = true, report.Num(0.003)
	run.Endpoints[0].FewSamples = []string{"p(99)"}
	run.Endpoints[0].Scenario = "load"
	run.Endpoints[0].Targets[0].Metric = "http_req_duration"
	run.Endpoints[0].Attribution = []report.Share{
		{Component: "database", MeanMS: 112.4, Share: 0.79, Tail: report.Num(0.9), Load: report.Num(0.88), Regression: report.Num(0.91)},
		{Component: "other", MeanMS: 29.9, Share: 0.21, Tail: report.Num(0.1), Load: report.Num(0.12), Regression: report.Num(0.09)},
	}
	run.Endpoints = append(run.Endpoints, report.Endpoint{
		Name: "/hubs/workflow", Protocol: "websocket", Metric: "ws_connecting", Count: 212, RatePerS: report.Num(0.35),
		FewSamples: []string{"p(99)"}, DurationMS: report.Durations{Avg: report.Num(3.2), Med: report.Num(2.9), P95: report.Num(6.1), P99: report.Num(9.9), Max: report.Num(11)},
	})
	for _, list := range []*[]report.Part{&run.Scenarios, &run.Groups, &run.Tenants} {
		(*list)[0].FewSamples = []string{"p(99)"}
	}
	run.Personas = []report.Part{part("cicd", 300000, 31, 61, 104, 0.0002), part("developer", 90000, 22, 55, 98, 0)}
	run.Personas[0].FewSamples = []string{"p(99)"}
	run.Dimensions = []report.Dimension{{Name: "region", Rows: []report.Part{run.Personas[0]}}}
	run.Errors[0].ErrorCode = "1503"
	run.Thresholds[0].Reason = "nearer to the limit than the sketch's error"
}

// Compared is two groups of runs side by side.
func Compared() *report.Report {
	r := Healthy()
	r.Verdict = report.Verdict{Status: report.Regressed, ExitCode: 3, Headline: "execute_workflow p95 is 38 % slower than main: 812 ms, was 588 ms."}
	r.Comparison = comparison()
	c := r.Comparison
	c.CandidateName, c.Forced, c.Differences = "feature", false, nil
	for i, q := range []float64{0.1, 0.5, 0.9, 0.99} {
		c.Shift = append(c.Shift, report.Shift{Endpoint: "list_workflows", Quantile: q, Baseline: 10, Candidate: 10 + float64(i), Change: report.Num(float64(i) / 10)})
	}
	return r
}

func comparison() *report.Comparison {
	gate := func(endpoint, stat, verdict string, base, cand, p float64) report.Gate {
		change := cand/base - 1
		return report.Gate{
			Metric: "http_req_duration", Endpoint: endpoint, Statistic: stat, Unit: report.UnitMS,
			Baseline: &base, Candidate: &cand, Change: &change,
			Interval: &report.Interval{Low: report.Num(change - 0.04), High: report.Num(change + 0.04)}, PValue: &p,
			Excluded: report.Num(change + 0.04), BaselineSpread: report.Num(0.012), CandidateSpread: report.Num(0.014),
			Detectable: report.Num(0.071), Confirmable: report.Num(0.092), Noise: report.Num(0.016), Tolerance: report.Num(0.05), Verdict: verdict,
		}
	}
	gates := []report.Gate{
		gate("execute_workflow", "p(95)", report.GateRegressed, 588.2, 812.3, 0.00004),
		gate("execute_workflow", "avg", report.GateSuspected, 81.2, 92.9, 0.0021),
		{
			Metric: "http_req_failed", Statistic: "rate", Unit: report.UnitShare, // of which a change is a difference
			Baseline: report.Num(0), Candidate: report.Num(0.0213), Change: report.Num(0.0213),
			Interval: &report.Interval{Low: report.Num(0.016), High: report.Num(0.027)}, PValue: report.Num(0.0008),
			Excluded: report.Num(0.027), Detectable: report.Num(0.004), Confirmable: report.Num(0.006), Tolerance: report.Num(0.001), Verdict: report.GateSuspected,
		},
		gate("list_workflows", "p(95)", report.GateOK, 31.1, 31.4, 0.41),
		{Metric: "http_req_duration", Endpoint: "old_route", Statistic: "p(95)", Unit: report.UnitMS, Verdict: report.GateNotComparable, Reason: "there is no value of it now"},
	}
	gates[0].Reason = "in both runs"
	throughput := gate("", "rate", report.GateOK, 931.2, 929.8, 0.44)
	throughput.Metric, throughput.Unit, throughput.LowerIsWorse = "http_reqs", report.UnitPerS, true
	gates = append(gates, throughput)
	return &report.Comparison{
		Forced: true, WarmUpS: 4,
		Labels:      []report.Difference{{What: "commit", Baseline: "4f0c2d81", Candidate: "9b1e77aa"}},
		Baseline:    report.Baseline{Name: "main", Runs: 8, IDs: []string{"load-1", "load-2"}, Wanted: 5, Epoch: "2026-10"},
		Candidate:   []string{"stress-20261123-130212", "stress-20261123-131540"},
		Differences: []report.Difference{{What: "label runner", Baseline: "perf-1", Candidate: "perf-2"}},
		Noise:       report.Noise{Definition: "standard deviation between runs of ln(statistic)", Runs: 8, Median: report.Num(0.012), Largest: report.Num(0.031), Dispersion: report.Num(1.2), Learned: report.Num(0.009), LearnedRuns: 34},
		Gates:       gates,
		Shift: []report.Shift{{
			Endpoint: "execute_workflow", Quantile: 0.95, Baseline: 588.2, Candidate: 812.3, Change: report.Num(0.381),
			Interval: &report.Interval{Low: report.Num(0.34)}, // open above
		}},
		Endpoints: []report.EndpointChange{{
			Metric: "http_req_duration", Endpoint: "get_execution", Statistic: "p(95)", Baseline: report.Num(92.1), Candidate: report.Num(96.2),
			Change: report.Num(0.0445), Interval: &report.Interval{Low: report.Num(-0.01), High: report.Num(0.1)},
		}},
		Exploratory: []report.Finding{{
			Metric: "http_req_waiting", Endpoint: "get_trace", Statistic: "avg", Unit: report.UnitMS,
			Baseline: report.Num(20.1), Candidate: report.Num(22.4), Change: report.Num(0.114), PValue: report.Num(0.003), QValue: report.Num(0.06),
		}},
	}
}

func trend() *report.Trend {
	start := time.Date(2026, 11, 1, 3, 0, 0, 0, time.UTC)
	t := &report.Trend{Baseline: "main"}
	var y report.Points
	for i := range 12 {
		t.Runs = append(t.Runs, report.TrendRun{ID: fmt.Sprintf("load-%d", i+1), Commit: fmt.Sprintf("%08x", 77777*i), Started: start.AddDate(0, 0, i), Status: report.Passed})
		y = append(y, 588+float64(i%3)+float64(i/8)*224)
	}
	t.Runs[0].Commit, t.Runs[0].Epoch = "0c0ffee0", "1f2e3d4c"
	t.Series = []report.TrendSeries{{
		Metric: "http_req_duration", Endpoint: "execute_workflow", Statistic: "p(95)", Unit: report.UnitMS, Y: y,
		Changes: []report.Change{{Index: 8, ID: "load-9", Commit: t.Runs[8].Commit, Before: 589, After: 813, Change: report.Num(0.38), Interval: &report.Interval{Low: report.Num(0.36), High: report.Num(0.4)}, PValue: report.Num(0.001)}},
	}}
	return t
}
