package ingest

import "time"

// clock reads times as k6 writes them, RFC 3339 with up to nine digits of a
// second. It remembers the last whole second, since most samples share it.
type clock struct {
	second [len("2006-01-02T15:04:05")]byte
	unix   int64
}

// parse returns nanoseconds since the Unix epoch; ok is false for anything
// that is not such a time, or lies outside the years 1678 to 2261.
func (c *clock) parse(b []byte) (ns int64, ok bool) {
	if len(b) < len(c.second)+1 {
		return 0, false
	}
	if c.second[0] == 0 || string(b[:len(c.second)]) != string(c.second[:]) {
		unix, ok := parseSecond(b[:len(c.second)])
		if !ok {
			return 0, false
		}
		copy(c.second[:], b)
		c.unix = unix
	}
	at := len(c.second)
	fraction := int64(0)
	if b[at] == '.' {
		at++
		from := at
		for ; at < len(b) && b[at]-'0' <= 9 && at-from < 9; at++ {
			fraction = fraction*10 + int64(b[at]-'0')
		}
		if at == from {
			return 0, false
		}
		for range 9 - (at - from) {
			fraction *= 10
		}
	}
	offset, ok := parseOffset(b[at:])
	return (c.unix-offset)*int64(time.Second) + fraction, ok
}

// parseOffset reads Z or ±hh:mm, in seconds.
func parseOffset(b []byte) (seconds int64, ok bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != len("+01:00") || b[0] != '+' && b[0] != '-' || b[3] != ':' {
		return 0, false
	}
	hours, ok1 := twoDigits(b[1:], 23)
	minutes, ok2 := twoDigits(b[4:], 59)
	seconds = int64(hours*3600 + minutes*60)
	if b[0] == '-' {
		seconds = -seconds
	}
	return seconds, ok1 && ok2
}

func parseSecond(b []byte) (unix int64, ok bool) {
	century, ok1 := twoDigits(b, 99)
	year, ok2 := twoDigits(b[2:], 99)
	month, ok3 := twoDigits(b[5:], 12)
	day, ok4 := twoDigits(b[8:], 31)
	hour, ok5 := twoDigits(b[11:], 23)
	minute, ok6 := twoDigits(b[14:], 59)
	second, ok7 := twoDigits(b[17:], 59)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 || !ok7 ||
		b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year += century * 100
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if month == 0 || t.Day() != day || year < 1678 || year > 2261 {
		return 0, false
	}
	return t.Unix(), true
}

func twoDigits(b []byte, highest int) (n int, ok bool) {
	tens, ones := b[0]-'0', b[1]-'0'
	n = int(tens)*10 + int(ones)
	return n, tens <= 9 && ones <= 9 && n <= highest
}
