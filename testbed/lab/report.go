package lab

import "encoding/json"

// Report is what the laboratory reads of report.json.
type Report struct {
	Verdict struct {
		Status string `json:"status"`
	} `json:"verdict"`
	Run struct {
		Endpoints []Endpoint `json:"endpoints"`
		Fairness  *struct {
			Noisy string `json:"noisy"`
			Text  string `json:"text"`
		} `json:"fairness"`
		Load struct {
			Dropped float64 `json:"dropped_iterations"`
		} `json:"load"`
	} `json:"run"`
	Attribution *Attribution `json:"attribution"`
	Soak        *struct {
		Findings []struct {
			Name   string `json:"name"`
			Metric string `json:"metric"`
			Drifts bool   `json:"drifts"`
			Text   string `json:"text"`
		} `json:"findings"`
	} `json:"soak"`
}

// Attribution is the answer that is scored.
type Attribution struct {
	Status       string  `json:"status"`
	Question     string  `json:"question"`
	Bottlenecks  []Named `json:"bottlenecks"`
	DominantCost string  `json:"dominant_cost"`
	Join         string  `json:"join"`
	Reason       string  `json:"reason"`
	ReasonCode   string  `json:"reason_code"`
	Excess       []struct {
		Question string             `json:"question"`
		Hard     string             `json:"hard"`     // the requests that it is about
		Interval *[2]*float64       `json:"interval"` // of the change in ms, 95 %
		Parts    map[string]float64 `json:"parts"`    // of the change in ms
	} `json:"excess"`
}

// Endpoint is an endpoint of a run, with the mean time of its requests in ms.
type Endpoint struct {
	Name     string  `json:"name"`
	Protocol string  `json:"protocol"`
	Method   string  `json:"method"`
	Count    float64 `json:"count"`
	Duration struct {
		Avg *float64 `json:"avg"`
	} `json:"duration_ms"`
}

// Named is a bottleneck as report.json names it.
type Named struct {
	Component string `json:"component"`
	Detail    string `json:"detail"`
}

// names says whether the attribution names anything at all.
func (a *Attribution) names() bool {
	return a != nil && (a.Status == "confirmed" || a.Status == "likely") && len(a.Bottlenecks) > 0
}

// parse reads a report.json.
func parse(text []byte) (*Report, error) {
	r := &Report{}
	err := json.Unmarshal(text, r)
	return r, err
}
