package report

import "testing"

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		StatisticName("p(95)"):                               "p95",
		StatisticName("p(99.9)"):                             "p99.9",
		StatisticName("med"):                                 "p50",
		StatisticName("avg"):                                 "avg",
		StatisticName("avg(95)"):                             "avg of fastest 95 %",
		StatisticName("max)"):                                "max)",
		GateName("http_req_duration", "checkout", "p(95)"):   "checkout p95",
		GateName("http_req_duration", "", "med"):             "whole run p50",
		GateName("http_req_failed", "", "rate"):              "error rate",
		GateName("http_req_failed", "checkout", "rate"):      "checkout error rate",
		GateName("http_reqs", "", "rate"):                    "throughput",
		GateName("db_pool_wait_ms", "", "avg(95)"):           "db_pool_wait_ms avg of fastest 95 %",
		GateName("ws_connecting", "/hubs/workflow", "p(95)"): "/hubs/workflow ws_connecting p95",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestSentencesBeginWithACapital(t *testing.T) {
	for text, want := range map[string]string{
		"all 34 targets met":                   "All 34 targets met",
		"can't tell whether anything is worse": "Can't tell whether anything is worse",
		"checkout: too slow":                   "Checkout: too slow", // who knows it for a name doesn't ask
		"execute_workflow p95 is slower":       "execute_workflow p95 is slower",
		"k6 was ended by a signal":             "k6 was ended by a signal",
		"2 of 5 targets failed":                "2 of 5 targets failed",
		"écrire":                               "écrire",
		" ":                                    " ",
		"":                                     "",
	} {
		if got := Sentence(text); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
