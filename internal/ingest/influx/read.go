package influx

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Slices are to have this part of the points that they may have.
const wanted = 5

// slices of time start with firstSlice, and become longer by growth at most.
const (
	firstSlice = 10 * time.Second
	growth     = 4
)

// Fetch hands over all points of a run in slices of time, from several
// goroutines: take gets the number of the goroutine, 0 and up, and a Block that
// it may read until it returns. A slice that the server did not give whole is
// asked for again, so that no point comes twice. In which order slices come is
// not said.
func (d *Database) Fetch(ctx context.Context, r Found, goroutines int, take func(goroutine int, b *Block) error) error {
	p := &plan{run: r, at: r.Started, length: firstSlice, want: float64(d.o.maxPoints) / wanted}
	group, ctx := errgroup.WithContext(ctx)
	for n := range goroutines {
		group.Go(func() error {
			b := &Block{most: d.o.maxPoints}
			for {
				s, more := p.next()
				if !more {
					return nil
				}
				points := 0
				err := d.slice(ctx, r, s, b, func() error {
					points += b.Len()
					return take(n, b)
				})
				if err != nil {
					return err
				}
				p.had(s, points)
			}
		})
	}
	return group.Wait()
}

// slice fetches a slice, in halves where it holds too much.
func (d *Database) slice(ctx context.Context, r Found, s stretch, b *Block, take func() error) error {
	err := d.again(ctx, func() error {
		b.reset()
		return d.ask.read(ctx, r, s.from, s.to, b)
	})
	if !errors.Is(err, errTooMany) {
		if err != nil {
			return err
		}
		return take()
	}
	left, right, ok := s.halves(r)
	if !ok { // all in one nanosecond
		b.most *= 2
		return d.slice(ctx, r, s, b, take)
	}
	if err := d.slice(ctx, r, left, b, take); err != nil {
		return err
	}
	return d.slice(ctx, r, right, b, take)
}

// stretch is a slice of time; 0 is no bound.
type stretch struct{ from, to int64 }

// halves cuts a stretch where the run's points may be halved.
func (s stretch) halves(r Found) (left, right stretch, ok bool) {
	from, to := s.from, s.to
	if from == 0 {
		from = r.Started
	}
	if to == 0 {
		to = max(r.Ended, from) + 1
	}
	middle := from + (to-from)/2
	if middle <= from || middle >= to {
		return s, s, false
	}
	return stretch{s.from, middle}, stretch{middle, s.to}, true
}

// plan cuts the time of a run into slices of about the wanted number of points,
// going by what the ones before had.
type plan struct {
	mu     sync.Mutex
	run    Found
	at     int64 // up to where slices were given
	begun  bool
	done   bool
	length time.Duration
	want   float64 // points in a slice
}

func (p *plan) next() (s stretch, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return s, false
	}
	s = stretch{p.at, p.at + int64(p.length)}
	if !p.begun { // points may lie before the first mark, and behind the last
		s.from = p.run.from
	}
	p.begun = true
	if left := p.run.Ended - s.to; left < int64(p.length)/4 {
		s.to, p.done = p.run.to, true
	}
	p.at = s.to
	return s, true
}

// had says how many points a slice held.
func (p *plan) had(s stretch, points int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	length := time.Duration(s.to - max(s.from, p.run.Started))
	if s.to == 0 || length <= 0 {
		return
	}
	best := growth * length
	if points > 0 {
		best = min(best, time.Duration(float64(length)*p.want/float64(points)))
	}
	p.length = max(best, time.Millisecond)
}
