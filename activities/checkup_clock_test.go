package activities

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestAClockThatIsOffIsNamedWithWhoseItIs(t *testing.T) {
	api := healthy()
	api.clock = func() time.Time { return time.Now().Add(-10 * time.Minute) }
	found := checkupOf(t, api, 0)
	assert.Equal(t, contract.FindingOK, found[contract.FindingWorkerClock].State)
	assert.Equal(t, contract.FindingBad, found[contract.FindingAPIClock].State)
	assert.Regexp(t, `(10m|10m1s|9m59s) behind the worker's`, found[contract.FindingAPIClock].Detail)
	assert.Contains(t, found[contract.FindingAPIClock].Mend, "tell VPS.org")

	// The worker's own clock is off: then it is off the API's as well, and one mend is enough.
	found = checkupOf(t, healthy(), 0, func(a *Activities) {
		a.pace.now = func() time.Time { return time.Now().Add(time.Hour) }
	})
	assert.Equal(t, contract.FindingBad, found[contract.FindingWorkerClock].State)
	assert.Contains(t, found[contract.FindingWorkerClock].Detail, "ahead of Temporal's")
	assert.Contains(t, found[contract.FindingWorkerClock].Mend, "NTP")
	assert.Equal(t, "mend worker clock first", found[contract.FindingAPIClock].Mend)

	api = healthy()
	api.clock = func() time.Time { return time.Time{} }
	assert.Equal(t, contract.FindingWarn, checkupOf(t, api, 0)[contract.FindingAPIClock].State, "it does not say")
}

// A small difference is the answer's way and the whole seconds of a Date.
func TestASmallDifferenceOfClocksIsNone(t *testing.T) {
	for _, off := range []time.Duration{-29 * time.Second, 29 * time.Second} {
		api := healthy()
		api.clock = func() time.Time { return time.Now().Add(off) }
		assert.Equal(t, contract.FindingOK, checkupOf(t, api, 0)[contract.FindingAPIClock].State, off)
	}
}

// The stand-in of `safepoint dev` runs many times as fast: that is no fault of anybody's clock.
func TestAClockThatRunsFasterIsAStandIns(t *testing.T) {
	api := healthy()
	start := time.Now()
	api.clock = func() time.Time { return start.Add(time.Hour + time.Since(start)*60) }
	f := checkupOf(t, api, 0, func(a *Activities) { a.pace.clockGap = 20 * time.Millisecond })[contract.FindingAPIClock]
	assert.Equal(t, contract.FindingOK, f.State, "%+v", f)
	assert.Contains(t, f.Detail, "times as fast as the worker's")

	// Gone at the second look: the first one counts.
	var asked atomic.Int32
	api.me = func() error {
		if asked.Add(1) > 1 {
			return apiSays(0)
		}
		return nil
	}
	f = checkupOf(t, api, 0)[contract.FindingAPIClock]
	require.EqualValues(t, 2, asked.Load())
	assert.Equal(t, contract.FindingBad, f.State)
}
