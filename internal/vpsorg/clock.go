package vpsorg

import (
	"net/http"
	"time"
)

// reading is the API's clock as one answer showed it, and when that answer came by our own monotonic clock.
type reading struct {
	api  time.Time
	seen time.Time
}

// Now is the API's own clock: the Date of the last answer that had a usable one, plus the monotonic time since. It is
// not known before such an answer has come. Ages of what the API made are judged by it, because the clock of this
// machine may be wrong and is never compared with the API's.
//
// It is slow rather than fast: by up to a second, because Date has whole seconds, by the answer's way, and by any time in
// which this machine slept since. A snapshot then seems a little younger than it is, which never removes one too early.
func (c *Client) Now() (now time.Time, known bool) {
	r := c.clock.Load()
	if r == nil {
		return time.Time{}, false
	}
	return r.api.Add(time.Since(r.seen)), true
}

// setClock learns the API's clock from an answer of its own origin that came just now. Answers of any status count: they
// bear the same Date. One without a usable Date says nothing and leaves the last reading as it is.
func (c *Client) setClock(h http.Header) {
	seen := time.Now()
	dates, age := h.Values("Date"), h.Get("Age")
	if len(dates) != 1 || (age != "" && age != "0") {
		return // two dates are none, and an answer with an age is a cache's: its Date is of the past
	}
	api, err := http.ParseTime(dates[0])
	if err != nil || api.Year() < 2000 || api.Year() >= 9999 {
		return // no clock shows such years, and past 9999 a time no longer travels as JSON
	}
	c.clock.Store(&reading{api: api.UTC(), seen: seen})
}
