package main

import (
	"io/fs"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"k6report/internal/ingest"
)

// patience is how long reading may take before progress is shown.
const patience = time.Second

// progress shows how far reading has come: on a terminal only, and only when
// it takes long.
type progress struct {
	mu    sync.Mutex
	app   *app
	start time.Time
	read  int64
	total int64 // -1 when unknown
	off   bool
	bar   *progressbar.ProgressBar
}

func (a *app) progress(c *common, sources []ingest.Source) *progress {
	p := &progress{app: a, start: a.now(), off: !a.stderrTerminal || c.quiet}
	for _, s := range sources {
		f, ok := s.Reader.(interface{ Stat() (fs.FileInfo, error) })
		if !ok {
			p.total = -1
			return p
		}
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			p.total = -1
			return p
		}
		p.total += info.Size()
	}
	return p
}

// add counts bytes that were read, from any goroutine.
func (p *progress) add(bytes int64) {
	if p.off {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.read += bytes
	if p.bar == nil {
		if p.app.now().Sub(p.start) < patience {
			return
		}
		p.bar = progressbar.NewOptions64(p.total,
			progressbar.OptionSetWriter(p.app.stderr),
			progressbar.OptionSetDescription("reading"),
			progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetWidth(30),
		)
	}
	// What can't be drawn is no reason to stop reading.
	_ = p.bar.Set64(p.read)
}

// finish takes the bar away.
func (p *progress) finish() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.off = true
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
