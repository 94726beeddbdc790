package ingest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k6report/internal/run"
)

// Database is one that Read asks for the run that is meant, such as an [InfluxDB].
type Database interface {
	// open finds the run and says where in time it lies. Of its format, a row of the
	// table, it sets how to read this run. Its errors name the source.
	open(ctx context.Context, name string, progress func(int64)) (*input, error)
}

const (
	codeLost        = "points_lost"
	codeLostUnknown = "points_lost_unknown"
)

// noteLost says what a database lost. It takes k6's own counts to see that.
func noteLost(r *run.Run) {
	// What a snapshot brought along is found again, or known by now.
	r.Problems = slices.DeleteFunc(r.Problems, func(p run.Problem) bool { return p.Code == codeLost || p.Code == codeLostUnknown })
	at, loses := -1, ""
	for i, s := range r.Sources {
		f, _ := formatOf(s.Format)
		switch {
		case f.loses != "" && at < 0:
			at, loses = i, f.loses
		case s.Samples > 0:
			return // samples from elsewhere, too
		}
	}
	if at < 0 {
		return
	}
	p := run.Problem{Code: codeLost, Source: r.Sources[at].Name}
	if r.Reported == nil {
		p.Code = codeLostUnknown
		p.Message = loses + ": how many were lost only k6's summary tells; give it, too"
		addProblem(r, p)
		return
	}
	var said []string
	for _, m := range r.Reported.Metrics {
		want, ok := reportedSamples(m)
		if !ok {
			continue
		}
		have := float64(r.Select(m.Name, nil).Count)
		if have < want {
			said = append(said, fmt.Sprintf("%.0f of %.0f of %s", want-have, want, clip(m.Name)))
			p.Count += uint64(want - have)
		}
	}
	if p.Count == 0 {
		return
	}
	p.Message = "going by k6's summary, points are missing (" + shortList(said, 3) + "): " + loses + ", and k6 drops what the server does not take in time"
	addProblem(r, p)
}

// reportedSamples is how many samples of a metric a summary tells of.
func reportedSamples(m run.ReportedMetric) (n float64, ok bool) {
	if strings.Contains(m.Name, "{") {
		return 0, false
	}
	switch passes, isRate := m.Value("passes"); {
	case isRate:
		fails, ok := m.Value("fails")
		return passes + fails, ok
	case m.Name == "http_reqs", m.Name == "iterations": // each sample counts 1
		return m.Value("count")
	case m.Type == run.Trend:
		return m.Value("count")
	}
	return 0, false
}
