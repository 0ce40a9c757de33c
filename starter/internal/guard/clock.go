package guard

import "time"

// elapsed is how long ago a moment was. The monotonic clock stands still while the machine is suspended, and the wall
// clock may be set back: the larger of the two counts. A nil wall is the system's.
func elapsed(since time.Time, wall func() time.Time) time.Duration {
	if wall == nil {
		wall = time.Now
	}
	return max(time.Since(since), wall().Round(0).Sub(since.Round(0)))
}
