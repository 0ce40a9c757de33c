package freeze

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"
	"unicode"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Moments that are tried: time zones of other centuries moved in ways of their own.
var (
	firstMoment = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	lastMoment  = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// FuzzWindows reads windows from JSON as a runbook does. A list with a window that cannot be read closes the servers of
// that window; any other one says the same as a clock on the wall does, and names an end at which it is over.
func FuzzWindows(f *testing.F) {
	for _, seed := range []string{
		`[{"days":["fri","Saturday"],"from":"18:00","to":"06:00","time_zone":"Europe/Berlin","reason":"weekend"}]`,
		`[{"from":"02:15","to":"02:45","time_zone":"America/New_York"},{"from":"02:45","to":"02:15","time_zone":"America/New_York"}]`,
		`[{"from":"00:00","to":"24:00"}]`, `[{"from":"22:00","to":"02:00","time_zone":"Pacific/Apia","days":["fri"]}]`, `[{"from":"23:59","to":"00:00","time_zone":"Australia/Lord_Howe"}]`,
		`[{"start":"2026-12-23T18:00:00+01:00","end":"2026-12-27T06:00:00Z","servers":[5]}]`, `[{"start":"9999-12-31T23:59:59-23:59","end":"9999-12-31T23:59:59-23:59"}]`,
		`[{"from":"1:00","to":"25:00","time_zone":"Local"}]`, `[{"from":"01:00","to":"02:00","time_zone":"../../etc/passwd"}]`, `[{}]`, `[]`, `[{"reason":"\u001b[2J","from":"01:00","to":"02:00"}]`,
	} {
		f.Add([]byte(seed), int64(5), int64(1_793_000_000))
	}
	f.Add([]byte(`[{"from":"02:00","to":"02:30","time_zone":"Europe/Berlin"}]`), int64(1), time.Date(2026, 10, 25, 0, 45, 0, 0, time.UTC).Unix())
	f.Fuzz(func(t *testing.T, data []byte, server, moment int64) {
		var in struct {
			Windows []Window `json:"windows"`
		}
		if len(strictjson.Decode(append(append([]byte(`{"windows":`), data...), '}'), &in)) > 0 || len(in.Windows) > 20 {
			return
		}
		now := time.Unix(firstMoment+int64(uint64(moment)%uint64(lastMoment-firstMoment)), 0)
		problems := Validate(in.Windows)
		for _, p := range problems {
			if p.Path == "" || p.Message == "" || !printable(p.Path+p.Message) {
				t.Fatalf("problem %+q", p)
			}
		}
		window, until := Active(in.Windows, server, now)
		if len(problems) > 0 {
			checkClosed(t, in.Windows, server, window, until)
			return
		}
		checkOpen(t, in.Windows, server, now, window, until)
		if _, err := json.Marshal(in); err != nil {
			t.Fatalf("taken, and it does not travel: %v", err)
		}
	})
}

// zones are places whose clocks do what few do: half hours, a skipped day, a shift by thirty minutes or at midnight.
var zones = []string{"", "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati",
	"Asia/Kathmandu", "America/Sao_Paulo", "Africa/Cairo", "Africa/Casablanca", "Antarctica/Troll", "Asia/Gaza", "America/Caracas", "Asia/Pyongyang"}

// FuzzClocks tries two good windows that come again, in odd places.
func FuzzClocks(f *testing.F) {
	f.Add(uint16(18*60), uint16(6*60), uint8(0b0110_0000), uint8(2), uint16(0), uint16(1440), uint8(1), uint8(6), int64(1_793_000_000))
	f.Add(uint16(2*60), uint16(3*60), uint8(0), uint8(3), uint16(3*60), uint16(2*60), uint8(0), uint8(3), time.Date(2026, 3, 8, 6, 59, 0, 0, time.UTC).Unix())
	f.Add(uint16(23*60), uint16(30), uint8(1), uint8(9), uint16(30), uint16(60), uint8(3), uint8(15), time.Date(2018, 11, 4, 2, 30, 0, 0, time.UTC).Unix())
	f.Fuzz(func(t *testing.T, from1, to1 uint16, days1, zone1 uint8, from2, to2 uint16, days2, zone2 uint8, moment int64) {
		windows := []Window{daily(from1, to1, days1, zone1), daily(from2, to2, days2, zone2)}
		if problems := Validate(windows); len(problems) > 0 {
			t.Fatalf("%+v: %v", windows, problems)
		}
		now := time.Unix(firstMoment+int64(uint64(moment)%uint64(lastMoment-firstMoment)), 0)
		window, until := Active(windows, 5, now)
		checkOpen(t, windows, 5, now, window, until)
	})
}

// daily makes a good window of any numbers.
func daily(from, to uint16, days, place uint8) Window {
	from, to = from%dayMinutes, to%(dayMinutes+1)
	if from == to {
		to++
	}
	w := Window{From: clockText(from), To: clockText(to), TimeZone: zones[int(place)%len(zones)]}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if days&(1<<day) != 0 {
			w.Days = append(w.Days, day.String())
		}
	}
	return w
}

func clockText(minutes uint16) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func printable(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// checkClosed: one of the windows cannot be read, and its servers must not be changed.
func checkClosed(t *testing.T, windows []Window, server int64, window *Window, until time.Time) {
	t.Helper()
	for _, w := range windows {
		if len(Validate([]Window{w})) > 0 && w.applies(server) && (window == nil || !until.IsZero()) {
			t.Fatalf("%+v cannot be read, and server %d is open: %v until %s", w, server, window, until)
		}
	}
}

// checkOpen holds Active against the clock on the wall, at the moment and around the end that it names.
func checkOpen(t *testing.T, windows []Window, server int64, now time.Time, window *Window, until time.Time) {
	t.Helper()
	wall := false
	for _, w := range windows {
		wall = wall || (w.applies(server) && onTheWall(w, now))
	}
	if window == nil {
		if wall || !until.IsZero() {
			t.Fatalf("%+v at %s: not active, until %s", windows, now.UTC(), until)
		}
		return
	}
	if !until.After(now) || !window.applies(server) {
		t.Fatalf("%+v at %s: active until %s by %+v", windows, now.UTC(), until, window)
	}
	for _, at := range []time.Time{now.Add(until.Sub(now) / 2), until.Add(-time.Nanosecond)} {
		if w, _ := Active(windows, server, at); w == nil {
			t.Fatalf("%+v at %s: active until %s, but not at %s", windows, now.UTC(), until, at.UTC())
		}
	}
	if w, _ := Active(windows, server, until); w != nil && until.Sub(now) < horizon {
		t.Fatalf("%+v at %s: active until %s, and then still", windows, now.UTC(), until)
	}
}

// onTheWall says whether a clock that hangs where the window is shows a time of it.
func onTheWall(w Window, now time.Time) bool {
	if w.single() {
		return !now.Before(w.Start) && now.Before(w.End)
	}
	where, err := zone(w.TimeZone)
	if err != nil {
		return true
	}
	local := now.In(where)
	minute := local.Hour()*60 + local.Minute()
	from, _ := minutes(w.From)
	to, _ := minutes(w.To)
	on := func(date time.Time) bool {
		if len(w.Days) == 0 {
			return true
		}
		for _, text := range w.Days {
			if day, ok := weekday(text); ok && day == date.Weekday() {
				return true
			}
		}
		return false
	}
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	if from < to {
		return from <= minute && minute < to && on(today)
	}
	return (minute >= from && on(today)) || (minute < to && on(today.AddDate(0, 0, -1)))
}
