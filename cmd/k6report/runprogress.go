package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// runProgress draws how far k6 has come, from what k6 prints of it once a
// second where it is not at a terminal itself. Its methods may be called on nil,
// which draws nothing.
type runProgress struct {
	mu   sync.Mutex
	rest []byte // of a line that is not complete
	name string
	out  io.Writer
	bar  *progressbar.ProgressBar
}

// runProgress is nil where nothing is to be drawn: away from a terminal, and
// where k6's own output is shown.
func (a *app) runProgress(c *common, j job) *runProgress {
	if !a.stderrTerminal || c.quiet || c.verbose {
		return nil
	}
	planned := int64(-1) // not known
	if j.lasts > 0 {
		planned = j.lasts.Milliseconds()
	}
	return &runProgress{name: j.name, out: a.stderr, bar: progressbar.NewOptions64(planned,
		progressbar.OptionSetWriter(a.stderr),
		progressbar.OptionSetDescription(j.name),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionClearOnFinish(),
	)}
}

// k6Line is k6's own, such as
// running (0m01.5s), 02/10 VUs, 20 complete and 0 interrupted iterations
var k6Line = regexp.MustCompile(`^running \(([0-9hms.]+)\), 0*(\d+)/0*(\d+) VUs, (\d+) complete and (\d+) interrupted iterations`)

// Write takes k6's standard output.
func (p *runProgress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	for {
		line, rest, whole := bytes.Cut(p.rest, []byte("\n"))
		if !whole {
			break
		}
		p.rest = rest
		p.line(line)
	}
	// Whatever a script prints without ever ending the line is not kept.
	if len(p.rest) > 1<<16 {
		p.rest = nil
	}
	return len(b), nil
}

func (p *runProgress) line(line []byte) {
	m := k6Line.FindSubmatch(line)
	if m == nil {
		return
	}
	at, err := time.ParseDuration(string(m[1]))
	if err != nil {
		return
	}
	p.bar.Describe(fmt.Sprintf("%s %s · %s/%s VUs · %s iterations", p.name, at.Round(time.Second), m[2], m[3], m[4]))
	if limit := p.bar.GetMax64(); limit > 0 {
		// Set-up and the last iterations come on top of the plan.
		_ = p.bar.Set64(min(at.Milliseconds(), limit-1))
		return
	}
	_ = p.bar.Add(1)
}

// messages is a writer for k6's log that keeps it apart from the bar.
func (p *runProgress) messages(w io.Writer) io.Writer {
	if p == nil {
		return w
	}
	return apart{p}
}

type apart struct{ *runProgress }

func (a apart) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = a.bar.Clear() // drawn again with the next line
	return a.out.Write(b)
}

// finish takes the bar away.
func (p *runProgress) finish() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.bar.Clear()
}
