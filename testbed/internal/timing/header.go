package timing

import (
	"strconv"
	"strings"
	"time"
)

// HeaderName is the field's canonical name.
const HeaderName = "Server-Timing"

// Header finishes the timeline and formats it as the value of a Server-Timing
// header: the parts in order of first use, the total last, in milliseconds
// with three decimals. Digits are cut, not rounded, so that the parts as
// printed don't exceed the total as printed. A nil Recorder gives "".
func (r *Recorder) Header() string {
	if r == nil {
		return ""
	}
	r.Finish()
	var b strings.Builder
	for _, p := range r.parts {
		writeMetric(&b, p.Name, p.Duration)
		b.WriteString(", ")
	}
	writeMetric(&b, Total, r.Total())
	return b.String()
}

func writeMetric(b *strings.Builder, name string, d time.Duration) {
	micros := d.Microseconds()
	b.WriteString(name)
	b.WriteString(";dur=")
	b.WriteString(strconv.FormatInt(micros/1000, 10))
	b.WriteByte('.')
	fraction := strconv.FormatInt(micros%1000, 10)
	b.WriteString("000"[len(fraction):])
	b.WriteString(fraction)
}
