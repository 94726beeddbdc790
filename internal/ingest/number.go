package ingest

import (
	"math"
	"strconv"
)

// powers of ten that a float64 holds exactly.
var powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// parseDecimal reads a JSON number at the start of b and returns the nearest
// float64 and the bytes used, 0 if there is none or it is not finite. −0 is
// read as 0: the two are equal, so which one is the latest or the lowest of
// some samples would depend on their order.
//
// Up to 15 digits without an exponent are read as an integer and divided by a
// power of ten: both are exact, so the quotient is rounded once, as it should
// be (Clinger, "How to read floating point numbers accurately", PLDI 1990).
// Everything else goes through strconv.
func parseDecimal(b []byte) (float64, int) {
	if len(b) > 1 && b[1] == ',' && b[0]-'0' <= 9 { // half of k6's values are 0 or 1
		return float64(b[0] - '0'), 1
	}
	mantissa, digits, point := uint64(0), 0, -1
	at, negative := 0, false
	if len(b) > 0 && b[0] == '-' {
		negative = true
		at++
	}
	for ; at < len(b); at++ {
		if c := b[at] - '0'; c <= 9 {
			mantissa = mantissa*10 + uint64(c)
			digits++
			continue
		}
		if b[at] != '.' || point >= 0 {
			break
		}
		point = at
	}
	start := 0
	if negative {
		start = 1
	}
	simple := at < len(b) && b[at] != 'e' && b[at] != 'E' && digits > 0 && digits <= 15 &&
		point != at-1 && point != start && (b[start] != '0' || digits == 1 || point == start+1)
	if !simple {
		return parseNumber(b)
	}
	v := float64(mantissa)
	if point >= 0 {
		v /= powers[at-point-1]
	}
	if negative && v != 0 {
		v = -v
	}
	return v, at
}

// parseNumber reads any JSON number.
func parseNumber(b []byte) (float64, int) {
	n := numberLength(b)
	if n == 0 {
		return 0, 0
	}
	v, err := strconv.ParseFloat(string(b[:n]), 64)
	if err != nil || math.IsInf(v, 0) {
		return 0, 0
	}
	if v == 0 {
		v = 0 // not −0
	}
	return v, n
}

// numberLength is the length of the number at the start of b by JSON's
// grammar, 0 if there is none.
func numberLength(b []byte) int {
	at := 0
	digits := func() bool {
		from := at
		for at < len(b) && b[at]-'0' <= 9 {
			at++
		}
		return at > from
	}
	if at < len(b) && b[at] == '-' {
		at++
	}
	if at < len(b) && b[at] == '0' {
		at++
	} else if !digits() {
		return 0
	}
	if at < len(b) && b[at] == '.' {
		at++
		if !digits() {
			return 0
		}
	}
	if at < len(b) && (b[at] == 'e' || b[at] == 'E') {
		at++
		if at < len(b) && (b[at] == '+' || b[at] == '-') {
			at++
		}
		if !digits() {
			return 0
		}
	}
	return at
}
