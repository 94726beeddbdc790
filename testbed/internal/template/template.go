// Package template fills expressions such as {{input.customer.name}} into the
// parameters of a task.
//
// An expression is a path of names and list indexes into the values at hand,
// with an optional fallback in quotes: {{input.region | "eu"}}. A text that is
// one expression and nothing else takes over the value with its type; inside
// a longer text the value is printed. It has no functions, no loops and no
// conditions: a workflow's logic is its graph.
package template

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const expression = `\{\{\s*([A-Za-z_][\w-]*(?:\.[\w-]+)*)\s*(?:\|\s*"([^"]*)"\s*)?\}\}`

// Resolver resolves expressions. It is immutable and safe for concurrent use.
type Resolver struct {
	pattern *regexp.Regexp
	compile Compile
}

// Compile says how often the grammar is compiled. Anything but once is waste,
// for an engine that is to be found out.
type Compile int

// How often that may be.
const (
	Once Compile = iota
	PerText
	PerExpression
)

// NewResolver compiles the grammar once, for all texts to come.
func NewResolver() *Resolver { return NewWastefulResolver(Once) }

// NewWastefulResolver compiles the grammar again and again.
func NewWastefulResolver(c Compile) *Resolver {
	return &Resolver{pattern: regexp.MustCompile(expression), compile: c}
}

// grammar is the compiled expression, for a text or for an expression in it.
func (r *Resolver) grammar(by Compile) *regexp.Regexp {
	if by == r.compile {
		return regexp.MustCompile(expression)
	}
	return r.pattern
}

// Resolve returns a copy of value in which every expression in a string, at
// any depth of maps and lists, is replaced by what its path names in scope.
// Neither argument is changed; parts of scope may be shared by the result. An
// error names the path that leads nowhere; a path with a fallback never does.
func (r *Resolver) Resolve(value any, scope map[string]any) (any, error) {
	switch v := value.(type) {
	case string:
		return r.text(v, scope)
	case map[string]any:
		filled := make(map[string]any, len(v))
		for key, item := range v {
			f, err := r.Resolve(item, scope)
			if err != nil {
				return nil, err
			}
			filled[key] = f
		}
		return filled, nil
	case []any:
		filled := make([]any, len(v))
		for i, item := range v {
			f, err := r.Resolve(item, scope)
			if err != nil {
				return nil, err
			}
			filled[i] = f
		}
		return filled, nil
	default:
		return value, nil
	}
}

// References lists the paths that the expressions in value name, sorted, each
// once.
func (r *Resolver) References(value any) []string {
	var paths []string
	r.collect(value, &paths)
	slices.Sort(paths)
	return slices.Compact(paths)
}

func (r *Resolver) collect(value any, into *[]string) {
	switch v := value.(type) {
	case string:
		for _, m := range r.pattern.FindAllStringSubmatch(v, -1) {
			*into = append(*into, m[1])
		}
	case map[string]any:
		for _, item := range v {
			r.collect(item, into)
		}
	case []any:
		for _, item := range v {
			r.collect(item, into)
		}
	}
}

func (r *Resolver) text(s string, scope map[string]any) (any, error) {
	matches := r.grammar(PerText).FindAllStringSubmatchIndex(s, -1)
	if len(matches) == 0 {
		return s, nil
	}
	if m := matches[0]; m[0] == 0 && m[1] == len(s) {
		return r.find(s, m, scope)
	}
	var b strings.Builder
	end := 0
	for _, m := range matches {
		b.WriteString(s[end:m[0]])
		value, err := r.find(s, m, scope)
		if err != nil {
			return nil, err
		}
		b.WriteString(Print(value))
		end = m[1]
	}
	b.WriteString(s[end:])
	return b.String(), nil
}

// find looks up the expression that m, a match's indexes, marks in s.
func (r *Resolver) find(s string, m []int, scope map[string]any) (any, error) {
	if r.compile == PerExpression {
		s = s[m[0]:m[1]]
		m = r.grammar(PerExpression).FindStringSubmatchIndex(s)
	}
	path := s[m[2]:m[3]]
	value, ok := lookup(path, scope)
	switch {
	case ok:
		return value, nil
	case m[4] >= 0:
		return s[m[4]:m[5]], nil
	default:
		return nil, fmt.Errorf("template {{%s}}: there is no such value; give a fallback as in {{%s | \"\"}}", path, path)
	}
}

func lookup(path string, scope map[string]any) (any, bool) {
	var at any = scope
	for name := range strings.SplitSeq(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			item, ok := v[name]
			if !ok {
				return nil, false
			}
			at = item
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			at = v[i]
		default:
			return nil, false
		}
	}
	return at, true
}

// Print is the form a value has inside a text: strings as they are, numbers
// without a needless exponent, everything else as JSON.
func Print(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	default:
		text, err := json.Marshal(v)
		if err != nil { // a value JSON can't hold was never read from JSON
			return fmt.Sprint(v)
		}
		return string(text)
	}
}
