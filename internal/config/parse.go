package config

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"k6report/internal/component"
)

// Far above any real file, and low enough that a hostile one (a merge request
// from a fork may bring its own) costs nothing: the YAML library's memory grows
// with the square of the depth.
const (
	maxSize  = 256 << 10
	maxDepth = 20
)

// Parse decodes and validates a k6report.yaml. The name is only for errors and
// sources. Mistakes come all at once, in the file's order, joined, each an
// *Error with its line and column.
func Parse(name string, data []byte) (*Config, error) {
	if len(data) > maxSize {
		return nil, fmt.Errorf("%s: %d bytes are more than a configuration's limit of %d", name, len(data), maxSize)
	}
	tokens := lexer.Tokenize(string(bytes.TrimPrefix(data, []byte("\ufeff"))))
	if err := checkDepth(name, tokens); err != nil {
		return nil, err
	}
	file, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, syntaxError(name, err)
	}

	r := &reader{file: name, anchors: map[string]ast.Node{}}
	var c Config
	var read bool
	for _, document := range file.Docs {
		root := r.resolve(document.Body)
		if root == nil {
			continue
		}
		if read {
			r.fail(root, "take the `---` out", "a second document in one file")
			break
		}
		read = true
		c = r.config(root)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return &c, nil
}

// checkDepth refuses nesting within one line; nesting by indentation is bounded
// by the size of the file, as each level costs an ever longer line.
func checkDepth(name string, tokens token.Tokens) error {
	flow, entries, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			entries, line = 0, t.Position.Line
		}
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			entries++
		}
		if max(flow, entries) > maxDepth {
			return &Error{
				File: name, Line: t.Position.Line, Column: t.Position.Column,
				Reason: fmt.Sprintf("lists and mappings are nested more than %d deep", maxDepth),
			}
		}
	}
	return nil
}

// syntaxError takes the library's error apart, whose text spans several lines.
func syntaxError(name string, err error) error {
	var at yaml.Error
	if !errors.As(err, &at) {
		return fmt.Errorf("%s: not readable as YAML: %w", name, err)
	}
	e := &Error{File: name, Reason: "not YAML: " + at.GetMessage()}
	if t := at.GetToken(); t != nil && t.Position != nil {
		e.Line, e.Column = t.Position.Line, t.Position.Column
	}
	return e
}

func (r *reader) config(n ast.Node) Config {
	var c Config
	// The order of the keys in the file must not matter, so what looks at
	// several sections runs after all of them.
	var accepted ast.Node
	r.fields(
		n, "the configuration",
		field{"preset", func(n ast.Node) { c.Preset, _ = r.oneOf(n, "preset", append(PresetNames(), PresetNone)...) }},
		field{"service_levels", func(n ast.Node) { c.ServiceLevels = r.serviceLevels(n) }},
		field{"gates", func(n ast.Node) { c.Gates = r.gates(n) }},
		field{"accepted", func(n ast.Node) { accepted = n }},
		field{"components", func(n ast.Node) { c.Components = r.components(n) }},
		field{"endpoints", func(n ast.Node) { c.Endpoints = r.endpoints(n) }},
		field{"dimensions", func(n ast.Node) { c.Dimensions = r.dimensions(n) }},
		field{"metrics", func(n ast.Node) { c.Metrics = r.metrics(n) }},
		field{"exclude", func(n ast.Node) { c.Exclude = r.exclude(n) }},
		field{"capacities", func(n ast.Node) { c.Capacities = r.capacities(n) }},
		field{"baseline", func(n ast.Node) { c.Baseline = r.baseline(n) }},
		field{"publish", func(n ast.Node) { c.Publish = r.publish(n) }},
	)
	if accepted != nil {
		c.Accepted = r.accepted(accepted, c.Gates)
	}
	return c
}

func (r *reader) components(n ast.Node) []ComponentRule {
	var rules []ComponentRule
	for _, element := range r.sequence(n, "components") {
		var rule ComponentRule
		r.fields(
			element, "a component rule",
			field{"match", func(n ast.Node) {
				if text, ok := r.text(n, "match"); ok {
					rule.Match = mustPattern(r, n, text, ParseNamePattern)
				}
			}},
			field{"component", func(n ast.Node) { rule.Component, _ = r.oneOf(n, "component", component.Names(nil)...) }},
			field{"part", func(n ast.Node) { rule.Part, _ = r.text(n, "part") }},
		)
		r.require(element, "a component rule", "match", "component")
		rules = append(rules, rule)
	}
	return rules
}

func (r *reader) endpoints(n ast.Node) []EndpointRule {
	var rules []EndpointRule
	for _, element := range r.sequence(n, "endpoints") {
		var rule EndpointRule
		r.fields(
			element, "an endpoint rule",
			field{"url", func(n ast.Node) {
				if text, ok := r.text(n, "url"); ok {
					rule.URL = mustPattern(r, n, text, ParseURLPattern)
				}
			}},
			field{"name", func(n ast.Node) { rule.Name, _ = r.text(n, "name") }},
			field{"method", func(n ast.Node) {
				method, _ := r.text(n, "method")
				rule.Method = strings.ToUpper(method)
			}},
		)
		r.require(element, "an endpoint rule", "url", "name")
		rules = append(rules, rule)
	}
	return rules
}

// mustPattern reads a pattern or notes the mistake and returns the zero one.
func mustPattern[P any](r *reader, n ast.Node, text string, parse func(string) (P, error)) P {
	pattern, err := parse(text)
	if err != nil {
		r.fail(n, "", "pattern %q: %v", text, err)
	}
	return pattern
}

// require notes each of the keys that a mapping doesn't have a value for.
func (r *reader) require(n ast.Node, what string, names ...string) {
	mapping, ok := n.(ast.MapNode)
	if !ok {
		return // noted when its fields were read
	}
	for _, name := range names {
		found := false
		for it := mapping.MapRange(); it.Next(); {
			text, _ := scalar(it.Key())
			_, null := it.Value().(*ast.NullNode)
			found = found || text == name && !null
		}
		if !found {
			r.fail(n, "", "%s has no %s", what, name)
		}
	}
}

func (r *reader) dimensions(n ast.Node) []string {
	return r.names(n, "dimensions", func(tag string) string { return tag })
}

// names returns a list of words without repeats, each after clean.
func (r *reader) names(n ast.Node, what string, clean func(string) string) []string {
	var names []string
	for _, element := range r.list(n, what) {
		name, ok := r.text(element, "an element of "+what)
		if !ok {
			continue
		}
		if name = clean(name); slices.Contains(names, name) {
			r.fail(element, "", "%s has %q twice", what, name)
			continue
		}
		names = append(names, name)
	}
	return names
}

func (r *reader) metrics(n ast.Node) []Metric {
	var metrics []Metric
	for key, value := range r.entries(n, "metrics") {
		if value == nil {
			continue
		}
		kind, ok := r.oneOf(value, "the type of "+key.name, "counter", "gauge", "rate", "trend", "time")
		if !ok {
			continue
		}
		m := Metric{Name: key.name, Type: kind}
		if kind == "time" {
			m.Type, m.Time = "trend", true
		}
		metrics = append(metrics, m)
	}
	slices.SortFunc(metrics, func(a, b Metric) int { return strings.Compare(a.Name, b.Name) })
	return metrics
}

func (r *reader) exclude(n ast.Node) Exclude {
	var x Exclude
	r.fields(
		n, "exclude",
		field{"warm_up", func(n ast.Node) {
			text, ok := r.text(n, "warm_up")
			if !ok {
				return
			}
			d, err := time.ParseDuration(text)
			if err != nil || d < 0 {
				r.fail(n, "write it with a unit: 30s, 1m30s, or 0s for no cut", "warm_up can't be %q", text)
				return
			}
			x.WarmUp = &d
		}},
		field{"groups", func(n ast.Node) {
			x.Groups = r.names(n, "groups", func(group string) string {
				// k6 writes groups as "::outer::inner"; people leave the first colons out.
				return "::" + strings.TrimPrefix(group, "::")
			})
		}},
	)
	return x
}

func (r *reader) capacities(n ast.Node) []Capacity {
	var capacities []Capacity
	for key, value := range r.entries(n, "capacities") {
		// Only what has a number of servers can be busy with all of them.
		known := countedComponents()
		if !slices.Contains(known, key.name) {
			r.fail(key.node, suggest(key.name, known), "capacities can't have %q", key.name)
			continue
		}
		if value == nil {
			continue
		}
		if servers, ok := r.whole(value, "the capacity of "+key.name, 1_000_000); ok {
			capacities = append(capacities, Capacity{Component: key.name, Servers: servers, Source: r.file})
		}
	}
	slices.SortFunc(capacities, func(a, b Capacity) int { return strings.Compare(a.Component, b.Component) })
	return capacities
}

func (r *reader) baseline(n ast.Node) Baseline {
	var b Baseline
	r.fields(
		n, "baseline",
		field{"name", func(n ast.Node) { b.Name, _ = r.text(n, "name") }},
		field{"store", func(n ast.Node) { b.Store = r.store(n) }},
		field{"confirm_runs", func(n ast.Node) { b.ConfirmRuns, _ = r.whole(n, "confirm_runs", 2) }},
	)
	return b
}

// store refuses credentials: the file is committed, and a store's URL is shown.
func (r *reader) store(n ast.Node) string {
	store, ok := r.text(n, "store")
	if !ok {
		return ""
	}
	if u, err := url.Parse(store); err == nil && u.User != nil || strings.Contains(store, "://") && strings.Contains(store, "@") {
		r.fail(n, "credentials come from the environment only", "store holds a user name or password")
		return ""
	}
	return store
}

func (r *reader) publish(n ast.Node) Publish {
	var p Publish
	r.fields(
		n, "publish",
		field{"comment", func(n ast.Node) {
			p.Comment, _ = r.oneOf(n, "comment", CommentAlways, CommentChanges, CommentRegressions)
		}},
		field{"key", func(n ast.Node) { p.Key, _ = r.text(n, "key") }},
		field{"thread", func(n ast.Node) { p.Thread = r.boolean(n, "thread") }},
		field{"require", func(n ast.Node) { p.Require = r.boolean(n, "require") }},
	)
	return p
}
