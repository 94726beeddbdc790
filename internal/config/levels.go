package config

import (
	"math"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"k6report/internal/threshold"
)

func (r *reader) serviceLevels(n ast.Node) ServiceLevels {
	var s ServiceLevels
	latency := threshold.Methods("trend")
	r.fields(
		n, "service_levels",
		field{"endpoints", func(n ast.Node) {
			for key, value := range r.entries(n, "service_levels.endpoints") {
				if value == nil {
					continue
				}
				targets := r.targets(value, "the targets of "+printable(key.name), append(latency, threshold.Rate))
				if len(targets) > 0 {
					s.Endpoints = append(s.Endpoints, EndpointLevels{key.name, targets})
				}
			}
		}},
		field{"error_rate", func(n ast.Node) { s.ErrorBudgets = r.errorBudgets(n) }},
		field{"timeout_rate", func(n ast.Node) {
			s.TimeoutRate = r.targets(n, "timeout_rate", []threshold.Method{threshold.Rate})
		}},
		field{"overhead", func(n ast.Node) { s.Overhead = r.targets(n, "overhead", latency) }},
		field{"graph_build", func(n ast.Node) { s.GraphBuild = r.targets(n, "graph_build", latency) }},
	)
	slices.SortFunc(s.Endpoints, func(a, b EndpointLevels) int { return strings.Compare(a.Endpoint, b.Endpoint) })
	return s
}

// errorBudgets reads one target for all levels, or a mapping from levels.
func (r *reader) errorBudgets(n ast.Node) []ErrorBudget {
	if _, ok := scalar(n); ok {
		return r.errorBudget(nil, "", n)
	}
	var budgets []ErrorBudget
	for key, value := range r.entries(n, "error_rate") {
		if value == nil {
			continue
		}
		level := key.name
		if level == "default" {
			level = ""
		}
		budgets = r.errorBudget(budgets, level, value)
	}
	slices.SortFunc(budgets, func(a, b ErrorBudget) int { return strings.Compare(a.Level, b.Level) })
	return budgets
}

func (r *reader) errorBudget(budgets []ErrorBudget, level string, n ast.Node) []ErrorBudget {
	if _, ok := r.text(n, "an error_rate"); !ok {
		return budgets
	}
	for _, target := range r.targets(n, "error_rate", []threshold.Method{threshold.Rate}) {
		if op := target.Expression.Operator; op != threshold.Less && op != threshold.LessEqual {
			r.fail(n, "write rate<0.01", "an error budget is an upper limit, not %q", op)
			continue
		}
		budgets = append(budgets, ErrorBudget{level, target})
	}
	return budgets
}

// targets reads one expression or a list of them, of the methods allowed.
func (r *reader) targets(n ast.Node, what string, allowed []threshold.Method) []Target {
	var targets []Target
	for _, element := range r.list(n, what) {
		text, ok := r.text(element, "a target")
		if !ok {
			continue
		}
		expression, err := threshold.Parse(text)
		if err != nil {
			r.fail(element, "", "%v", err)
			continue
		}
		if r.checkTarget(element, what, expression, allowed) && r.isNew(element, what, targets, expression) {
			targets = append(targets, Target{Expression: expression, Source: r.file})
		}
	}
	return targets
}

// checkTarget notes expressions that k6's grammar allows and that make no sense
// as a service level.
func (r *reader) checkTarget(n ast.Node, what string, e threshold.Expression, allowed []threshold.Method) bool {
	method, limit := e.Statistic.Method, e.Limit
	switch {
	case !slices.Contains(allowed, method):
		names := make([]string, len(allowed))
		for i, m := range allowed {
			names[i] = string(m)
			if m == threshold.Percentile {
				names[i] = "p(N)"
			}
		}
		r.fail(n, "use "+strings.Join(names, ", "), "%s can't use %s", what, e.Statistic)
	case math.IsNaN(limit) || math.IsInf(limit, 0) || limit < 0:
		r.fail(n, "", "the limit of %q must be a number from 0 up", e)
	case method == threshold.Rate && limit > 1:
		r.fail(n, "rates are fractions: 5 % is 0.05", "the limit of %q is over 1", e)
	default:
		return true
	}
	return false
}

func (r *reader) isNew(n ast.Node, what string, targets []Target, e threshold.Expression) bool {
	for _, t := range targets {
		if sameStatistic(t.Expression.Statistic, e.Statistic) && t.Expression.Operator == e.Operator {
			r.fail(n, "", "%s limit %s twice: %q and %q", what, e.Statistic, t.Expression, e)
			return false
		}
	}
	return true
}

// sameStatistic is equality, but for the median's two names.
func sameStatistic(a, b threshold.Statistic) bool {
	qa, oka := a.Quantile()
	qb, okb := b.Quantile()
	return a == b || oka && okb && qa == qb
}
