package report

import "strings"

// What the analysis writes into a sentence and a renderer into a table has one
// name, which is made here.

// WholeRun is what a gate without an endpoint is of.
const WholeRun = "whole run"

// StatisticName is k6's name of a statistic as people write it: "p95" for
// "p(95)", "p50" for "med", "avg of fastest 95 %" for "avg(95)".
func StatisticName(statistic string) string {
	if statistic == "med" {
		return "p50"
	}
	inner, ok := strings.CutSuffix(statistic, ")")
	if !ok {
		return statistic
	}
	if percent, ok := strings.CutPrefix(inner, "p("); ok {
		return "p" + percent
	}
	if percent, ok := strings.CutPrefix(inner, "avg("); ok {
		return "avg of fastest " + percent + " %"
	}
	return statistic
}

// GateStatistic is what a gate compares of its endpoint, or of the whole run. The
// duration of requests goes without saying.
func GateStatistic(metric, statistic string) string {
	switch metric {
	case "http_req_failed":
		return "error rate"
	case "http_reqs":
		return "throughput"
	case "load":
		return "load"
	case "http_req_duration", "":
		return StatisticName(statistic)
	}
	return metric + " " + StatisticName(statistic)
}

// GateName names a gate in a sentence: "checkout p95", "throughput", "whole run
// p95".
func GateName(metric, endpoint, statistic string) string {
	name := GateStatistic(metric, statistic)
	switch {
	case endpoint != "":
		return endpoint + " " + name
	case name == StatisticName(statistic):
		return WholeRun + " " + name
	}
	return name
}

// Sentence begins a text with a capital, as a sentence does, unless its first
// word is none of plain letters: k6, p95 and http_reqs stay as they are. Whether it is a
// name of a test, which stays too, the text doesn't tell: who writes it knows.
func Sentence(text string) string {
	word, _, _ := strings.Cut(text, " ")
	word = strings.TrimRight(word, ",:;")
	if word == "" || strings.Trim(word, "abcdefghijklmnopqrstuvwxyz'") != "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
