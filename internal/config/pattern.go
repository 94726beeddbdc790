package config

import (
	"errors"
	"regexp"
	"strings"
)

// ComponentRule puts server times into a component.
type ComponentRule struct {
	Match     NamePattern // of a metric's or a Server-Timing entry's name
	Component string      // one of those of package component
	Part      string      // within the component, such as "wait"; empty: the name itself
}

// EndpointRule names the requests whose URL matches.
type EndpointRule struct {
	Method string // upper case; empty: any
	URL    URLPattern
	Name   string
}

// NamePattern matches names of metrics and Server-Timing entries: "*" stands
// for any run of characters, everything else for itself.
type NamePattern struct {
	text string
	re   *regexp.Regexp
}

// ParseNamePattern reads a pattern; an empty one is an error.
func ParseNamePattern(text string) (NamePattern, error) {
	re, err := glob(text, ".*", ".*")
	return NamePattern{text, re}, err
}

// Match reports whether the whole name matches. The zero pattern matches nothing.
func (p NamePattern) Match(name string) bool { return p.re != nil && p.re.MatchString(name) }

// String returns the pattern as it was written.
func (p NamePattern) String() string { return p.text }

// URLPattern matches URLs: "*" stands for any run of characters but "/", "**"
// for any run, everything else, "?" too, for itself. A pattern that begins with
// "/" is held against the URL's path, one with "://" against the whole URL, any
// other against the URL without its scheme, which is also how it matches a name
// that is no URL. Query and fragment are left out unless the pattern has a "?".
type URLPattern struct {
	text string
	re   *regexp.Regexp
}

// ParseURLPattern reads a pattern; an empty one is an error.
func ParseURLPattern(text string) (URLPattern, error) {
	re, err := glob(text, "[^/]*", ".*")
	return URLPattern{text, re}, err
}

// Match reports whether the URL, or its part that the pattern speaks of,
// matches as a whole. The zero pattern matches nothing.
func (p URLPattern) Match(url string) bool {
	if p.re == nil {
		return false
	}
	if !strings.Contains(p.text, "?") {
		if i := strings.IndexAny(url, "?#"); i >= 0 {
			url = url[:i]
		}
	}
	if strings.Contains(p.text, "://") {
		return p.re.MatchString(url)
	}
	_, rest, isURL := strings.Cut(url, "://")
	if isURL {
		url = rest
	}
	if strings.HasPrefix(p.text, "/") {
		slash := strings.IndexByte(url, '/')
		switch {
		case slash < 0 && !isURL:
			return false // a name, which has no path
		case slash < 0:
			url = "/" // what a client asks for when the URL ends at the host
		case isURL:
			url = url[slash:]
		}
	}
	return p.re.MatchString(url)
}

// String returns the pattern as it was written.
func (p URLPattern) String() string { return p.text }

// glob translates a pattern into a regular expression for the whole of a text,
// whose time is linear in the text whatever the pattern.
func glob(text, star, doubleStar string) (*regexp.Regexp, error) {
	if text == "" {
		return nil, errors.New("the pattern is empty")
	}
	var b strings.Builder
	b.WriteString(`(?s)^`)
	for rest := text; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**"):
			b.WriteString(doubleStar)
			rest = strings.TrimLeft(rest, "*")
		case rest[0] == '*':
			b.WriteString(star)
			rest = rest[1:]
		default:
			end := strings.IndexByte(rest, '*')
			if end < 0 {
				end = len(rest)
			}
			b.WriteString(regexp.QuoteMeta(rest[:end]))
			rest = rest[end:]
		}
	}
	b.WriteString(`$`)
	return regexp.Compile(b.String())
}
