package workflows

import (
	"fmt"
	"strings"
	"time"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// Bounds of the input, as the comments of its fields state them.
const (
	maxServerID   = 999_999_999_999
	maxReason     = 500 // characters
	maxNamePrefix = 24  // characters; the whole name has 64
	// maxSilences bounds the heartbeats of an external change. A runner beats about four times in heartbeat_timeout, and
	// Temporal takes at most 10,000 signals and 51,200 events of one run.
	maxSilences = 1000

	maxDescription    = 150 // characters: with Safepoint's marker (about 80) it stays under 255
	maxURL            = 2048
	maxRounds         = 1000
	maxKeepLast       = 5 // the API's own limit of snapshots a server
	day               = 24 * time.Hour
	maxHoldTimeout    = 30 * day
	maxLockTimeout    = 7 * day
	minVerifyInterval = 100 * time.Millisecond
	maxVerifyInterval = time.Hour
	minTimeout        = time.Second
)

// inputValidator collects problems. Paths that could not be read already have theirs and get no second one.
type inputValidator struct {
	decoded  []strictjson.Problem
	problems []strictjson.Problem
}

// validateSnapshotUpdateVerify returns what is wrong with a decoded input beside the problems that decoding found, and
// fills the defaults that depend on other fields. It always looks at the whole input.
func validateSnapshotUpdateVerify(in *SnapshotUpdateVerifyInput, decoded []strictjson.Problem) []strictjson.Problem {
	v := &inputValidator{decoded: decoded}
	switch {
	case in.ServerID == 0:
		v.add("server_id", "is required: the server's number at VPS.org, from 1 to %d", int64(maxServerID))
	case in.ServerID < 1 || in.ServerID > maxServerID:
		v.add("server_id", "must be from 1 to %d, got %d", int64(maxServerID), in.ServerID)
	}
	v.line("reason", in.Reason, maxReason)
	v.snapshot(in.Snapshot)
	v.update(in.Update)
	v.verify(&in.Verify)
	v.oneOf("rollback.on_failure", string(in.Rollback.OnFailure),
		string(FailureRestore), string(FailureHold), string(FailureNone))
	v.duration("rollback.restore_timeout", in.Rollback.RestoreTimeout, minTimeout, day)
	v.duration("rollback.hold_timeout", in.Rollback.HoldTimeout, minTimeout, maxHoldTimeout)
	v.count("retention.keep_last", in.Retention.KeepLast, maxKeepLast)
	v.oneOf("lock.on_busy", string(in.Lock.OnBusy), string(BusyWait), string(BusyFail), string(BusySkip))
	v.duration("lock.timeout", in.Lock.Timeout, minTimeout, maxLockTimeout)
	v.duration("backup.timeout", in.Backup.Timeout, minTimeout, day)
	if !in.Backup.Create && (in.Backup.Wait || in.Backup.Required) {
		v.add("backup.create", "must be true when backup.wait or backup.required is")
	}
	v.notify(in.Notify)
	v.freezeWindows(in.NotDuring)
	return v.problems
}

func (v *inputValidator) snapshot(in SnapshotInput) {
	if !validNamePrefix(in.NamePrefix) {
		v.add("snapshot.name_prefix",
			"must be 1 to %d letters, digits, \"-\" or \"_\" and start with a letter or a digit, got %s",
			maxNamePrefix, strictjson.Quote(in.NamePrefix))
	}
	v.line("snapshot.description", in.Description, maxDescription)
	for _, word := range strings.Fields(in.Description) {
		for _, marker := range []string{"managed-by=", "run=", "policy=", "purpose="} {
			if strings.HasPrefix(word, marker) {
				v.add("snapshot.description",
					"must not contain the word %s: words that start with %s are Safepoint's own marker",
					strictjson.Quote(word), marker)
				return
			}
		}
	}
	v.duration("snapshot.ready_timeout", in.ReadyTimeout, minTimeout, day)
}

func (v *inputValidator) add(path, format string, args ...any) {
	for _, p := range v.decoded {
		if covers(p.Path, path) {
			return
		}
	}
	v.problems = append(v.problems, strictjson.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

// covers says whether a problem at one path makes any other at the second path an echo of it.
func covers(problem, path string) bool {
	return problem == "" || problem == path || strings.HasPrefix(path, problem+".")
}

func (v *inputValidator) oneOf(path, got string, allowed ...string) {
	for _, word := range allowed {
		if got == word {
			return
		}
	}
	v.add(path, "must be one of %s, got %s", strings.Join(allowed, ", "), strictjson.Quote(got))
}

func (v *inputValidator) duration(path string, got Duration, lowest, highest time.Duration) {
	if got.Std() < lowest || got.Std() > highest {
		v.add(path, "must be from %s to %s, got %s", Duration(lowest), Duration(highest), got)
	}
}

func (v *inputValidator) count(path string, got, highest int) {
	if got < 1 || got > highest {
		v.add(path, "must be from 1 to %d, got %d", highest, got)
	}
}
