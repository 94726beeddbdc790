package influx

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// quoteIdent writes a name for InfluxQL, in double quotes.
func quoteIdent(s string) string {
	return `"` + strings.NewReplacer("\n", `\n`, `\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// quoteText writes a text for InfluxQL, in single quotes.
func quoteText(s string) string {
	return `'` + strings.NewReplacer("\n", `\n`, `\`, `\\`, `'`, `\'`).Replace(s) + `'`
}

// quoteFlux writes a text for Flux. Its escapes are few, and a string may stand
// for an expression after ${; what no escape covers is written as bytes.
func quoteFlux(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"', c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '$' || unicode.IsControl(c) || c == unicode.ReplacementChar:
			for _, octet := range []byte(string(c)) {
				fmt.Fprintf(&b, `\x%02x`, octet)
			}
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// fluxTime writes a time for Flux.
func fluxTime(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
