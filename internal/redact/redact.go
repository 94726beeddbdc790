// Package redact keeps secrets out of what is shown and written: the values that
// the environment holds, and what looks like a token, wherever it comes from.
//
// It knows texts and nothing of what they mean. Command lines, where a word
// before a value tells that it is secret, are package k6exec's.
package redact

import (
	"bytes"
	"encoding/json"
	"html"
	"io"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Mask stands where a secret was.
const Mask = "***"

// shortest is how long a value has to be to be looked for: GitLab masks none
// below 8, and a password "k6" would make a report unreadable.
const shortest = 6

// Redactor masks secrets. The zero value knows only what tokens look like. It is
// safe for concurrent use.
type Redactor struct {
	values  []string // the longest first, with the spellings that formats give them
	replace *strings.Replacer
}

var (
	// Tokens that carry their own mark: GitLab's (glpat-, gldt-, glcbt- …),
	// GitHub's, Grafana's, Slack's, AWS's, and JWTs.
	marked = regexp.MustCompile(`\b(?:gl[a-z]{2,6}-[\w.-]{10,}|gh[opusr]_\w{20,}|github_pat_\w{20,}|glsa_\w{10,}|glc_[\w=+/-]{10,}|xox[abprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)`)
	// The user and password of a URL.
	userInfo = regexp.MustCompile(`(\w://)[^\s/@"'<>]+@`)
	// A parameter of a URL whose name says what it is.
	parameter = regexp.MustCompile(`(?i)([?&;](?:[\w.-]*(?:token|secret|passw|pwd|credential|apikey|api_key|signature)[\w.-]*|sig|auth)=)[^&\s"'<>#;]+`)
	// A header of HTTP.
	header = regexp.MustCompile(`(?i)\b((?:authorization|private-token|job-token)\s*[:=]\s*(?:(?:bearer|basic|token)\s+)?)[^\s"',;]+`)
)

// New returns a Redactor that knows some values. Those that are too short to
// tell from ordinary text are left out.
func New(secrets []string) *Redactor {
	r := &Redactor{}
	for _, secret := range secrets {
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

// spellings are how a value looks in JSON, HTML, XML and URLs.
func spellings(secret string) []string {
	out := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret)}
	if quoted, err := json.Marshal(secret); err == nil {
		out = append(out, string(quoted[1:len(quoted)-1]))
	}
	return out
}

// Text masks the secrets of a text. A nil Redactor leaves it.
func (r *Redactor) Text(s string) string {
	if r == nil {
		return s
	}
	if r.replace != nil {
		s = r.replace.Replace(s)
	}
	if strings.Contains(s, "://") {
		s = userInfo.ReplaceAllString(s, "${1}"+Mask+"@")
	}
	if strings.ContainsRune(s, '=') {
		s = parameter.ReplaceAllString(s, "${1}"+Mask)
	}
	if strings.ContainsAny(s, ":=") {
		s = header.ReplaceAllString(s, "${1}"+Mask)
	}
	return marked.ReplaceAllString(s, Mask)
}

// Value masks every string that a pointer leads to, in place: fields, elements
// and values of maps, not their keys.
func (r *Redactor) Value(pointer any) {
	if r == nil {
		return
	}
	r.walk(reflect.ValueOf(pointer))
}

func (r *Redactor) walk(v reflect.Value) {
	if v.IsValid() && !v.CanInterface() {
		return // unexported: not ours
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			r.walk(v.Elem())
		}
	case reflect.String:
		if text := v.String(); v.CanSet() {
			if masked := r.Text(text); masked != text {
				v.SetString(masked)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			r.walk(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k == reflect.Float64 || k == reflect.Int64 || k == reflect.Uint8 {
			return
		}
		for i := range v.Len() {
			r.walk(v.Index(i))
		}
	case reflect.Map:
		if v.Type().Elem().Kind() != reflect.String {
			return
		}
		for _, key := range v.MapKeys() {
			text := v.MapIndex(key).String()
			if masked := r.Text(text); masked != text {
				v.SetMapIndex(key, reflect.ValueOf(masked).Convert(v.Type().Elem()))
			}
		}
	default:
	}
}

// Writer masks what is written through it. What could be the beginning of a
// secret is held back until the next white space; Flush writes it.
type Writer struct {
	mu   sync.Mutex
	r    *Redactor
	to   io.Writer
	held []byte
}

// Writer returns a Writer to another.
func (r *Redactor) Writer(to io.Writer) *Writer { return &Writer{r: r, to: to} }

// mostHeld bounds what is held back: no token is that long.
const mostHeld = 64 << 10

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held = append(w.held, p...)
	cut := bytes.LastIndexAny(w.held, " \n\r\t") + 1
	cut = w.r.back(w.held, cut)
	if len(w.held)-cut > mostHeld {
		cut = len(w.held)
	}
	return len(p), w.pass(cut)
}

// back moves a cut out of a value with white space in it, or out of what may
// become one.
func (r *Redactor) back(text []byte, cut int) int {
	for moved := true; moved; {
		moved = false
		for _, v := range r.values {
			if !strings.ContainsAny(v, " \n\r\t") {
				continue
			}
			for from := max(0, cut-len(v)+1); from < cut; from++ {
				if tail := string(text[from:]); strings.HasPrefix(v, tail) || strings.HasPrefix(tail, v) {
					cut, moved = from, true
				}
			}
		}
	}
	return cut
}

func (w *Writer) pass(n int) error {
	if n == 0 {
		return nil
	}
	text := w.r.Text(string(w.held[:n]))
	w.held = append(w.held[:0], w.held[n:]...)
	_, err := io.WriteString(w.to, text)
	return err
}

// Flush writes what is held back.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(len(w.held))
}
