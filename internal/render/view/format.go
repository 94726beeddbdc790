// Package view turns a report into the words, numbers and tables that are
// shown, once for all renderers: the terminal, HTML and Markdown differ in how
// they draw a Section, never in what is in it.
//
// It computes nothing about the run, and it neither escapes nor sanitises:
// the text of a cell is whatever the report holds, hostile text included, and
// every renderer has to make it safe for the place it writes to.
package view

import (
	"math"
	"strconv"
	"strings"
	"time"

	"k6report/internal/report"
)

// Absent is shown where a number doesn't exist.
const Absent = "–"

// Count is a whole number with thousands separated, "412,345".
func Count(n int64) string { return report.Thousands(strconv.FormatInt(n, 10)) }

// Number has three significant digits, or all before the point, thousands separated, no exponent for
// anything from 0.0001 on: "0.71", "38.2", "5,006". It keeps zeros at the end,
// so that the numbers of a column agree; at most places decimals are shown.
func Number(v float64, places int) string {
	if v == 0 {
		return "0"
	}
	rounded := report.Significant(v, 3)
	switch abs := math.Abs(v); {
	case abs >= report.MostWhole, math.Abs(rounded) < report.LeastPlain && places > 4:
		return prose(v, 3)
	case abs >= 1000:
		rounded = math.Round(v)
	}
	decimals := min(max(0, 2-exponent(rounded)), places)
	if least := math.Pow10(-decimals); math.Abs(rounded) < least/2 {
		return "<" + strconv.FormatFloat(least, 'f', decimals, 64)
	}
	return minus(report.Thousands(strconv.FormatFloat(rounded, 'f', decimals, 64)))
}

// prose is v to so many significant digits without zeros at the end.
func prose(v float64, digits int) string { return minus(report.Digits(v, digits)) }

// exponent is the power of ten of v's first digit.
func exponent(v float64) int { return int(math.Floor(math.Log10(math.Abs(v)) + 1e-12)) }

// minus writes a real minus sign.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }

// Milliseconds is a time in the unit that suits it: "0.71 ms", "812 ms",
// "1.9 s".
func Milliseconds(ms float64) string {
	switch abs := math.Abs(ms); {
	case abs < 999.5:
		return prose(ms, 3) + " ms"
	case abs < 60_000:
		return prose(ms/1000, 3) + " s"
	}
	return Seconds(ms / 1000)
}

// Seconds is a length of time: "4 s", "10m", "10m 2s", "8h 5m".
func Seconds(s float64) string {
	switch abs := math.Abs(s); {
	case abs < 59.95:
		return prose(s, 3) + " s"
	case abs >= report.MostWhole:
		return prose(s/3600, 3) + "h"
	}
	whole := int64(math.Round(s))
	sign := ""
	if whole < 0 {
		sign, whole = "−", -whole
	}
	h, m, sec := whole/3600, whole/60%60, whole%60
	switch {
	case h > 0 && m > 0:
		return sign + Count(h) + "h " + Count(m) + "m"
	case h > 0:
		return sign + Count(h) + "h"
	case sec > 0:
		return sign + Count(m) + "m " + Count(sec) + "s"
	}
	return sign + Count(m) + "m"
}

// PerSecond is a rate: "499.9/s".
func PerSecond(v float64) string { return prose(v, 4) + "/s" }

// Percent is a fraction as a percentage. What isn't quite nothing or quite
// all never reads as such: "<0.001 %", ">99.99 %".
func Percent(fraction float64) string { return PercentNumber(fraction) + " %" }

// PercentNumber is Percent without its sign, for columns that say it above.
func PercentNumber(fraction float64) string {
	p := fraction * 100
	switch {
	case p > 0 && p < 0.001:
		return "<0.001"
	case p < 100 && p > 99.99:
		return ">99.99"
	case p > 99 && p < 100:
		return strconv.FormatFloat(math.Floor(p*100)/100, 'f', -1, 64)
	case p > 0 && p < 1:
		return prose(p, 2)
	}
	return prose(p, 3)
}

// Change is a relative change with its sign: "+38.1 %", "−4.2 %", "±0 %".
func Change(fraction float64) string {
	p := prose(fraction*100, 3)
	if math.Abs(fraction) < 0.1 {
		p = prose(math.Round(fraction*1000)/10, 2)
	}
	return signed(p, fraction > 0, " %")
}

// ChangeOf is the change of a number of a unit: relative, or of a share in
// percentage points, "+2 pt".
func ChangeOf(v float64, unit string) string {
	if unit != report.UnitShare {
		return Change(v)
	}
	return signed(prose(math.Round(v*1e5)/1e3, 3), v > 0, " pt")
}

// signed is a number with its sign, "±" where it is shown as none.
func signed(number string, rises bool, unit string) string {
	switch {
	case number == "0":
		return "±0" + unit
	case rises:
		return "+" + number + unit
	}
	return number + unit
}

// ChangeRange is an interval of such a change; an open side is "…".
func ChangeRange(i *report.Interval, unit string) string {
	if i == nil || i.Low == nil && i.High == nil {
		return Absent
	}
	sign := " %"
	if unit == report.UnitShare {
		sign = " pt"
	}
	side := func(v *float64) string {
		if v == nil {
			return "…"
		}
		return strings.TrimSuffix(ChangeOf(*v, unit), sign)
	}
	return side(i.Low) + " to " + side(i.High) + sign
}

// Bytes is a size with decimal prefixes, "1.91 GB".
func Bytes(v float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	i := 0
	for i < len(units)-1 && math.Abs(v) >= 999.5 {
		v /= 1000
		i++
	}
	return prose(v, 3) + " " + units[i]
}

// bytesPerS is the unit of a data counter's rate.
const bytesPerS = "B/s"

// Measure is a number with the unit of a report's field.
func Measure(v float64, unit string) string {
	switch unit {
	case report.UnitMS:
		return Milliseconds(v)
	case report.UnitS:
		return Seconds(v)
	case report.UnitPerS:
		return PerSecond(v)
	case report.UnitShare:
		return Percent(v)
	case report.UnitBytes:
		return Bytes(v)
	case bytesPerS:
		return Bytes(v) + "/s"
	case report.UnitCount:
		return prose(v, 6)
	case "":
		return prose(v, 4)
	}
	return prose(v, 4) + " " + unit
}

// Pair is two numbers of one unit in one scale, that of the larger.
func Pair(a, b *float64, unit string) (string, string) {
	show := func(v *float64, scale float64, word string) string {
		if v == nil {
			return Absent
		}
		return prose(*v/scale, 3) + word
	}
	largest := 0.0
	for _, v := range []*float64{a, b} {
		if v != nil {
			largest = max(largest, math.Abs(*v))
		}
	}
	switch {
	case unit == report.UnitMS && largest >= 10_000:
		return show(a, 1000, " s"), show(b, 1000, " s")
	case unit == report.UnitMS:
		return show(a, 1, " ms"), show(b, 1, " ms")
	case unit == report.UnitBytes:
		scale, word := 1.0, " B"
		for _, next := range []string{" kB", " MB", " GB"} {
			if largest/scale < 999.5 {
				break
			}
			scale, word = scale*1000, next
		}
		return show(a, scale, word), show(b, scale, word)
	}
	one := func(v *float64) string {
		if v == nil {
			return Absent
		}
		return Measure(*v, unit)
	}
	return one(a), one(b)
}

// Moment is a point in time for people, in UTC.
func Moment(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04:05 UTC") }

// ShortCommit leaves of a hash what tells it from others, as much as GitLab shows;
// what is no hash stays as it is.
func ShortCommit(commit string) string {
	const enough = 8
	if len(commit) > enough && strings.Trim(commit, "0123456789abcdefABCDEF") == "" {
		return commit[:enough]
	}
	return commit
}

// Plural is "1 check", "3 checks".
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(int64(n)) + " " + many
}
