package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Error is one mistake in the file. Parse finds all it can and joins them.
type Error struct {
	File         string // as given to Parse
	Line, Column int    // from 1, in characters; 0 when unknown
	Reason       string // what is wrong
	Hint         string // what to do; may be empty
}

// Error returns "file:line:column: reason; hint" on one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Reason)
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// reader walks a syntax tree, which, unlike a decoded struct, knows the place
// and the order of everything, and collects the mistakes it meets.
type reader struct {
	file    string
	anchors map[string]ast.Node
	errs    []*Error
}

// maxErrors bounds what a hopeless file prints.
const maxErrors = 20

// err returns the mistakes in the order of the file, nil when there are none.
func (r *reader) err() error {
	slices.SortStableFunc(r.errs, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var errs []error
	for i, e := range r.errs {
		if i == maxErrors {
			errs = append(errs, fmt.Errorf("%s: and %d more mistakes", r.file, len(r.errs)-i))
			break
		}
		errs = append(errs, e)
	}
	return errors.Join(errs...)
}

func (r *reader) fail(n ast.Node, hint, format string, args ...any) {
	e := &Error{File: r.file, Reason: fmt.Sprintf(format, args...), Hint: hint}
	// The token of a block mapping is its first colon; people look at its key.
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	if n != nil && n.GetToken() != nil && n.GetToken().Position != nil {
		position := n.GetToken().Position
		e.Line, e.Column = position.Line, position.Column
	}
	r.errs = append(r.errs, e)
}

// resolve follows tags, anchors and aliases to the node that holds the value;
// nil when there is none. Anchors are known from where they end, so that none
// can contain itself.
func (r *reader) resolve(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.TagNode:
		return r.resolve(n.Value)
	case *ast.AnchorNode:
		value := r.resolve(n.Value)
		r.anchors[n.Name.GetToken().Value] = value
		return value
	case *ast.AliasNode:
		value, ok := r.anchors[n.Value.GetToken().Value]
		if !ok {
			r.fail(n, "", "there is no anchor &%s before this", n.Value.GetToken().Value)
		}
		return value
	case *ast.NullNode, nil:
		return nil
	default:
		return n
	}
}

// field is a key that a mapping may have and how its value is read. A key
// without a value counts as absent and isn't read.
type field struct {
	name string
	read func(ast.Node)
}

// fields reads a mapping with a fixed set of keys; what names it in errors.
func (r *reader) fields(n ast.Node, what string, fields ...field) {
	for key, value := range r.entries(n, what) {
		i := slices.IndexFunc(fields, func(f field) bool { return f.name == key.name })
		if i < 0 {
			names := make([]string, len(fields))
			for i, f := range fields {
				names[i] = f.name
			}
			r.fail(key.node, hintForKey(key.name, names), "unknown key %q in %s", key.name, what)
			continue
		}
		if value != nil {
			fields[i].read(value)
		}
	}
}

type key struct {
	name string
	node ast.Node
}

// entries yields a mapping's keys and resolved values in the file's order; a
// value that isn't there is nil.
func (r *reader) entries(n ast.Node, what string) func(yield func(key, ast.Node) bool) {
	return func(yield func(key, ast.Node) bool) {
		if n == nil {
			return
		}
		mapping, ok := n.(ast.MapNode)
		if !ok {
			r.fail(n, "write `key: value` lines below it", "%s must be a mapping, not %s", what, kind(n))
			return
		}
		for it := mapping.MapRange(); it.Next(); {
			name, ok := scalar(r.resolve(it.Key()))
			if !ok {
				r.fail(it.Key(), "", "a key of %s must be a plain word", what)
				continue
			}
			if !yield(key{name, it.Key()}, r.resolve(it.Value())) {
				return
			}
		}
	}
}

// list returns a sequence's resolved elements, or a lone scalar as the only one.
func (r *reader) list(n ast.Node, what string) []ast.Node {
	if _, ok := scalar(n); ok {
		return []ast.Node{n}
	}
	return r.sequence(n, what)
}

// sequence returns a sequence's resolved elements.
func (r *reader) sequence(n ast.Node, what string) []ast.Node {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fail(n, "begin each element with `- `", "%s must be a list, not %s", what, kind(n))
		return nil
	}
	var elements []ast.Node
	for _, element := range sequence.Values {
		value := r.resolve(element)
		if value == nil {
			r.fail(element, "", "%s has an empty element", what)
			continue
		}
		elements = append(elements, value)
	}
	return elements
}

// text returns a scalar as it was written, without quotes and outer white
// space; false, and a mistake, when it isn't one or is empty.
func (r *reader) text(n ast.Node, what string) (string, bool) {
	s, ok := scalar(n)
	s = strings.TrimSpace(s)
	switch {
	case !ok:
		r.fail(n, "", "%s must be a single value, not %s", what, kind(n))
		return "", false
	case s == "":
		r.fail(n, "", "%s is empty", what)
		return "", false
	}
	return s, true
}

// oneOf returns a scalar that is one of the choices.
func (r *reader) oneOf(n ast.Node, what string, choices ...string) (string, bool) {
	s, ok := r.text(n, what)
	if ok && !slices.Contains(choices, s) {
		r.fail(n, suggest(s, choices), "%s can't be %q", what, s)
		return "", false
	}
	return s, ok
}

func (r *reader) boolean(n ast.Node, what string) bool {
	s, ok := r.oneOf(n, what, "true", "false")
	return ok && s == "true"
}

// whole returns a whole number from 1 to limit.
func (r *reader) whole(n ast.Node, what string, limit int) (int, bool) {
	s, ok := r.text(n, what)
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < 1 || v > limit {
		r.fail(n, "", "%s must be a whole number from 1 to %d, not %q", what, limit, s)
		return 0, false
	}
	return v, true
}

// fraction returns a share written as 0.05 or 5%, over 0 and up to limit; 0,
// and a mistake, when it isn't.
func (r *reader) fraction(n ast.Node, what string, limit float64) float64 {
	s, ok := r.text(n, what)
	if !ok {
		return 0
	}
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil {
		r.fail(n, "", "%s must be a fraction such as 0.05 or 5%%, not %q", what, s)
		return 0
	}
	if !(v > 0 && v <= limit) {
		r.fail(n, "", "%s must be over 0 and at most %g (%g%%), not %q", what, limit, limit*100, s)
		return 0
	}
	return v
}

// scalar returns the text of a node that is a single value.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

func kind(n ast.Node) string {
	switch n.(type) {
	case ast.MapNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	default:
		return "a single value"
	}
}
