package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"k6report/internal/threshold"
)

// ParseStatistic reads a gate's statistic: avg, med, p(N) or rate as k6 spells
// them, or avg(N), the average of the fastest N percent.
func ParseStatistic(text string) (Statistic, error) {
	inner, isPart := strings.CutPrefix(strings.TrimSpace(text), "avg(")
	if isPart {
		number, closed := strings.CutSuffix(inner, ")")
		percent, err := strconv.ParseFloat(number, 64)
		if !closed || err != nil || !(percent > 0 && percent <= 100) {
			return Statistic{}, fmt.Errorf("statistic %q: write avg(N) with N over 0 and at most 100", text)
		}
		return Statistic{threshold.Statistic{Method: threshold.Avg}, percent}, nil
	}

	s, err := threshold.ParseStatistic(text)
	if err != nil {
		return Statistic{}, err
	}
	switch s.Method {
	case threshold.Avg:
		return Statistic{s, 100}, nil
	case threshold.Med, threshold.Rate:
		return Statistic{Statistic: s}, nil
	case threshold.Percentile:
		if s.Percent > 0 && s.Percent < 100 {
			return Statistic{Statistic: s}, nil
		}
		return Statistic{}, fmt.Errorf("%s rests on a single request and can't be a gate", s)
	case threshold.Min, threshold.Max:
		return Statistic{}, fmt.Errorf("%s rests on a single request and can't be a gate", s)
	default:
		return Statistic{}, fmt.Errorf("%s can't be a gate: use avg, avg(N), med, p(N) or rate", s)
	}
}

// String returns the statistic as it is written in the file, such as "avg(95)".
func (s Statistic) String() string {
	if s.Method == threshold.Avg && s.FastestPercent != 100 {
		return "avg(" + strconv.FormatFloat(s.FastestPercent, 'g', -1, 64) + ")"
	}
	return s.Statistic.String()
}

// String returns the key as a sentence names it: "p(95) of http_req_duration of
// checkout".
func (k GateKey) String() string {
	text := k.Statistic.String() + " of " + k.Metric
	if k.Endpoint != "" {
		text += " of " + printable(k.Endpoint)
	}
	return text
}

// Fingerprint tells an accepted change from others: a baseline remembers which
// ones it has within it. Whoever accepts the same once more gives another reason.
func (a Accepted) Fingerprint() string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %g %q", a.Metric, a.Endpoint, a.Statistic.String(), a.UpTo, a.Reason))
	return hex.EncodeToString(sum[:6])
}

// printable quotes names only when they could upset a line of text.
func printable(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

func (r *reader) gates(n ast.Node) []Gate {
	var gates []Gate
	for i, element := range r.sequence(n, "gates") {
		if i == MaxGates {
			r.fail(element, "keep the ones that matter: each one more raises false alarms",
				"more than %d gates", MaxGates)
			break
		}
		var change ast.Node
		key, ok := r.gateKey(element, "a gate", field{"smallest_change", func(n ast.Node) { change = n }})
		gate := Gate{GateKey: key, SmallestChange: DefaultSmallestChange}
		if key.Absolute() {
			gate.SmallestChange = DefaultSmallestRise
		}
		if change != nil {
			gate.SmallestChange = r.fraction(change, "smallest_change", 1)
		}
		for _, g := range gates {
			if ok && g.GateKey == key {
				r.fail(element, "", "a second gate on %s", key)
			}
		}
		gates = append(gates, gate)
	}
	return gates
}

func (r *reader) accepted(n ast.Node, gates []Gate) []Accepted {
	var list []Accepted
	for _, element := range r.sequence(n, "accepted") {
		var a Accepted
		key, ok := r.gateKey(
			element, "an accepted change",
			field{"up_to", func(n ast.Node) { a.UpTo = r.fraction(n, "up_to", 10) }},
			field{"reason", func(n ast.Node) { a.Reason, _ = r.text(n, "reason") }},
		)
		r.require(element, "an accepted change", "up_to", "reason")
		if a.GateKey = key; ok {
			r.checkAccepted(element, key, list, gates)
		}
		list = append(list, a)
	}
	return list
}

func (r *reader) checkAccepted(n ast.Node, key GateKey, before []Accepted, gates []Gate) {
	for _, b := range before {
		if b.GateKey == key {
			r.fail(n, "keep the larger one", "%s is accepted twice", key)
		}
	}
	// Gates chosen from the data aren't known here.
	if len(gates) == 0 {
		return
	}
	names := make([]string, len(gates))
	for i, g := range gates {
		if g.GateKey == key {
			return
		}
		names[i] = g.GateKey.String()
	}
	r.fail(n, "the gates are: "+strings.Join(names, "; "), "no gate looks at %s", key)
}

// gateKey reads the keys that gates and accepted changes share, beside the
// fields of their own. It is false when there was a mistake among the shared.
func (r *reader) gateKey(n ast.Node, what string, own ...field) (GateKey, bool) {
	k := GateKey{Metric: "http_req_duration"}
	mistakes := len(r.errs)
	r.fields(n, what, append([]field{
		{"metric", func(n ast.Node) { k.Metric = r.metric(n) }},
		{"endpoint", func(n ast.Node) { k.Endpoint, _ = r.text(n, "endpoint") }},
		{"statistic", func(n ast.Node) {
			text, ok := r.text(n, "statistic")
			if !ok {
				return
			}
			var err error
			if k.Statistic, err = ParseStatistic(text); err != nil {
				r.fail(n, "", "%v", err)
			}
		}},
	}, own...)...)
	r.require(n, what, "statistic")
	if len(r.errs) > mistakes {
		return k, false
	}
	if err := checkBuiltin(k); err != nil {
		r.fail(n, "", "%s on %s: %v", what, k.Metric, err)
		return k, false
	}
	return k, true
}

// metricName is k6's own rule for names.
var metricName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,127}$`)

func (r *reader) metric(n ast.Node) string {
	name, ok := r.text(n, "metric")
	if !ok {
		return ""
	}
	metric, tags, err := threshold.ParseMetric(name)
	switch {
	case err == nil && len(tags) > 0:
		r.fail(n, "name the part with `endpoint:`", "a gate's metric can't be the submetric %q", name)
	case err != nil || !metricName.MatchString(metric):
		r.fail(n, "", "%q can't be a metric's name", name)
	}
	return metric
}

// checkBuiltin notes statistics that k6's own metrics don't have. The types of
// custom metrics are only known from the data.
func checkBuiltin(k GateKey) error {
	m, own := threshold.Builtin(k.Metric)
	isRate := k.Statistic.Method == threshold.Rate
	switch {
	case !own:
	case m.Type == "gauge": // vus and vus_max
		return errors.New("numbers of virtual users are what was asked for, not what was measured")
	case m.Type == "trend" && isRate:
		return errors.New("the metric has no rate, use avg, avg(N), med or p(N)")
	case m.Type != "trend" && !isRate:
		return fmt.Errorf("the metric has no %s, use rate", k.Statistic)
	}
	return nil
}
