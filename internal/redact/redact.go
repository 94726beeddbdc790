// Package redact keeps secrets out of what is shown and written: the values that
// the environment holds, and what looks like a token, wherever it comes from.
//
// It is the only place that knows what a secret looks like: in texts, in values,
// in streams and in command lines; and how variables are called that hold one. It
// knows nothing of what texts mean.
package redact

import (
	"bytes"
	"encoding/json"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Mask stands where a secret was.
const Mask = "***"

// shortest is how long a value has to be to be looked for: GitLab masks none
// below 8, and a password "k6" would make a report unreadable.
const shortest = 6

// Redactor masks secrets. The zero value, and a nil one, know only what tokens
// look like. It is safe for concurrent use.
type Redactor struct {
	values  []string // the longest first, with the spellings that formats give them
	replace *strings.Replacer
}

// What secrets look like, in pieces that [unfinished] shares: none of them holds
// white space. Headers, which do, have a file of their own.
const (
	// escaped is what may stand right before a word within a string, such as the \n of
	// a log: its letters are part of no word.
	escaped = `\\(?:[nrt]|u00[0-9a-fA-F]{2})`
	// Names of parameters that say what they hold.
	parameterName = `(?:[?&;]|\\u0026)(?:[\w.-]*(?:token|secret|passw|pwd|credential|apikey|api_key|signature)[\w.-]*|sig|auth)=`
	parameterText = `[^&\s"'<>#;\\]`
	userInfoText  = `[^\s/?#"'<>]`
)

var (
	// Tokens that carry their own mark: GitLab's (glpat-, gldt-, glcbt- …),
	// GitHub's, Grafana's, Slack's, AWS's, and JWTs.
	marked = regexp.MustCompile(`(\b|` + escaped + `)(?:gl[a-z]{2,6}-[\w.-]{10,}|gh[opusr]_\w{20,}|github_pat_\w{20,}|glsa_\w{10,}|glc_[\w=+/-]{10,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*)`)
	// How these begin, to look for quickly.
	marks = []string{"gl", "gh", "git", "xox", "AKIA", "eyJ"}
	// The user and password of a URL. What was masked already ends there, as does a
	// parameter before the next tag of a submetric.
	userInfo  = regexp.MustCompile(`(\w://)(?:\*{3}@|` + userInfoText + `+@)`)
	parameter = regexp.MustCompile(`(?i)(` + parameterName + `)(?:\*{3}([,}])|` + parameterText + `+)`)
)

// New returns a Redactor that knows some values. Those that are too short to
// tell from ordinary text are left out.
func New(secrets []string) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
		secret = strings.TrimSpace(secret) // many end in a line end that isn't printed
		if len(secret) < shortest {
			continue
		}
		for _, spelling := range spellings(secret) {
			if !slices.Contains(r.values, spelling) {
				r.values = append(r.values, spelling)
			}
		}
	}
	slices.SortFunc(r.values, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, v := range r.values {
		pairs = append(pairs, v, Mask)
	}
	if len(pairs) > 0 {
		r.replace = strings.NewReplacer(pairs...)
	}
	return r
}

// spellings are how a value looks in HTML, XML and URLs, and in strings of JSON and
// of logs, be they strings within strings.
func spellings(secret string) []string {
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), componentEscape(secret), html.EscapeString(secret)}
	from := 0
	for range 2 { // an object as JSON is a string of the log
		to := len(out)
		for _, s := range out[from:to] {
			out = append(out, quotes(s)...)
		}
		from = to
	}
	return out
}

// inComponent is what JavaScript's encodeURIComponent leaves and Go escapes, and how
// it writes a blank.
var inComponent = strings.NewReplacer("+", "%20", "%21", "!", "%27", "'", "%28", "(", "%29", ")", "%2A", "*")

func componentEscape(s string) string { return inComponent.Replace(url.QueryEscape(s)) }

// quotes are how a text looks between the quotes of a string: of Go and logfmt, of
// JavaScript, and of JSON that Go writes.
func quotes(s string) []string {
	quoted := strconv.Quote(s)
	out := []string{quoted[1 : len(quoted)-1]}
	for _, escapeHTML := range []bool{false, true} {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escapeHTML)
		if err := e.Encode(s); err == nil {
			out = append(out, b.String()[1:b.Len()-2])
		}
	}
	return out
}

// Text masks the secrets of a text.
func (r *Redactor) Text(s string) string { return Patterns(r.known(s)) }

// known masks the values that are known.
func (r *Redactor) known(s string) string {
	if r == nil || r.replace == nil {
		return s
	}
	return r.replace.Replace(s)
}

// Patterns masks what looks like a secret, whatever values are known.
func Patterns(s string) string { return patterns(s, true) }

// patterns is told whether the text begins a line.
func patterns(s string, line bool) string {
	if strings.ContainsAny(s, ":=") {
		s = maskHeaders(s, line) // before their ends could be taken for a part of others
	}
	if strings.ContainsRune(s, '@') && strings.Contains(s, "://") {
		s = userInfo.ReplaceAllString(s, "${1}"+Mask+"@")
	}
	if strings.ContainsRune(s, '=') && strings.ContainsAny(s, `?&;\`) {
		s = parameter.ReplaceAllString(s, "${1}"+Mask+"${2}")
	}
	for _, mark := range marks {
		if strings.Contains(s, mark) {
			return marked.ReplaceAllString(s, "${1}"+Mask)
		}
	}
	return s
}
