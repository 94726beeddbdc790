package store

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestStretch(t *testing.T) {
	for _, tt := range []struct {
		took   time.Duration
		factor float64
		want   time.Duration
	}{
		{10 * time.Millisecond, 1.5, 15 * time.Millisecond},
		{100 * time.Millisecond, 1.1, 110 * time.Millisecond},
		{10 * time.Millisecond, 1, 10 * time.Millisecond},
		{10 * time.Millisecond, 0, 10 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			time.Sleep(tt.took)
			// Busy waiting looks at the clock: here, looking is what moves it.
			now := func() time.Time {
				time.Sleep(time.Microsecond)
				return time.Now()
			}
			Stretch(now, began, tt.factor)
			if got := time.Since(began); got < tt.want || got > tt.want+100*time.Microsecond {
				t.Errorf("%v stretched by %v came to %v", tt.took, tt.factor, got)
			}
		})
	}
}
