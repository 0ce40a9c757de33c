package vpsorg

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// apiDate is far from the clock of any machine that runs this.
var apiDate = time.Date(2031, 5, 6, 7, 8, 9, 0, time.UTC)

// dated answers with the Date headers given, and nothing else of its own.
func dated(status int, dates ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = dates // nil keeps net/http from adding one
		w.WriteHeader(status)
	}
}

func isAbout(t *testing.T, want time.Time, c *Client) {
	t.Helper()
	now, known := c.Now()
	require.True(t, known)
	assert.WithinDuration(t, want, now, time.Minute)
	assert.False(t, now.Before(want), "it goes on from the Date")
	assert.Equal(t, time.UTC, now.Location())
}

func TestTheClockIsTheAPIsAndNotKnownBeforeAnAnswer(t *testing.T) {
	s := newScript(t, step{want: "DELETE /snapshots/1/", answer: dated(204, apiDate.Format(http.TimeFormat))})
	c := s.client()
	now, known := c.Now()
	assert.False(t, known)
	assert.Zero(t, now)
	require.NoError(t, c.DeleteSnapshot(t.Context(), 1))
	isAbout(t, apiDate, c)
	first, _ := c.Now()
	require.Eventually(t, func() bool { later, _ := c.Now(); return later.After(first) }, time.Minute, time.Millisecond, "it goes on")
}

func TestAnAnswerOfAnyStatusTellsTheTime(t *testing.T) {
	for _, status := range []int{200, 301, 400, 401, 404, 429, 500, 503} {
		s := newScript(t, step{want: "DELETE /snapshots/1/", answer: dated(status, apiDate.Format(time.RFC850))})
		c := s.client()
		_ = c.DeleteSnapshot(t.Context(), 1)
		isAbout(t, apiDate, c)
	}
}

func TestADateThatCannotBeUsedLeavesTheClockAsItIs(t *testing.T) {
	good := apiDate.Format(http.TimeFormat)
	for name, dates := range map[string][]string{
		"missing":             nil,
		"empty":               {""},
		"not a date":          {"soon"},
		"RFC 3339":            {apiDate.Format(time.RFC3339)},
		"in another zone":     {"Tue, 06 May 2031 07:08:09 +0900"},
		"two":                 {good, good},
		"before any server":   {"Mon, 01 Jan 0001 00:00:00 GMT"},
		"the epoch":           {"Thu, 01 Jan 1970 00:00:00 GMT"},
		"the last of seconds": {"Fri, 31 Dec 9999 23:59:59 GMT"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t,
				step{want: "DELETE /snapshots/1/", answer: dated(204, dates...)},
				step{want: "DELETE /snapshots/2/", answer: dated(204, good)},
				step{want: "DELETE /snapshots/3/", answer: dated(204, dates...)})
			c := s.client()
			require.NoError(t, c.DeleteSnapshot(t.Context(), 1))
			_, known := c.Now()
			assert.False(t, known)
			require.NoError(t, c.DeleteSnapshot(t.Context(), 2))
			require.NoError(t, c.DeleteSnapshot(t.Context(), 3))
			isAbout(t, apiDate, c)
		})
	}
}

func TestTheDateOfACachedAnswerIsNotTheTime(t *testing.T) {
	for age, known := range map[string]bool{"0": true, "3600": false, "odd": false} {
		s := newScript(t, step{want: "DELETE /snapshots/1/", answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Age", age)
			dated(204, apiDate.Format(http.TimeFormat))(w, r)
		}})
		c := s.client()
		require.NoError(t, c.DeleteSnapshot(t.Context(), 1))
		_, got := c.Now()
		assert.Equal(t, known, got, age)
	}
}

func TestTheClockFollowsAnAPIThatIsFastSlowOrSetBack(t *testing.T) {
	fake := vpsfake.New(vpsfake.Options{Speed: 60, ClockOffset: -48 * time.Hour})
	defer fake.Close()
	s := httptest.NewServer(fake)
	defer s.Close()
	c := newTestClient(t, Options{BaseURL: s.URL + "/api/v1"}) // the token is wrong: a 401 tells the time as well
	for _, off := range []time.Duration{0, 72 * time.Hour, -96 * time.Hour} {
		if off != 0 {
			id := fake.SetFault(vpsfake.Fault{Kind: vpsfake.ClockOff, Duration: off})
			defer fake.RemoveFault(id)
		}
		_, err := c.Me(t.Context())
		require.Error(t, err)
		now, known := c.Now()
		require.True(t, known)
		assert.WithinDuration(t, fake.State().Now, now, 5*time.Minute, "the API's clock, which runs 60 times as fast here")
		assert.Greater(t, time.Since(now).Abs(), 12*time.Hour, "not this machine's")
	}
}

func TestAReadingOfTheClockIsSharedByAllCalls(t *testing.T) {
	s := newScript(t, step{want: "DELETE /snapshots/1/", answer: dated(204, apiDate.Format(http.TimeFormat))})
	c := s.client()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 1000 {
			c.Now()
		}
	}()
	require.NoError(t, c.DeleteSnapshot(t.Context(), 1))
	<-done
	isAbout(t, apiDate, c)
}
