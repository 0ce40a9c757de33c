package activities

import (
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// apart is the time t on a machine whose wall clock went on by wall and whose monotonic clock by monotonic. The package
// time moves both by the same, and no test can put its machine to sleep, so the two are set where time.Time keeps them:
// the seconds of the wall clock from bit 30 of the first word on, the monotonic nanoseconds in the second.
func apart(t *testing.T, at time.Time, wall, monotonic time.Duration) time.Time {
	t.Helper()
	moved := at
	words := (*[2]uint64)(unsafe.Pointer(&moved))
	words[0] += uint64(wall/time.Second) << 30
	words[1] += uint64(monotonic)
	require.Equal(t, monotonic, moved.Sub(at), "time.Time is made in another way now: mend this test")
	require.Equal(t, wall, moved.Round(0).Sub(at.Round(0)))
	return moved
}

// The monotonic clock of a machine stands still while it sleeps, and its wall clock can be set back: what either of them
// saw pass has passed.
func TestTheFenceBelievesTheClockThatSawMoreTimePass(t *testing.T) {
	entry := time.Now()
	asleep := &write{entry: entry, now: func() time.Time { return apart(t, entry, time.Minute, time.Second) }}
	assert.Equal(t, time.Minute, asleep.elapsed())
	setBack := &write{entry: entry, now: func() time.Time { return apart(t, entry, 0, time.Minute) }}
	assert.Equal(t, time.Minute, setBack.elapsed())
}
