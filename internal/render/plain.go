package render

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
	"golang.org/x/text/unicode/norm"
)

const (
	// longest is how many runes of one string are looked at; a terminal shows
	// far fewer.
	longest = 2000
	// stacked is how many combining marks a letter may carry: enough for any
	// language, too few to paint over the lines above.
	stacked = 3
)

// plain makes text from a load test safe to print on a terminal, on one line:
// white space of any kind becomes one space, control characters, bidirectional
// controls and bytes that are no text become U+FFFD, so that one sees that
// something was there; other invisible characters vanish. What is longer than
// longest runes loses its middle. Terminals disagree about the width of what
// several runes draw together: letters are composed, skin tones left out and
// flags written as the two letters that they are.
func plain(s string) string {
	s = loseMiddle(s)
	if isPlain(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	marks := stacked // none at the start, where they would change what is before
	last := ' '
	for _, r := range norm.NFC.String(s) {
		switch {
		case unicode.IsSpace(r):
			r, marks = ' ', stacked
		case unicode.Is(unicode.Variation_Selector, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
			continue // may change a width, or be of none
		case r >= 0x1f3fb && r <= 0x1f3ff: // skin tones
			continue
		case r >= 0x1f1e6 && r <= 0x1f1ff: // flags
			r, marks = 'A'+r-0x1f1e6, 0
		case unicode.Is(unicode.M, r):
			if marks++; marks > stacked {
				continue
			}
		case unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Bidi_Control, r):
			continue
		case !unicode.IsPrint(r):
			r, marks = utf8.RuneError, stacked
		default:
			marks = 0
		}
		if last == r && (r == ' ' || r == utf8.RuneError) {
			continue
		}
		b.WriteRune(r)
		last = r
	}
	return strings.TrimRight(b.String(), " ")
}

func isPlain(s string) bool {
	if strings.HasPrefix(s, " ") || strings.HasSuffix(s, " ") || strings.Contains(s, "  ") {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

func loseMiddle(s string) string {
	if len(s) <= longest {
		return s
	}
	runes := []rune(s)
	if len(runes) <= longest {
		return s
	}
	half := longest / 2
	return string(runes[:half]) + "…" + string(runes[len(runes)-half:])
}

// ascii writes plain text in 7 bits: typographic signs by their nearest
// equivalent, everything else as an escape, \u00e9.
func ascii(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			if word, ok := asciiSign(r); ok {
				b.WriteString(word)
			} else {
				fmt.Fprintf(&b, `\u%04x`, r)
			}
		}
	}
	return b.String()
}

func asciiSign(r rune) (string, bool) {
	switch r {
	case '–', '−':
		return "-", true
	case '…':
		return "...", true
	case '·':
		return "|", true
	case '›', '→':
		return ">", true
	case '±':
		return "+-", true
	case '×':
		return "x", true
	case '✓':
		return "+", true
	case '✗':
		return "x", true
	case '≥':
		return ">=", true
	case '≤':
		return "<=", true
	case utf8.RuneError:
		return "?", true
	}
	return "", false
}

// columns is how many columns of a terminal plain text takes. It adds up runes
// as tablewriter does, so that tables come out as they were measured; plain
// leaves little for which terminals would say otherwise.
func columns(s string) int {
	sum := 0
	for _, r := range s {
		sum += displaywidth.Rune(r)
	}
	return sum
}
