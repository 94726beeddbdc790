package render

import (
	"html"
	"regexp"
	"strings"
	"unicode"

	"k6report/internal/render/plain"
)

// code is text in a code span of Markdown that holds it whatever it is: fenced
// by one backtick more than any run of them inside, fit for a table's cell. In
// code there are no links, references, mentions or markup.
func code(s string) string {
	s = plain.Short(s, 200)
	if s == "" {
		return ""
	}
	fence, run := 1, 0
	for _, r := range s {
		if r != '`' {
			run = 0
			continue
		}
		run++
		fence = max(fence, run+1)
	}
	ticks := strings.Repeat("`", fence)
	s = strings.ReplaceAll(s, "|", `\|`)
	if strings.HasPrefix(s, "`") || strings.HasSuffix(s, "`") || strings.HasSuffix(s, `\`) {
		s = " " + s + " "
	}
	return ticks + s + ticks
}

// prose is a sentence in Markdown in which each word that could mean something
// to a renderer stands in a code span.
func prose(s string) string {
	words := strings.Fields(plain.Line(s))
	for i, w := range words {
		switch {
		case harmless(w), clock.MatchString(w):
		case number.MatchString(w):
			words[i] = strings.NewReplacer("<", `\<`, "*", `\*`).Replace(w)
		default:
			// What ends a sentence or a part of it belongs to the sentence.
			inner := strings.TrimRight(w, ",;")
			words[i] = code(inner) + w[len(inner):]
		}
	}
	return strings.Join(words, " ")
}

// signs are words that reports are full of and that mean nothing in Markdown.
const signs = "% · → ± – − ✓ ✗ ? ! i … :"

// ticket is what a forge may take for an issue of another tracker, whatever stands
// before and behind it.
var ticket = regexp.MustCompile(`(^|\W)[A-Za-z]\w*-[0-9]`)

// number is one as tables have it: below what is shown, or marked.
var number = regexp.MustCompile(`^<?[−-]?[0-9][0-9.,]*\*?$`)

// clock is a time of day.
var clock = regexp.MustCompile(`^[0-9]{2}:[0-9]{2}(:[0-9]{2})?[,.;]?$`)

// harmless reports whether a word is letters and digits with the punctuation of
// a sentence, which no dialect gives a meaning to.
func harmless(word string) bool {
	for _, sign := range strings.Fields(signs) {
		if word == sign {
			return true
		}
	}
	core := strings.TrimRight(word, ",.;:)%?")
	core = strings.TrimLeft(core, "(+−±✓✗")
	if core == "" {
		return len(word) <= 2
	}
	if strings.Contains(word, "..") || strings.HasPrefix(strings.ToLower(core), "www") || looksHex(core) {
		return false
	}
	if ticket.MatchString(core) {
		return false
	}
	runes := []rune(core)
	for i, r := range runes {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r):
		case strings.ContainsRune("-−'’,…×", r):
		case r == '.' && i+1 < len(runes) && unicode.IsDigit(runes[i+1]): // 0.41, not example.com
		case r == '/' && i > 0 && unicode.IsDigit(runes[i-1]): // 500/s, not a path
		case r == '_' && i > 0 && i+1 < len(runes) && runes[i-1] != '_' && runes[i+1] != '_': // within a word
		case r == '(' || r == ')':
		default:
			return false
		}
	}
	return unicode.IsLetter(runes[0]) || unicode.IsDigit(runes[0])
}

// looksHex reports whether a word could be taken for a commit.
func looksHex(word string) bool {
	if len(word) < 7 {
		return false
	}
	letters := false
	for _, r := range word {
		switch {
		case r >= 'a' && r <= 'f', r >= 'A' && r <= 'F':
			letters = true
		case r < '0' || r > '9':
			return false
		}
	}
	return letters
}

// htmlWords is Markdown of prose inside an HTML element, where Markdown is not
// read: code spans become code elements, and what is escaped outside of them
// stands for itself.
func htmlWords(markdown string) string {
	escape := func(s string) string {
		return html.EscapeString(strings.NewReplacer(`\<`, "<", `\*`, "*").Replace(s))
	}
	var b strings.Builder
	for markdown != "" {
		start := strings.IndexByte(markdown, '`')
		if start < 0 {
			break
		}
		b.WriteString(escape(markdown[:start]))
		rest := markdown[start:]
		n := len(rest) - len(strings.TrimLeft(rest, "`"))
		fence := rest[:n]
		end := closing(rest[n:], fence)
		if end < 0 {
			markdown = rest
			break
		}
		inner := strings.ReplaceAll(strings.TrimSpace(rest[n:n+end]), `\|`, "|")
		b.WriteString("<code>" + html.EscapeString(inner) + "</code>")
		markdown = rest[n+end+n:]
	}
	return b.String() + escape(markdown)
}

// closing is where a run of just so many backticks stands.
func closing(s, fence string) int {
	for at := 0; at < len(s); {
		i := strings.Index(s[at:], fence)
		if i < 0 {
			return -1
		}
		i += at
		run := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if run == len(fence) {
			return i
		}
		at = i + run
	}
	return -1
}
