package workflows

import (
	"fmt"
	"time"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// lossSentence says what a restore of the snapshot overwrites. now is the API's own clock, the one that dated the
// snapshot: no other may be compared with it. Without it, or when it runs behind the snapshot, only the time is said.
func lossSentence(snapshot contract.Snapshot, now time.Time) string {
	if snapshot.CreatedAt.IsZero() {
		return "the disk goes back to when the snapshot was taken (the API does not say when), every write since is lost"
	}
	sentence := "the disk goes back to " + shownTime(snapshot.CreatedAt)
	switch {
	case now.IsZero():
		return sentence + ", every write since is lost"
	case snapshot.CreatedAt.After(now.Add(retention.Skew)):
		return sentence + ", which lies in the future (the API's clock says " + shownTime(now) + "): nobody knows how many writes are lost"
	case now.Before(snapshot.CreatedAt):
		return sentence + ", every write since is lost"
	}
	return sentence + ", " + shownAge(now.Sub(snapshot.CreatedAt)) + " of writes since are lost"
}

// shownAge is a length of time for people, in its two largest units.
func shownAge(age time.Duration) string {
	minutes := int(age / time.Minute)
	hours := minutes / 60
	days := hours / 24
	switch {
	case minutes == 0:
		return "less than a minute"
	case hours == 0:
		return count(minutes, "minute")
	case days == 0:
		return two(hours, "hour", minutes%60, "minute")
	default:
		return two(days, "day", hours%24, "hour")
	}
}

// two writes two units, the second only when there is any of it.
func two(most int, unit string, rest int, smaller string) string {
	if rest == 0 {
		return count(most, unit)
	}
	return fmt.Sprintf("%s and %s", count(most, unit), count(rest, smaller))
}
