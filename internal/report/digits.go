package report

import (
	"math"
	"strconv"
	"strings"
)

// Significant is v rounded to so many significant digits.
func Significant(v float64, digits int) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(v, 'e', digits-1, 64), 64)
	if err != nil {
		return v
	}
	return rounded
}

// MostWhole is from where on a number has an exponent: nothing that a load test
// measures is so large, and its digits would fill the line. So would the zeros of
// what is below LeastPlain.
const (
	MostWhole  = 1e15
	LeastPlain = 1e-4
)

// Digits is a number for sentences, and for tables whose columns need not agree: v
// with so many significant digits, or all before the point, thousands separated:
// "0.71", "38.2", "1,205". It has no zeros at its end, and an exponent only where it
// is tiny or beyond all measure: "1.2e-05".
func Digits(v float64, digits int) string {
	rounded := Significant(v, digits)
	switch abs := math.Abs(v); {
	case v == 0: // below it, too
		return "0"
	case math.Abs(rounded) < LeastPlain:
		return strconv.FormatFloat(rounded, 'g', 2, 64)
	case abs >= MostWhole:
		return strconv.FormatFloat(v, 'g', digits, 64)
	case abs >= math.Pow10(digits):
		return Thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return Thousands(strconv.FormatFloat(rounded, 'f', -1, 64))
}

// Thousands separates the thousands of a decimal number: "412,345".
func Thousands(s string) string {
	start := strings.IndexFunc(s, func(r rune) bool { return r >= '0' && r <= '9' })
	end := strings.IndexByte(s, '.')
	if end < 0 {
		end = len(s)
	}
	for i := end - 3; start >= 0 && i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
