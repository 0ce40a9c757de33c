package workflows

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/freeze"
)

// FreezeWindow is a time in which a server must not be changed.
type FreezeWindow = freeze.Window

// NotifyEvent is what a notification is about.
type NotifyEvent = contract.NotifyEvent

// NotifyTarget is a URL that gets a POST with JSON whose "text" chat tools show. It never blocks or fails a run.
type NotifyTarget struct {
	URL string `json:"url"`
	// On are the events to send; default all.
	On []NotifyEvent `json:"on,omitempty"`
}

// BackupInput is a manual backup beside the snapshot: slower, in separate storage, and without an expiry.
type BackupInput struct {
	// Create asks for one after the snapshot is completed; default false.
	Create bool `json:"create,omitempty"`
	// Wait makes the change wait until the backup is completed; default false.
	Wait bool `json:"wait,omitempty"`
	// Required ends the run before the change when no backup could be made; else that is a note; default false.
	Required bool `json:"required,omitempty"`
	// Timeout is how long a waited-for backup may take, from 1s to 24h; default 2h.
	Timeout Duration `json:"timeout,omitempty"`
}

// Amount is a number of targets, or a percentage of all of them such as "25%".
type Amount struct {
	Number  int
	Percent int // 1 to 100; zero means that Number counts
}

// Of is the amount of a whole, percentages rounded down.
func (a Amount) Of(total int) int {
	if a.Percent > 0 {
		return total * a.Percent / 100
	}
	return a.Number
}

// String writes the amount as it is read.
func (a Amount) String() string {
	if a.Percent > 0 {
		return strconv.Itoa(a.Percent) + "%"
	}
	return strconv.Itoa(a.Number)
}

// MarshalJSON writes a number, or a percentage as a string.
func (a Amount) MarshalJSON() ([]byte, error) {
	if a.Percent > 0 {
		return json.Marshal(a.String())
	}
	return json.Marshal(a.Number)
}

// UnmarshalJSON reads 5, "5" or "25%".
func (a *Amount) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || (percent && (n < 1 || n > 100)) {
		return fmt.Errorf(`must be a whole number such as 5, or a percentage from "1%%" to "100%%"`)
	}
	*a = Amount{Number: n}
	if percent {
		*a = Amount{Percent: n}
	}
	return nil
}

// Words that SnapshotChoice gives a meaning of their own.
const (
	LatestSnapshot    = "latest"
	LatestAnySnapshot = "latest_any"
)

// SnapshotChoice names a snapshot to restore: exactly one of its fields is set.
type SnapshotChoice struct {
	ID   int64
	Name string
	// Latest is LatestSnapshot or LatestAnySnapshot.
	Latest string
}

// MarshalJSON writes the choice as it is read.
func (c SnapshotChoice) MarshalJSON() ([]byte, error) {
	switch {
	case c.ID != 0:
		return json.Marshal(c.ID)
	case c.Latest != "":
		return json.Marshal(c.Latest)
	default:
		return json.Marshal(c.Name)
	}
}

// UnmarshalJSON reads 801, "801", "latest", "latest_any" or a name. Digits are always an id.
func (c *SnapshotChoice) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	quoted := len(text) < len(b) // only a number may stand without quotes
	*c = SnapshotChoice{}
	switch id, err := strconv.ParseInt(text, 10, 64); {
	case err == nil && id > 0:
		c.ID = id
	case quoted && (text == LatestSnapshot || text == LatestAnySnapshot):
		c.Latest = text
	case quoted && validSnapshotName(text) && strings.Trim(text, "0123456789") != "":
		c.Name = text
	default:
		return fmt.Errorf(`must be a snapshot's id, its name, "latest" or "latest_any"`)
	}
	return nil
}

// validSnapshotName accepts what the API accepts: letters, digits, "-" and "_".
func validSnapshotName(text string) bool {
	if text == "" || len(text) > 255 {
		return false
	}
	for i := range len(text) {
		if c := text[i]; !isASCIIAlnum(c) && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
