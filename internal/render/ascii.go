package render

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

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
	case '█':
		return "#", true
	case '▌':
		return "=", true
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
