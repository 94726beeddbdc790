package forge

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Patience repeats requests that are worth it.
//
//   - 429 is repeated after Retry-After or RateLimit-Reset, whatever the method:
//     the server did nothing.
//   - 409 is repeated after a pause, whatever the method: another request holds
//     what this one wants, and nothing was done.
//   - 500, 502, 503, 504 and a broken connection are repeated for GET, PUT and
//     DELETE only; after a POST nobody knows whether it was done, so the caller
//     has to look.
type Patience struct {
	Next http.RoundTripper
	// Sleep waits, or returns the context's error; nil sleeps.
	Sleep func(context.Context, time.Duration) error
	// Now is the clock, for dates in Retry-After; nil is the system's.
	Now func() time.Time
}

const (
	mostTries   = 4
	firstPause  = 500 * time.Millisecond
	longestWait = 30 * time.Second // for a limit of the server's
)

// RoundTrip implements http.RoundTripper.
func (p *Patience) RoundTrip(r *http.Request) (*http.Response, error) {
	pause := firstPause
	for try := 1; ; try++ {
		resp, err := p.Next.RoundTrip(r)
		wait, again := p.again(r, resp, err, pause)
		if !again || try == mostTries {
			return resp, err
		}
		repeated, ok := rewound(r)
		if !ok {
			return resp, err
		}
		if deadline, has := r.Context().Deadline(); has && p.clock().Add(wait).After(deadline) {
			return resp, err // the answer in hand says more than a time-out
		}
		if resp != nil {
			_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
			_ = resp.Body.Close()
		}
		if err := p.wait(r.Context(), wait); err != nil {
			return nil, err
		}
		r, pause = repeated, pause*2
	}
}

// again decides whether to repeat, and after how long.
func (p *Patience) again(r *http.Request, resp *http.Response, err error, pause time.Duration) (time.Duration, bool) {
	idempotent := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodPut || r.Method == http.MethodDelete
	if err != nil {
		return pause, idempotent && r.Context().Err() == nil && !errors.Is(err, context.Canceled)
	}
	switch resp.StatusCode {
	case http.StatusTooManyRequests:
		wait := p.asked(resp.Header, pause)
		return wait, wait <= longestWait
	case http.StatusConflict:
		return pause, true
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return pause, idempotent
	}
	return 0, false
}

// asked is how long the server wants to be left alone.
func (p *Patience) asked(h http.Header, otherwise time.Duration) time.Duration {
	if text := h.Get("Retry-After"); text != "" {
		if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
			return time.Duration(seconds) * time.Second
		}
		if at, err := http.ParseTime(text); err == nil {
			return max(0, at.Sub(p.clock()))
		}
	}
	if reset, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64); err == nil {
		return max(0, time.Unix(reset, 0).Sub(p.clock()))
	}
	return otherwise
}

func (p *Patience) clock() time.Time {
	if p.Now != nil {
		return p.Now()
	}
	return time.Now() //nolint:forbidigo // the caller may give another clock; deadlines are the system's anyway
}

func (p *Patience) wait(ctx context.Context, d time.Duration) error {
	if p.Sleep != nil {
		return p.Sleep(ctx, d)
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// rewound is the request with its body from the start; false when it can't be
// sent again.
func rewound(r *http.Request) (*http.Request, bool) {
	again := r.Clone(r.Context())
	if r.Body == nil || r.Body == http.NoBody {
		return again, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, false
	}
	again.Body = body
	return again, true
}
