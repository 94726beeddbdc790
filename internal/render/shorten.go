package render

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// shorten makes plain text fit a width by taking out its middle, for the
// start and the end of a name tell most. Letters are never cut in two.
func shorten(s string, width int, ellipsis string) string {
	if columns(s) <= width {
		return s
	}
	l := letters(s)
	room := width - columns(ellipsis)
	if room < 2 {
		return strings.Join(take(l, width), "")
	}
	head := take(l, (room+1)/2)
	tail := takeLast(l[len(head):], room-columns(strings.Join(head, "")))
	return strings.Join(head, "") + ellipsis + strings.Join(tail, "")
}

// shortenApart shortens names of one column. Where two would read the same,
// each keeps its start and the part in which they differ instead of its end.
func shortenApart(names []string, width int, ellipsis string) []string {
	out := make([]string, len(names))
	alike := map[string][]int{}
	for i, s := range names {
		out[i] = shorten(s, width, ellipsis)
		if s != out[i] {
			alike[out[i]] = append(alike[out[i]], i)
		}
	}
	room := width - 2*columns(ellipsis)
	for _, group := range alike {
		if len(group) < 2 || room < 8 {
			continue
		}
		from := commonStart(names, group)
		for _, i := range group {
			if from < len(names[i]) {
				out[i] = around(names[i], from, room, ellipsis)
			}
		}
	}
	return out
}

// commonStart is how many bytes the names of a group begin with alike.
func commonStart(names []string, group []int) int {
	first := names[group[0]]
	n := len(first)
	for _, i := range group[1:] {
		other := names[i]
		if other == first {
			continue
		}
		k := 0
		for k < min(n, len(other)) && first[k] == other[k] {
			k++
		}
		n = k
	}
	return n
}

// around is the start of s and what stands near byte from, in room columns
// beside two ellipses.
func around(s string, from, room int, ellipsis string) string {
	l := letters(s)
	at, bytes := 0, 0
	for at < len(l) && bytes+len(l[at]) <= from {
		bytes += len(l[at])
		at++
	}
	head := take(l[:at], room/3)
	room -= columns(strings.Join(head, ""))
	before := takeLast(l[len(head):at], room/3)
	after := take(l[at:], room-columns(strings.Join(before, "")))
	out := strings.Join(head, "")
	if len(head)+len(before) < at {
		out += ellipsis
	}
	out += strings.Join(before, "") + strings.Join(after, "")
	if at+len(after) < len(l) {
		out += ellipsis
	}
	return out
}

// letters are the grapheme clusters of s.
func letters(s string) []string {
	var out []string
	for g := displaywidth.StringGraphemes(s); g.Next(); {
		out = append(out, g.Value())
	}
	return out
}

// take is as many letters from the start as fit.
func take(l []string, width int) []string {
	n := 0
	for n < len(l) && columns(l[n]) <= width {
		width -= columns(l[n])
		n++
	}
	return l[:n]
}

// takeLast is as many letters from the end as fit.
func takeLast(l []string, width int) []string {
	n := len(l)
	for n > 0 && columns(l[n-1]) <= width {
		width -= columns(l[n-1])
		n--
	}
	return l[n:]
}
