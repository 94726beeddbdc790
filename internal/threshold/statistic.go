package threshold

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Method is one of k6's aggregation methods, spelt as k6 spells it.
type Method string

// The aggregation methods of k6. Percentile stands for p(N), any N.
const (
	Count      Method = "count"
	Rate       Method = "rate"
	Value      Method = "value"
	Avg        Method = "avg"
	Min        Method = "min"
	Med        Method = "med"
	Max        Method = "max"
	Percentile Method = "p"
)

// Methods returns the aggregation methods that k6 allows on metrics of a type:
// "counter", "gauge", "rate" or "trend". Nil means that there is no such type.
func Methods(metricType string) []Method {
	switch metricType {
	case "counter":
		return []Method{Count, Rate}
	case "gauge":
		return []Method{Value}
	case "rate":
		return []Method{Rate}
	case "trend":
		return []Method{Avg, Min, Max, Med, Percentile}
	default:
		return nil
	}
}

// Statistic is the left side of a threshold: what is computed from a metric's
// samples. Two statistics are the same when they are equal with ==.
type Statistic struct {
	Method Method

	// Percent is the N of p(N), from 0 to 100; 0 for every other method.
	Percent float64
}

// ParseStatistic reads an aggregation method such as "avg" or "p(99.9)", with
// optional white space around it but, as in k6, none inside. A bare "p" is
// legal in k6 and means p(0). Percentiles outside 0 to 100 are errors: k6 lets
// them pass and crashes when it evaluates them.
// An error is a *SyntaxError.
func ParseStatistic(input string) (Statistic, error) {
	text := strings.TrimSpace(input)
	offset := strings.Index(input, text)

	switch method := Method(text); method {
	case Count, Rate, Value, Avg, Min, Med, Max, Percentile:
		return Statistic{Method: method}, nil
	}

	inner, opened := strings.CutPrefix(text, "p(")
	number, closed := strings.CutSuffix(inner, ")")
	switch {
	case opened && !closed:
		return Statistic{}, syntaxError("statistic", input, offset+len(text), `")" is missing`)
	case !opened && text == "":
		return Statistic{}, syntaxError("statistic", input, offset,
			"an aggregation method is missing: "+methodList)
	case !opened:
		return Statistic{}, syntaxError("statistic", input, offset,
			fmt.Sprintf("%q is no aggregation method: %s", text, methodList))
	}

	percent, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return Statistic{}, syntaxError("statistic", input, offset+len("p("),
			fmt.Sprintf("%q is not a number", number))
	}
	if !(percent >= 0 && percent <= 100) {
		return Statistic{}, syntaxError("statistic", input, offset+len("p("),
			fmt.Sprintf("percentile %s is outside 0 to 100", number))
	}
	return Statistic{Method: Percentile, Percent: positiveZero(percent)}, nil
}

const methodList = "use count, rate, value, avg, min, med, max or p(N)"

// String returns the name under which k6 keeps the statistic's value, such as
// "avg" or "p(99.9)".
func (s Statistic) String() string {
	if s.Method == Percentile {
		return "p(" + strconv.FormatFloat(s.Percent, 'g', -1, 64) + ")"
	}
	return string(s.Method)
}

// Quantile returns the quantile that the statistic asks for, from 0 to 1:
// 0.5 for "med", 0.999 for "p(99.9)". It is false for other methods, "min" and
// "max" too, because k6 keeps those apart from its quantiles.
func (s Statistic) Quantile() (float64, bool) {
	switch s.Method {
	case Med:
		return 0.5, true
	case Percentile:
		return s.Percent / 100, true
	default:
		return 0, false
	}
}

// CheckType returns nil when k6 allows the statistic on metrics of a type
// ("counter", "gauge", "rate" or "trend"), and otherwise an error that lists
// what it allows.
func (s Statistic) CheckType(metricType string) error {
	allowed := Methods(metricType)
	if allowed == nil {
		return fmt.Errorf("metric type %q is unknown: use counter, gauge, rate or trend", metricType)
	}
	if slices.Contains(allowed, s.Method) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, method := range allowed {
		names[i] = string(method)
		if method == Percentile {
			names[i] = "p(N)"
		}
	}
	return fmt.Errorf("%s can't be taken of a %s: use %s", s, metricType, strings.Join(names, ", "))
}

// positiveZero turns -0 into 0, which are equal but print differently.
func positiveZero(v float64) float64 { return v + 0 }
