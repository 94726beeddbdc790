package store

import (
	"runtime"
	"time"

	"k6report/testbed/internal/timing"
)

// shortest is the shortest time that is slept: the system's timers are no
// finer, and what is shorter is waited for with a busy processor.
const shortest = 3 * time.Millisecond

// Stretch waits until what began at a time has taken factor times as long as
// it has now. A factor of 1 or less does nothing.
func Stretch(now timing.Clock, began time.Time, factor float64) {
	if factor <= 1 {
		return
	}
	at := now()
	until := at.Add(time.Duration(float64(at.Sub(began)) * (factor - 1)))
	if rest := until.Sub(at); rest > shortest {
		time.Sleep(rest - shortest)
	}
	for now().Before(until) {
		runtime.Gosched()
	}
}
