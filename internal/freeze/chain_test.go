package freeze

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quarters are windows of a quarter of an hour each that leave no moment of any day free.
func quarters(t *testing.T) []Window {
	t.Helper()
	windows := make([]Window, 0, 96)
	for i := range 96 {
		from := time.Date(2026, 1, 1, 0, 15*i, 0, 0, time.UTC)
		to := from.Add(15 * time.Minute).Format("15:04")
		if to == "00:00" {
			to = "24:00"
		}
		windows = append(windows, Window{From: from.Format("15:04"), To: to, TimeZone: "Europe/Berlin"})
	}
	require.Empty(t, Validate(windows))
	return windows
}

// Workflow code that thinks for a second is taken for stuck, and then the run that asks never gets on. The whole month
// costs a few milliseconds; the fastest of some tries counts, because a machine may be busy.
func TestAMonthOfAdjoiningWindowsIsJudgedAtOnceInWhateverOrderTheyAre(t *testing.T) {
	forward := quarters(t)
	backward := slices.Clone(forward)
	slices.Reverse(backward)
	for name, windows := range map[string][]Window{"forward": forward, "backward": backward} {
		fastest := time.Hour
		for range 5 {
			began := time.Now()
			w, until := Active(windows, 5, at(t, "2026-01-05T21:00:00Z"))
			fastest = min(fastest, time.Since(began))
			assert.NotNil(t, w)
			assert.Equal(t, at(t, "2026-02-05T21:00:00Z"), until)
		}
		assert.Less(t, fastest, 100*time.Millisecond, name)
	}
}

// stepwise finds the end of a chain the slow way: from the end of one window to that of the next, one moment at a time.
func stepwise(windows []Window, now time.Time) time.Time {
	until := now
	for moved := true; moved && until.Sub(now) < horizon; {
		moved = false
		for i := range windows {
			r, _ := compile(windows[i])
			if end, in := r.endAt(until); in {
				until, moved = end, true
				break
			}
		}
	}
	return until
}

func TestTheEndOfAChainIsTheFirstMomentThatNoWindowHolds(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7)) // a fixed seed, so that a failure comes again
	clock := func(minutes int) string { return time.Date(2026, 1, 1, 0, minutes, 0, 0, time.UTC).Format("15:04") }
	days := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	zones := []string{"", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"}
	frozen, far := 0, 0
	for range 2000 {
		now := at(t, "2026-03-27T00:00:00Z").Add(time.Duration(r.IntN(6*24*60)) * time.Minute)
		var windows []Window
		for range 1 + r.IntN(6) {
			from := r.IntN(24) * 60
			w := Window{From: clock(from), To: clock(from + 60*(1+r.IntN(22))), TimeZone: zones[r.IntN(len(zones))]}
			if r.IntN(3) == 0 {
				w.Days = days[r.IntN(3) : 4+r.IntN(4)]
			}
			if r.IntN(4) == 0 {
				start := now.Add(time.Duration(r.IntN(72)-36) * time.Hour)
				w = Window{Start: start, End: start.Add(time.Duration(1+r.IntN(400)) * time.Hour)}
			}
			windows = append(windows, w)
		}
		require.Empty(t, Validate(windows))
		w, until := Active(windows, 5, now)
		want := stepwise(windows, now)
		if w == nil {
			require.True(t, want.Equal(now))
			continue
		}
		frozen++
		if want.Sub(now) >= horizon {
			far++
			require.GreaterOrEqual(t, until.Sub(now), horizon, "%+v at %s", windows, now)
			continue
		}
		require.Equal(t, want.UTC(), until, "%+v at %s", windows, now)
	}
	require.Greater(t, frozen, 500)
	require.Greater(t, far, 20)
	require.Greater(t, frozen-far, 500)
}
