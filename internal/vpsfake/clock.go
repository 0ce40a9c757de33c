package vpsfake

import (
	"math"
	"time"
)

// clock turns real time into the API's time. All waits are kept in real time; API time is only what answers show.
type clock struct {
	now   func() time.Time
	start time.Time
	speed float64
}

func newClock(now func() time.Time, speed float64) clock {
	return clock{now: now, start: now(), speed: speed}
}

// real is how long an unscaled API duration takes in real time.
func (c clock) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / c.speed)
}

// stamp is what the API's clock, off by offset, shows at the real time t. Whole seconds, as in the vendor's examples.
func (c clock) stamp(t time.Time, offset time.Duration) time.Time {
	passed := float64(t.Sub(c.start)) * c.speed
	passed = math.Max(-math.MaxInt64/4, math.Min(passed, math.MaxInt64/4)) // a far future must not wrap into the past
	return c.start.Add(time.Duration(passed)).Add(offset).UTC().Truncate(time.Second)
}
