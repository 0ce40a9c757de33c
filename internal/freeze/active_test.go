package freeze

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	moment, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return moment
}

func TestAServerIsFrozenFromTheStartOfAWindowUntilRightBeforeItsEnd(t *testing.T) {
	office := Window{Days: []string{"mon", "tue"}, From: "09:00", To: "17:00", TimeZone: "America/New_York"} // UTC-5 in January
	night := Window{Days: []string{"friday"}, From: "22:00", To: "06:00"}
	always := Window{Days: []string{"sun"}, From: "00:00", To: "24:00"}
	sale := Window{Start: at(t, "2026-12-23T18:00:00+01:00"), End: at(t, "2026-12-24T00:00:00Z")}
	for name, c := range map[string]struct {
		window Window
		now    string
		until  string // empty: not frozen
	}{
		"before":                            {office, "2026-01-05T13:59:59Z", ""}, // a Monday
		"at its start":                      {office, "2026-01-05T14:00:00Z", "2026-01-05T22:00:00Z"},
		"right before its end":              {office, "2026-01-05T21:59:59Z", "2026-01-05T22:00:00Z"},
		"at its end":                        {office, "2026-01-05T22:00:00Z", ""},
		"on another day":                    {office, "2026-01-07T15:00:00Z", ""},
		"days are those of the zone":        {office, "2026-01-06T21:00:00Z", "2026-01-06T22:00:00Z"},
		"overnight, before midnight":        {night, "2026-01-09T23:00:00Z", "2026-01-10T06:00:00Z"}, // a Friday
		"overnight, after midnight":         {night, "2026-01-10T05:59:59Z", "2026-01-10T06:00:00Z"},
		"overnight, at its end":             {night, "2026-01-10T06:00:00Z", ""},
		"the day is that of the start":      {night, "2026-01-09T05:00:00Z", ""},
		"overnight, the evening after":      {night, "2026-01-10T23:00:00Z", ""},
		"a whole day, at its start":         {always, "2026-01-11T00:00:00Z", "2026-01-12T00:00:00Z"},
		"a whole day, at its end":           {always, "2026-01-12T00:00:00Z", ""},
		"a single one, before":              {sale, "2026-12-23T16:59:59Z", ""},
		"a single one, at its start":        {sale, "2026-12-23T17:00:00Z", "2026-12-24T00:00:00Z"},
		"a single one, at its end":          {sale, "2026-12-24T00:00:00Z", ""},
		"now may be said in any other zone": {sale, "2026-12-24T08:30:00+09:00", "2026-12-24T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			windows := []Window{c.window}
			w, until := Active(windows, 5, at(t, c.now))
			if c.until == "" {
				assert.Nil(t, w)
				assert.Zero(t, until)
				return
			}
			assert.Same(t, &windows[0], w)
			assert.Equal(t, c.until, until.Format(time.RFC3339))
		})
	}
}

// In Berlin clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 back to 02:00 on 2026-10-25, at 01:00 UTC both.
func TestInTheNightsInWhichClocksMoveTheWindowIsReadAsTheWiderOne(t *testing.T) {
	daily := func(from, to, where string) Window { return Window{From: from, To: to, TimeZone: where} }
	const berlin, apia = "Europe/Berlin", "Pacific/Apia"
	for name, c := range map[string]struct {
		window     Window
		start, end string // the first and the first no longer frozen moment; empty: not in that night
	}{
		"spring, over the gap":           {daily("01:30", "03:30", berlin), "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"},
		"spring, from inside the gap":    {daily("02:30", "04:00", berlin), "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		"spring, to inside the gap":      {daily("01:00", "02:30", berlin), "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		"spring, overnight":              {daily("22:00", "06:00", berlin), "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"},
		"autumn, over the hour":          {daily("01:30", "03:30", berlin), "2026-10-24T23:30:00Z", "2026-10-25T02:30:00Z"},
		"autumn, from the double hour":   {daily("02:30", "03:30", berlin), "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"},
		"autumn, to the double hour":     {daily("01:30", "02:30", berlin), "2026-10-24T23:30:00Z", "2026-10-25T01:30:00Z"},
		"autumn, inside the double hour": {daily("02:10", "02:20", berlin), "2026-10-25T00:10:00Z", "2026-10-25T01:20:00Z"},
		"autumn, overnight":              {daily("22:00", "06:00", berlin), "2026-10-24T20:00:00Z", "2026-10-25T05:00:00Z"},
		"the day after spring":           {daily("02:30", "04:00", berlin), "2026-03-30T00:30:00Z", "2026-03-30T02:00:00Z"},
		"half an hour, Lord Howe":        {daily("01:45", "02:15", "Australia/Lord_Howe"), "2026-04-04T14:45:00Z", "2026-04-04T15:45:00Z"},
		// Samoa went without 2011-12-30: the clocks moved from the end of the 29th to the begin of the 31st.
		"into a day that never was": {daily("23:00", "01:00", apia), "2011-12-30T09:00:00Z", "2011-12-30T11:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			windows := []Window{c.window}
			start, end := at(t, c.start), at(t, c.end)
			w, _ := Active(windows, 5, start.Add(-time.Second))
			assert.Nil(t, w, "before")
			for now := start; now.Before(end); now = now.Add(5 * time.Minute) {
				w, until := Active(windows, 5, now)
				require.NotNil(t, w, now)
				require.Equal(t, c.end, until.Format(time.RFC3339), now)
			}
			w, _ = Active(windows, 5, end)
			assert.Nil(t, w, "at the end")
		})
	}
	gone := []Window{daily("02:10", "02:50", berlin)}
	for now := at(t, "2026-03-28T23:00:00Z"); now.Before(at(t, "2026-03-29T06:00:00Z")); now = now.Add(5 * time.Minute) {
		w, _ := Active(gone, 5, now)
		assert.Nil(t, w, "a window whose hour is left out is none in that night")
	}
}

func TestAWindowIsOnlyForItsServers(t *testing.T) {
	windows := []Window{
		{From: "00:00", To: "24:00", Servers: []int64{7}},
		{From: "00:00", To: "12:00", Servers: []int64{5, 6}},
		{Servers: []int64{8}}, // cannot be read
	}
	noon := at(t, "2026-01-05T11:00:00Z")
	w, until := Active(windows, 5, noon)
	assert.Same(t, &windows[1], w)
	assert.Equal(t, noon.Add(time.Hour), until)
	w, _ = Active(windows, 9, noon)
	assert.Nil(t, w)
	w, until = Active(windows, 8, noon)
	assert.Same(t, &windows[2], w)
	assert.Zero(t, until)
	w, _ = Active(nil, 5, noon)
	assert.Nil(t, w)
}

func TestWindowsWithoutAGapBetweenThemEndAsOne(t *testing.T) {
	windows := []Window{
		{Days: []string{"tue"}, From: "06:00", To: "09:00"},
		{Days: []string{"mon"}, From: "20:00", To: "06:00", Reason: "night"},
		{Start: at(t, "2026-01-06T08:00:00Z"), End: at(t, "2026-01-08T12:00:00Z")},
		{Start: at(t, "2026-01-08T12:00:01Z"), End: at(t, "2026-01-09T00:00:00Z")}, // a second too late
		{From: "08:00", To: "10:00", Servers: []int64{6}},
		{Days: []string{"thu"}, From: "12:00", To: "13:00", Servers: []int64{6}}, // another server's
	}
	w, until := Active(windows, 5, at(t, "2026-01-05T21:00:00Z"))
	require.NotNil(t, w)
	assert.Equal(t, "night", w.Reason, "the one that holds now")
	assert.Equal(t, "2026-01-08T12:00:00Z", until.Format(time.RFC3339))
	w, _ = Active(windows, 5, until)
	assert.Nil(t, w)
	_, until = Active(windows, 6, at(t, "2026-01-05T21:00:00Z"))
	assert.Equal(t, "2026-01-09T00:00:00Z", until.Format(time.RFC3339))
}

func TestWindowsWithoutAnyEndAreNotFollowedForEver(t *testing.T) {
	always := []Window{{From: "00:00", To: "24:00", TimeZone: "Europe/Berlin"}}
	now := at(t, "2026-01-05T21:00:00Z")
	w, until := Active(always, 5, now)
	assert.NotNil(t, w)
	assert.GreaterOrEqual(t, until.Sub(now), horizon)
	assert.LessOrEqual(t, until.Sub(now), horizon+24*time.Hour)

	_, until = Active(quarters(t), 5, now)
	assert.GreaterOrEqual(t, until.Sub(now), horizon)
}
