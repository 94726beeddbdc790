package influx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Credentials say who asks. Empty strings are none.
type Credentials struct{ Username, Password, Token string }

// Options are what the environment gives.
type Options struct {
	// HTTP carries the requests. It needs no deadline: a request ends when the
	// server says nothing for Patience.
	HTTP        *http.Client
	Credentials Credentials
	// Patience is how long a server may say nothing; 0 is a minute.
	Patience time.Duration
	// Pause is how long to wait before the second try, and then twice as long
	// each time; 0 is half a second.
	Pause time.Duration

	// Tests lower how many points a slice may hold.
	maxPoints int
}

// maxPoints is how many points a slice of time may hold before it is asked for in
// halves, which changes no result.
const maxPoints = 600_000

// tries is how often a request is made at most.
const tries = 4

// Database is where runs are kept.
type Database struct {
	Address
	o   Options
	ask querier
	// progress is told of bytes read.
	progress func(int64)
}

// querier is a language in which a server is asked.
type querier interface {
	// marks are the first and last points of runs, by testid.
	marks(ctx context.Context, from, to int64, testid *string) ([]mark, error)
	// active are the starts of the steps in which a run was active, in order.
	active(ctx context.Context, r Found, step time.Duration) ([]int64, error)
	measurements(ctx context.Context, r Found) ([]measurement, error)
	// read fills a Block with all points of a run from a time up to, but
	// without, another; 0 is no bound.
	read(ctx context.Context, r Found, from, to int64, into *Block) error
}

// Open returns the database at an address. Nothing is asked yet.
func Open(a Address, o Options) *Database {
	o.Patience = cmp.Or(o.Patience, time.Minute)
	o.Pause = cmp.Or(o.Pause, time.Second/2)
	o.maxPoints = cmp.Or(o.maxPoints, maxPoints)
	d := &Database{Address: a, o: o, progress: func(int64) {}}
	if a.Flux {
		d.ask = newFlux(d)
	} else {
		d.ask = influxql{d}
	}
	return d
}

// OnProgress says who is told of bytes read, from several goroutines.
func (d *Database) OnProgress(f func(int64)) { d.progress = f }

// listen makes a request, and ends it when the server says nothing for too long.
// What request reads of the answer has to go through hear.
func (d *Database) listen(ctx context.Context, request func(ctx context.Context, hear func(io.Reader) io.Reader) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	silence := time.AfterFunc(d.o.Patience, func() { cancel(errSilent) })
	defer silence.Stop()
	err := request(ctx, func(r io.Reader) io.Reader { return &heard{r, silence, d} })
	if err == nil || errors.Is(err, errTooMany) {
		return err
	}
	return d.failed(ctx, err)
}

// heard is an answer that is being listened to.
type heard struct {
	r       io.Reader
	silence *time.Timer
	d       *Database
}

// readError marks errors of the connection among those of a decoder.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

func isRead(err error) bool {
	var read readError
	return errors.As(err, &read)
}

func (h *heard) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.silence.Reset(h.d.o.Patience)
	h.d.progress(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		err = readError{err}
	}
	return n, err
}

// again repeats what failed for a reason that may pass.
func (d *Database) again(ctx context.Context, what func() error) error {
	pause := d.o.Pause
	for try := 1; ; try++ {
		err := what()
		var e *Error
		if err == nil || !errors.As(err, &e) || !e.again {
			return err
		}
		if try == tries {
			return &Error{what: fmt.Sprintf("%s (tried %d times)", e.what, tries), hint: e.hint, err: err}
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause *= 2
	}
}

// measurement is what a database says of one.
type measurement struct {
	name       string
	value, url bool // has it k6's fields?
	tags       map[string]bool
	group      bool // has it a tag group with a value of k6's, as ::setup?
}

func sortedMeasurements(byName map[string]*measurement) []measurement {
	var list []measurement
	for _, m := range byName {
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b measurement) int { return cmp.Compare(a.name, b.name) })
	return list
}
