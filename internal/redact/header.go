package redact

import (
	"math/bits"
	"regexp"
	"strings"
)

// headerName is the name of a header whose value is a secret: of those of group 2 up
// to the end of the header, of others up to white space. Group 1 is a quote before it.
const headerName = `(?:(\\*["'])|\b|` + escaped + `)(?:((?:proxy-)?authorization|(?:set-)?cookie)|private-token|job-token|deploy-token|x-api-key|x-auth-token)`

var (
	headerNames  = regexp.MustCompile(`(?i)` + headerName)
	headerScheme = regexp.MustCompile(`^(?i)(?:bearer|basic|digest|token)[ \t]+`)
	// What of JSON is no text.
	notText = regexp.MustCompile(`^(?:null|true|false|-?[0-9]|[][{},])`)
)

const (
	blank     = " \t"
	quotation = `"'`
)

// maskHeaders masks the values of headers, as dumps, logs, Go and JSON show them, be
// it in strings of theirs. It is told whether the text begins a line.
func maskHeaders(s string, line bool) string {
	if !mayHoldHeader(s) {
		return s
	}
	var out strings.Builder
	done := 0
	for _, at := range headerNames.FindAllStringSubmatchIndex(s, -1) {
		if nameAt(at) < done {
			continue
		}
		h := headerAt(s, at, line)
		if h.from < h.to {
			out.WriteString(s[done:h.from])
			out.WriteString(Mask)
			done = h.to
		}
	}
	if done == 0 {
		return s
	}
	out.WriteString(s[done:])
	return out.String()
}

// openHeader is where the first header begins of which more may follow behind the end
// of a text; -1 for none.
func openHeader(s string, line bool) int {
	end := 0
	for _, at := range headerNames.FindAllStringSubmatchIndex(s, -1) {
		if nameAt(at) < end {
			continue
		}
		h := headerAt(s, at, line)
		if h.open {
			return at[0]
		}
		if h.from < h.to {
			end = h.to
		}
	}
	return -1
}

// nameAt is where a name that was found begins, with the quote before it, whose
// backslashes may belong to what stands there.
func nameAt(at []int) int {
	if at[3] > 0 {
		return at[3] - 1
	}
	return at[0]
}

// mayHoldHeader is a quick look for what ends as a header's name does.
func mayHoldHeader(s string) bool {
	for i := range len(s) {
		if s[i] != ':' && s[i] != '=' {
			continue
		}
		name := strings.TrimRight(s[:i], `\"' `+"\t")
		switch strings.ToLower(name[max(0, len(name)-3):]) {
		case "ion", "kie", "ken", "key":
			return true
		}
	}
	return false
}

// scanner reads a header from its name on.
type scanner struct {
	s string
	i int
	// long says that the value goes on behind blanks.
	long bool
	// whole says that the header is a line of its own and in no string: no quote ends it.
	whole bool
	// within is the quote before the name, unless one follows the name: a string that
	// ends behind the value. Its depth is how often it is escaped.
	within      byte
	withinDepth int
	key         bool // the name is in quotes of its own: more is known of what follows
}

// header is where a value stands; from is to where there is none, or nothing in it.
type header struct {
	from, to int
	open     bool // the text ends before the header does
}

// headerAt reads the header whose name was found.
func headerAt(s string, at []int, line bool) header {
	sc := &scanner{s: s, i: at[1], long: at[4] >= 0}
	if at[2] < 0 {
		sc.whole = at[0] == 0 && line || at[0] > 0 && strings.IndexByte(lineEnds, s[at[0]-1]) >= 0
	}
	if at[2] >= 0 {
		sc.within, sc.withinDepth = s[at[3]-1], depth(at[3]-1-at[2])
	}
	sc.skip(`\` + quotation)
	if sc.i > at[1] && strings.IndexByte(quotation, s[sc.i-1]) >= 0 {
		sc.key, sc.whole, sc.within = true, false, 0
	}
	sc.skip(blank)
	none := header{sc.i, sc.i, sc.i == len(s)}
	if none.open || s[sc.i] != ':' && s[sc.i] != '=' {
		return none
	}
	sc.i++
	if strings.HasPrefix(s[sc.i:], ":") { // a group's name
		return none
	}
	return sc.value()
}

// value reads what follows the name: perhaps in brackets, perhaps in quotes.
func (sc *scanner) value() header {
	sc.skip(blank)
	if sc.whole {
		return sc.unquoted(false)
	}
	list := false
	if strings.HasPrefix(sc.s[sc.i:], "[") {
		sc.i++
		list = true
		before := sc.i
		sc.skipSpace()
		if q, _, _ := sc.quote(); q == 0 && sc.i < len(sc.s) {
			sc.i = before
			sc.skip(blank)
		}
	}
	h := header{sc.i, sc.i, false}
	q, at, open := sc.quote()
	switch {
	case open:
		h.open = true
		return h
	case q != 0 && (sc.key || list || !sc.encloses(q, at) && !sc.ends(at+1)):
		if at+1 == len(sc.s) {
			h.open = true
			return h
		}
		return sc.quoted(q, at, list)
	case q != 0 || sc.key && notText.MatchString(sc.s[sc.i:]):
		return h
	}
	return sc.unquoted(list)
}

// unquoted reads a value without quotes of its own.
func (sc *scanner) unquoted(list bool) header {
	sc.skipScheme()
	h := header{from: sc.i}
	h.open = sc.plain(list)
	h.to = max(h.from, len(strings.TrimRight(sc.s[:sc.i], blank)))
	return h
}

// ends reports whether what stands somewhere follows the end of a string rather than
// its beginning.
func (sc *scanner) ends(i int) bool {
	return i < len(sc.s) && strings.IndexByte(blank+lineEnds+`,;:)]}>\`, sc.s[i]) >= 0
}

// closes reports whether a quote ends a text that the header stands in: k6's log and
// JSON quote all text.
func (sc *scanner) closes(q byte, at int) bool {
	return sc.encloses(q, at) || q == '"' && depth(sc.backslashes(at)) == 0
}

// encloses reports whether a quote belongs to the one before the name.
func (sc *scanner) encloses(q byte, at int) bool {
	return q == sc.within && depth(sc.backslashes(at)) <= sc.withinDepth
}

// quoted reads a value in quotes, or a list of them, from the first quote on.
func (sc *scanner) quoted(q byte, at int, list bool) header {
	level := depth(at - sc.i)
	sc.i = at + 1
	sc.skipScheme()
	h := header{from: sc.i}
	for {
		for sc.i < len(sc.s) && !(sc.s[sc.i] == q && depth(sc.backslashes(sc.i)) <= level) && strings.IndexByte(lineEnds, sc.s[sc.i]) < 0 {
			sc.i++
		}
		h.to = sc.i
		if sc.i == len(sc.s) {
			h.open = true
			return h
		}
		if sc.s[sc.i] != q {
			return h
		}
		h.to -= 1<<depth(sc.backslashes(sc.i)) - 1
		sc.i++
		if !list {
			return h
		}
		sc.skipSpace()
		if strings.HasPrefix(sc.s[sc.i:], ",") {
			sc.i++
			sc.skipSpace()
			if next, at, _ := sc.quote(); next == q && depth(at-sc.i) == level {
				sc.i = at + 1
				continue
			}
		}
		h.open = strings.TrimLeft(sc.s[sc.i:], `\`) == ""
		return h
	}
}

// plain reads a value without quotes and reports whether the text ends before it.
func (sc *scanner) plain(list bool) bool {
	from, brackets := sc.i, 0
	for ; sc.i < len(sc.s); sc.i++ {
		switch c := sc.s[sc.i]; c {
		case '\n', '\r':
			return false
		case ' ', '\t':
			if !sc.long && sc.i > from {
				return false
			}
		case '\\':
			behind := sc.i + len(sc.s[sc.i:]) - len(strings.TrimLeft(sc.s[sc.i:], `\`))
			if behind == len(sc.s) {
				sc.i = behind
				return true
			}
			if strings.IndexByte("nr", sc.s[behind]) >= 0 {
				return false
			}
			sc.i = behind - 1
		case '"', '\'':
			if sc.whole || !sc.closes(c, sc.i) {
				continue
			}
			if end := sc.pair(from); end > sc.i {
				sc.i = end - 1
				continue
			}
			run := sc.backslashes(sc.i)
			sc.i -= min(run, 1<<depth(run)-1)
			return sc.i == len(sc.s)
		case '[':
			brackets++
		case ']':
			if brackets--; list && brackets < 0 {
				return false
			}
		case ',', '}':
			if sc.key {
				return false
			}
		}
	}
	return true
}

// pair is where what begins with the quote at the scanner ends, when it belongs to a
// parameter of the value, such as realm="x"; else it is 0. It is the text's end where
// that can't be told.
func (sc *scanner) pair(from int) int {
	at := sc.i
	if at-from < 2 || sc.s[at-1] != '=' || strings.IndexByte(`="' `, sc.s[at-2]) >= 0 || sc.s[at] != '"' || sc.ends(at+1) {
		return 0
	}
	for i := at + 1; i < len(sc.s); i++ {
		switch {
		case sc.s[i] == '"' && depth(sc.backslashes(i)) == 0:
			return i + 1
		case strings.IndexByte(lineEnds, sc.s[i]) >= 0:
			return i
		}
	}
	return len(sc.s)
}

// quote is the quote at the scanner, behind its backslashes, and where it stands; 0
// for none. The last result says that the text ends before this is known.
func (sc *scanner) quote() (q byte, at int, open bool) {
	at = len(sc.s) - len(strings.TrimLeft(sc.s[sc.i:], `\`))
	switch {
	case at == len(sc.s):
		return 0, at, true
	case strings.IndexByte(quotation, sc.s[at]) >= 0:
		return sc.s[at], at, false
	}
	return 0, at, false
}

// backslashes are how many stand right before a place.
func (sc *scanner) backslashes(at int) int {
	return at - len(strings.TrimRight(sc.s[:at], `\`))
}

// depth is in how many strings a quote stands that is behind so many backslashes: 1,
// 3, 7 … are of its own, those beyond are a part of the text.
func depth(backslashes int) int { return bits.TrailingZeros(^uint(backslashes)) }

func (sc *scanner) skip(chars string) {
	sc.i = len(sc.s) - len(strings.TrimLeft(sc.s[sc.i:], chars))
}

// skipSpace skips white space and ends of lines, also those of strings.
func (sc *scanner) skipSpace() {
	for {
		sc.skip(blank + lineEnds)
		rest := strings.TrimLeft(sc.s[sc.i:], `\`)
		if len(rest) == len(sc.s)-sc.i || rest == "" || strings.IndexByte("nrt", rest[0]) < 0 {
			return
		}
		sc.i = len(sc.s) - len(rest) + 1
	}
}

func (sc *scanner) skipScheme() { sc.i += len(headerScheme.FindString(sc.s[sc.i:])) }
