// Package plain makes text from a load test safe to show on one line, whatever
// the format: no control characters, no bidirectional controls, no length that
// breaks a layout. What a format itself gives a meaning to (markup, escapes) is
// the renderer's to escape.
package plain

import (
	"strings"
	"unicode"
	"unicode/utf8"

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

// Line is text from a load test on one line: white
// space of any kind becomes one space, control characters, bidirectional
// controls and bytes that are no text become U+FFFD, so that one sees that
// something was there; other invisible characters vanish. What is longer than
// longest runes loses its middle. Terminals disagree about the width of what
// several runes draw together: letters are composed, skin tones left out and
// flags written as the two letters that they are.
func Line(s string) string {
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

// Short is [Line] of at most most runes: longer text loses its middle.
func Short(s string, most int) string {
	s = Line(s)
	if len(s) <= most {
		return s
	}
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	head := most * 2 / 3
	return string(runes[:head]) + "…" + string(runes[len(runes)-(most-head-1):])
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
