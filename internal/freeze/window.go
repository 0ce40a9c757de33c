package freeze

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Bounds of a list of windows.
const (
	MaxWindows = 100
	MaxServers = 1000

	maxReason   = 200 // characters
	maxServerID = 999_999_999_999
)

// Window is one time in which servers must not be changed: one that comes again (days, from, to) or a single one
// (start, end).
type Window struct {
	// Days are those on which the window starts: mon to sun, or their whole names. Empty means every day.
	Days []string `json:"days,omitempty"`
	// From and To are wall clock times, "18:00". To may be "24:00"; earlier than From it is on the next day. To itself is no
	// longer in the window.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// TimeZone is where that clock hangs, "Europe/Berlin"; empty means UTC.
	TimeZone string `json:"time_zone,omitempty"`
	// Start and End are moments, "2026-12-23T18:00:00+01:00", in place of days, from and to. End is no longer in the window.
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
	// Servers are the ids that the window is about; empty means every server.
	Servers []int64 `json:"servers,omitempty"`
	// Reason is shown to whoever has to wait.
	Reason string `json:"reason,omitempty"`
}

// applies says whether the window is about a server.
func (w Window) applies(serverID int64) bool {
	return len(w.Servers) == 0 || slices.Contains(w.Servers, serverID)
}

// single says whether the window is one of start and end.
func (w Window) single() bool { return !w.Start.IsZero() || !w.End.IsZero() }

// Validate returns what is wrong with the windows, by paths that begin with the index, such as "[0].from".
func Validate(windows []Window) []strictjson.Problem {
	var v validator
	if len(windows) > MaxWindows {
		v.add("", "must have at most %d windows, has %d", MaxWindows, len(windows))
		return v.problems
	}
	for i, w := range windows {
		v.under = "[" + strconv.Itoa(i) + "]"
		v.window(w)
	}
	return v.problems
}

type validator struct {
	under    string
	problems []strictjson.Problem
}

func (v *validator) add(path, format string, args ...any) {
	if len(v.problems) < strictjson.MaxProblems {
		v.problems = append(v.problems, strictjson.Problem{Path: v.under + path, Message: fmt.Sprintf(format, args...)})
	}
}

func (v *validator) window(w Window) {
	recurring := len(w.Days) > 0 || w.From != "" || w.To != ""
	switch {
	case w.single() && (recurring || w.TimeZone != ""):
		v.add("", "has both start or end and days, from, to or time_zone: give one kind, or make it two windows")
	case w.single():
		v.moments(w)
	case recurring:
		v.clock(w)
	default:
		v.add("", "says no time: give from and to, such as \"18:00\" and \"06:00\", or start and end, such as \"2026-12-23T18:00:00Z\"")
	}
	v.servers(w.Servers)
	if n := len([]rune(w.Reason)); n > maxReason {
		v.add(".reason", "must have at most %d characters, has %d", maxReason, n)
	}
	for _, r := range w.Reason {
		if !unicode.IsPrint(r) {
			v.add(".reason", "must be one line of printable text, but contains %U", r)
			break
		}
	}
}

func (v *validator) moments(w Window) {
	switch {
	case w.Start.IsZero():
		v.add(".start", "is required with end: the moment at which the window starts, such as \"2026-12-23T18:00:00Z\"")
	case w.End.IsZero():
		v.add(".end", "is required with start: the moment at which the window ends, such as \"2026-12-27T06:00:00Z\"")
	case !w.End.After(w.Start):
		v.add(".end", "must be after start")
	}
}

func (v *validator) clock(w Window) {
	for i, day := range w.Days {
		if _, ok := weekday(day); !ok {
			v.add(fmt.Sprintf(".days[%d]", i), "must be one of mon, tue, wed, thu, fri, sat, sun, got %s", strictjson.Quote(day))
		}
	}
	from, okFrom := minutes(w.From)
	if !okFrom || from == dayMinutes {
		v.add(".from", "must be a time from \"00:00\" to \"23:59\", got %s", strictjson.Quote(w.From))
	}
	to, okTo := minutes(w.To)
	if !okTo {
		v.add(".to", "must be a time from \"00:00\" to \"24:00\", got %s", strictjson.Quote(w.To))
	}
	if okFrom && okTo && from == to {
		v.add(".to", "must differ from from: for a whole day write \"00:00\" and \"24:00\"")
	}
	if _, err := zone(w.TimeZone); err != nil {
		v.add(".time_zone", "must be a name of the IANA database that this worker has, such as \"Europe/Berlin\" or \"UTC\", got %s", strictjson.Quote(w.TimeZone))
	}
}

func (v *validator) servers(ids []int64) {
	if len(ids) > MaxServers {
		v.add(".servers", "must have at most %d servers, has %d", MaxServers, len(ids))
		return
	}
	for i, id := range ids {
		if id < 1 || id > maxServerID {
			v.add(fmt.Sprintf(".servers[%d]", i), "must be a server's number at VPS.org, from 1 to %d, got %d", int64(maxServerID), id)
		}
	}
}

// weekday reads a day's name or its first three letters.
func weekday(text string) (time.Weekday, bool) {
	text = strings.ToLower(text)
	for day := time.Sunday; day <= time.Saturday; day++ {
		if name := strings.ToLower(day.String()); text == name || text == name[:3] {
			return day, true
		}
	}
	return 0, false
}

const dayMinutes = 24 * 60

// minutes reads "HH:MM" into minutes after midnight, up to 24:00.
func minutes(text string) (int, bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	hour, minute := int(text[0]-'0')*10+int(text[1]-'0'), int(text[3]-'0')*10+int(text[4]-'0')
	total := hour*60 + minute
	return total, minute < 60 && total <= dayMinutes
}

// zone loads a time zone. "Local" is refused: it is another one on another machine.
func zone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("time zone %q differs between machines", name)
	}
	return time.LoadLocation(name)
}
