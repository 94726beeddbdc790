package config

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Accept returns a configuration with further accepted changes in it; all else
// stays as it is, comments included. Empty data is an absent file. The name is
// only for errors. Changes of a gate that has one already are refused.
func Accept(name string, data []byte, list []Accepted) ([]byte, error) {
	before, err := Parse(name, data)
	if err != nil {
		return nil, err
	}
	for _, a := range list {
		for _, have := range before.Accepted {
			if have.GateKey == a.GateKey {
				return nil, &Error{File: name, Reason: fmt.Sprintf("%s is accepted already, up to %s", a.GateKey, ChangeText(have.UpTo)), Hint: "change that entry, and its reason"}
			}
		}
	}
	line, indent, err := acceptedPlace(name, data)
	if err != nil {
		return nil, err
	}
	var entries strings.Builder
	if line == 0 {
		entries.WriteString("accepted:\n")
	}
	for _, a := range list {
		entries.WriteString(strings.Repeat(" ", indent) + a.yaml() + "\n")
	}
	after := insertAfter(data, line, entries.String())
	have, err := Parse(name, after)
	if err == nil && len(have.Accepted) != len(before.Accepted)+len(list) {
		err = errors.New("they were not read back")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: accepted changes can't be written into it; add them by hand:\n%s: %w", name, entries.String(), err)
	}
	return after, nil
}

// acceptedPlace is the line after which accepted changes are to be written, and
// how far in; line 0 where the file has no list of them.
func acceptedPlace(name string, data []byte) (line, indent int, err error) {
	const usual = 2
	file, err := parser.ParseBytes(bytes.TrimPrefix(data, []byte("\ufeff")), 0)
	if err != nil {
		return 0, 0, syntaxError(name, err)
	}
	for _, document := range file.Docs {
		mapping, ok := document.Body.(ast.MapNode)
		if !ok {
			continue
		}
		for it := mapping.MapRange(); it.Next(); {
			if key, _ := scalar(it.Key()); key != "accepted" {
				continue
			}
			line := it.Key().GetToken().Position.Line
			switch value := it.Value().(type) {
			case *ast.NullNode:
				return line, usual, nil
			case *ast.SequenceNode:
				if !value.IsFlowStyle && len(value.Values) > 0 {
					return line, max(0, value.Start.Position.Column-1), nil
				}
			}
			return 0, 0, &Error{File: name, Line: line, Column: 1, Reason: "accepted: is written in a way that can't be added to", Hint: "write each change on a line of its own, after a dash"}
		}
	}
	return 0, usual, nil
}

// insertAfter puts text after a line of data, 0 for its end.
func insertAfter(data []byte, line int, text string) []byte {
	at := len(data)
	if line > 0 {
		at = 0
		for range line {
			next := bytes.IndexByte(data[at:], '\n')
			if next < 0 {
				at = len(data)
				break
			}
			at += next + 1
		}
	}
	out := bytes.Clone(data[:at])
	if len(out) > 0 && out[len(out)-1] != '\n' {
		out = append(out, '\n')
	}
	return append(append(out, text...), data[at:]...)
}

// yaml is the entry as a line of the file.
func (a Accepted) yaml() string {
	var parts []string
	if a.Metric != "http_req_duration" {
		parts = append(parts, "metric: "+a.Metric)
	}
	if a.Endpoint != "" {
		parts = append(parts, "endpoint: "+strconv.QuoteToASCII(a.Endpoint))
	}
	parts = append(parts, "statistic: "+a.Statistic.String(), "up_to: "+ChangeText(a.UpTo), "reason: "+strconv.QuoteToASCII(a.Reason))
	return "- {" + strings.Join(parts, ", ") + "}"
}

// ChangeText is a change as the file has it, such as "20%".
func ChangeText(fraction float64) string {
	return strconv.FormatFloat(fraction*100, 'g', 6, 64) + "%"
}
