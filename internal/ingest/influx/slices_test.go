package influx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"k6report/internal/ingest/influx/influxtest"
	"k6report/internal/k6gen"
	"k6report/internal/needs"
)

// filled starts a server with a run of 30 seconds, and says how many points it
// has.
func filled(t *testing.T) (*influxtest.Server, int64) {
	t.Helper()
	s := influxtest.Run(t, filepath.Join("..", "..", ".."), influxtest.Options{Flux: true})
	if err := s.Query(t.Context(), "CREATE DATABASE k6"); err != nil {
		t.Fatal(err)
	}
	var samples bytes.Buffer
	if _, err := k6gen.Write(&samples, k6gen.Options{
		Seed: 3, Start: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), Duration: 30 * time.Second, Rate: 20, Endpoints: 3,
	}); err != nil {
		t.Fatal(err)
	}
	n, err := s.WriteK6(t.Context(), "k6", &samples, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, n
}

func openAt(t *testing.T, rawURL string, o Options) (*Database, Found) {
	t.Helper()
	a, err := Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	o.HTTP = &http.Client{}
	d := Open(a, o)
	found, err := d.Find(t.Context(), func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	return d, found
}

// TestSlicesThatOverflow: whatever a slice may hold, all points come, and each
// once.
func TestSlicesThatOverflow(t *testing.T) {
	s, want := filled(t)
	for _, u := range []string{"influxdb://" + s.Addr + "/k6", "influxdb2://" + s.Addr + "/k6/autogen?org=any"} {
		for _, most := range []int{0, 700} {
			d, found := openAt(t, u, Options{maxPoints: most})
			var mu sync.Mutex
			seen := make(map[string]int)
			points, blocks := 0, 0
			err := d.Fetch(t.Context(), found, 2, func(_ int, b *Block) error {
				mu.Lock()
				defer mu.Unlock()
				points += b.Len()
				blocks++
				for series := range b.All() {
					for _, at := range series.Times {
						seen[fmt.Sprint(series.Measurement, series.Tags, at)]++
					}
				}
				return nil
			})
			if err != nil || int64(points) != want || int64(len(seen)) != want {
				t.Errorf("%s, %d a slice: %d points, %d of them different, want %d; %v", u, most, points, len(seen), want, err)
			}
			if most == 700 && blocks < int(want)/700 {
				t.Errorf("%s: %d points came in %d blocks of at most %d", u, points, blocks, most)
			}
		}
	}
}

// evenly has a point every so often, and remembers what it was asked for.
type evenly struct {
	querier
	every int64
	asked []stretch
}

func (e *evenly) read(_ context.Context, r Found, from, to int64, into *Block) error {
	e.asked = append(e.asked, stretch{from, to})
	if from == 0 {
		from = r.Started
	}
	if to == 0 {
		to = r.Ended + 1
	}
	into.begin("http_reqs", nil)
	for at := (from + e.every - 1) / e.every * e.every; at < to; at += e.every {
		if err := into.add(at, 1); err != nil {
			return err
		}
	}
	return nil
}

// TestLengthOfSlices: the length of the next slice goes by all points of the one
// before, also where that was halved.
func TestLengthOfSlices(t *testing.T) {
	second := int64(time.Second)
	e := &evenly{every: second / 20}
	d := Open(Address{}, Options{maxPoints: 150})
	d.ask = e
	points := 0
	err := d.Fetch(t.Context(), Found{Started: 1000 * second, Ended: 1060*second - e.every}, 1, func(_ int, b *Block) error {
		points += b.Len()
		return nil
	})
	if err != nil || points != 60*20 {
		t.Fatalf("%d points, want %d; %v", points, 60*20, err)
	}
	// 10 s hold 200 points, 150 may be, 30 are wanted.
	want := []stretch{{0, 1010 * second}, {0, 1005 * second}, {1005 * second, 1010 * second}, {1010 * second, 1011*second + second/2}}
	if !slices.Equal(e.asked[:4], want) {
		t.Errorf("asked for %v, want %v", e.asked[:4], want)
	}
}

// TestCrowdedNanosecond: more points than a slice may hold come from one
// nanosecond, too.
func TestCrowdedNanosecond(t *testing.T) {
	d := Open(Address{}, Options{maxPoints: 4})
	d.ask = crowd{}
	points := 0
	err := d.Fetch(t.Context(), Found{Started: 7, Ended: 7}, 1, func(_ int, b *Block) error {
		points += b.Len()
		return nil
	})
	if err != nil || points != 9 {
		t.Errorf("%d points, want 9; %v", points, err)
	}
}

// crowd has 9 points at one time.
type crowd struct{ querier }

func (crowd) read(_ context.Context, _ Found, _, _ int64, into *Block) error {
	for i := range 9 {
		into.begin(fmt.Sprint("metric_", i), nil)
		if err := into.add(7, 1); err != nil {
			return err
		}
	}
	return nil
}

// TestKilledWhileFetching: of a server that goes away between slices the error
// says so, and only whole slices were handed over.
func TestKilledWhileFetching(t *testing.T) {
	s, all := filled(t)
	d, found := openAt(t, "influxdb://"+s.Addr+"/k6", Options{Pause: time.Millisecond})
	points, blocks := 0, 0
	err := d.Fetch(t.Context(), found, 1, func(_ int, b *Block) error {
		points += b.Len()
		if blocks++; blocks == 1 {
			s.Stop()
		}
		return nil
	})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "connection refused") || !strings.Contains(err.Error(), "(tried 4 times)") || !strings.Contains(e.Hint(), "start InfluxDB") {
		t.Errorf("got %v", err)
	}
	const perRequest = 9 // points of the same time
	if blocks != 1 || points%perRequest != 0 || points == 0 || int64(points) > all/2 {
		t.Errorf("%d points of %d in %d slices were handed over, want those of the first", points, all, blocks)
	}
}

// TestSlow: a server that goes on saying something may take as long as it likes.
func TestSlow(t *testing.T) {
	needs.Time(t, "it waits for a slow server")
	const patience, pieces = 400 * time.Millisecond, 12 // each after a quarter of it
	for scheme, said := range map[string]string{"influxdb": string(answer(false, 1, 2, 3)), "influxdb2": fluxAnswer} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			d := fake(t, scheme, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", map[string]string{"influxdb": msgpackType, "influxdb2": "text/csv"}[scheme])
				tick := time.NewTicker(patience / 4)
				defer tick.Stop()
				for i := range pieces {
					_, _ = w.Write([]byte(said[len(said)*i/pieces : len(said)*(i+1)/pieces]))
					w.(http.Flusher).Flush()
					select {
					case <-tick.C:
					case <-r.Context().Done():
						return
					}
				}
			})
			d.o.Patience = patience
			points := 0
			err := d.Fetch(t.Context(), Found{Started: 1, Ended: 2, Measurements: []string{"http_reqs"}}, 1, func(_ int, b *Block) error {
				points += b.Len()
				return nil
			})
			if want := map[string]int{"influxdb": 3, "influxdb2": 4}[scheme]; err != nil || points != want {
				t.Errorf("%d points, want %d; %v", points, want, err)
			}
		})
	}
}
