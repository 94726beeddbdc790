package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// row is a line of the table: cells as they are shown.
type row struct {
	what, mine, peer, ratio, goal string
	met                           verdict
}

type verdict string

const (
	yes     verdict = "yes"
	no      verdict = "no"
	unknown verdict = "–"
)

func metIf(ok bool) verdict {
	if ok {
		return yes
	}
	return no
}

// atMost is a row whose goal is a part or a multiple of the peer's time.
func atMost(what, peer string, mine, theirs time.Duration, limit float64) row {
	ratio := mine.Seconds() / theirs.Seconds()
	return row{
		what, duration(mine), peer + ": " + duration(theirs), fmt.Sprintf("%.2f × the time", ratio),
		fmt.Sprintf("at most %g ×", limit), metIf(ratio <= limit),
	}
}

// atLeast is a row whose goal is to be so many times faster than the peer.
func atLeast(what, peer string, mine, theirs time.Duration, limit float64) row {
	ratio := theirs.Seconds() / mine.Seconds()
	return row{
		what, duration(mine), peer + ": " + duration(theirs), fmt.Sprintf("%.1f × faster", ratio),
		fmt.Sprintf("at least %g ×", limit), metIf(ratio >= limit),
	}
}

// within is a row whose goal is a time.
func within(what string, mine, limit time.Duration) row {
	return row{what, duration(mine), "–", "–", fmt.Sprintf("below %d ms", limit.Milliseconds()), metIf(mine < limit)}
}

// memoryLimit is the goal for the peak of resident memory, in bytes.
const (
	memoryLimit = 192_000_000
	memoryGoal  = "below 192 MB"
)

// small is a row whose goal is memoryLimit.
func small(what string, memory int64) row {
	r := row{what, fmt.Sprintf("%.0f MB", float64(memory)/1e6), "–", "–", memoryGoal, metIf(memory < memoryLimit)}
	if memory == 0 {
		r.mine, r.met = "unknown on this system", unknown
	}
	return r
}

// noGoal stands where a row only tells.
const noGoal = "–"

// skipped is a row that has no verdict, for a reason.
func skipped(what, mine, why, goal string) row {
	return row{what, mine, why, "–", goal, unknown}
}

// duration shows three digits.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.2f ms", d.Seconds()*1e3)
	case d < 100*time.Millisecond:
		return fmt.Sprintf("%.1f ms", d.Seconds()*1e3)
	case d < time.Second:
		return fmt.Sprintf("%.0f ms", d.Seconds()*1e3)
	default:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
}

// markdown is the table, which a terminal shows as well.
func markdown(rows []row) (string, error) {
	var b strings.Builder
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewMarkdown()),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
	)
	t.Header([]string{"What", "k6report", "Peer", "Ratio", "Goal", "Met"})
	for _, r := range rows {
		if err := t.Append([]string{r.what, r.mine, r.peer, r.ratio, r.goal, string(r.met)}); err != nil {
			return "", fmt.Errorf("make the table: %w", err)
		}
	}
	if err := t.Render(); err != nil {
		return "", fmt.Errorf("make the table: %w", err)
	}
	return b.String(), nil
}

// footing sums up, and says what the table can't.
func (h *harness) footing(rows []row) string {
	count, goals := make(map[verdict]int), 0
	for _, r := range rows {
		if r.goal != noGoal {
			count[r.met]++
			goals++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d goals met", count[yes], goals)
	if n := count[unknown]; n > 0 {
		fmt.Fprintf(&b, ", %d not measured", n)
	}
	b.WriteString(".\n")
	if len(h.notes) > 0 {
		b.WriteString("\n")
	}
	for _, n := range h.notes {
		fmt.Fprintf(&b, "- %s\n", n)
	}
	return b.String()
}
