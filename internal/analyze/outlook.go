package analyze

import "k6report/internal/run"

// Outlook is what a plan asks for, as far as it is known before the run.
type Outlook struct {
	// Seconds is the scheduled time, without set-up, teardown and graceful
	// stops; 0 when no scenario has a fixed one.
	Seconds float64
	// PeakPerS is the highest sum of arrival rates at a time, in iterations a
	// second; 0 without any.
	PeakPerS float64
	// Iterations is what the arrival rates come to, and the iterations that are
	// to be done; 0 when every scenario loops for a time.
	Iterations float64
	// Looping is the number of virtual users that start iterations for a time,
	// as fast as they can: what these come to can't be known.
	Looping int64
	// MaxVUs is the most virtual users that may be needed; 0 when unknown.
	MaxVUs int64
}

// Foresee says what a plan asks for.
func Foresee(p *run.Plan) Outlook {
	s := newSchedule(p)
	out := Outlook{Seconds: s.seconds, PeakPerS: s.peak(), MaxVUs: p.MaxVUs}
	for i := range s.scenarios {
		sc := &s.scenarios[i]
		switch {
		case sc.open:
			out.Iterations += sc.planned()
		case sc.Executor == "per-vu-iterations":
			out.Iterations += float64(sc.Iterations * sc.VUs)
		case sc.endsItself():
			out.Iterations += float64(sc.Iterations)
		default:
			out.Looping += max(sc.VUs, int64(sc.peak()))
		}
	}
	return out
}
