package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// exampleRollback is the least that starts the runbook; messages show it to whoever gave no input or no JSON object.
const exampleRollback = `{"server_id": 12345, "snapshot": "latest", "verify": {"checks": [{"kind": "http", "url": "https://web01.example.com/healthz"}]}}`

// maxAfterRun is how long a workflow id can be (Temporal's own limit), in characters.
const maxAfterRun = 1000

// decodeRollbackByRestore reads and validates the input of RollbackByRestore.
func decodeRollbackByRestore(raw converter.RawValue) (RollbackByRestoreInput, error) {
	return decodeInput(raw, defaultRollbackByRestoreInput(), validateRollbackByRestore, exampleRollback)
}

// defaultRollbackByRestoreInput holds every documented default. What has none is zero here and refused later.
func defaultRollbackByRestoreInput() RollbackByRestoreInput {
	shared := defaultSnapshotUpdateVerifyInput()
	shared.Verify.Baseline = false // the server is expected to be bad
	return RollbackByRestoreInput{
		Approval: ApprovalInput{Timeout: Duration(24 * time.Hour)},
		Safety:   SafetyInput{ReadyTimeout: shared.Snapshot.ReadyTimeout},
		Verify:   shared.Verify,
		Rollback: RestoreLimits{RestoreTimeout: shared.Rollback.RestoreTimeout, HoldTimeout: shared.Rollback.HoldTimeout},
		Lock:     shared.Lock,
	}
}

// validateRollbackByRestore returns what is wrong with a decoded input beside the problems that decoding found, and
// fills the defaults that depend on other fields. It always looks at the whole input.
func validateRollbackByRestore(in *RollbackByRestoreInput, decoded []strictjson.Problem) []strictjson.Problem {
	v := &inputValidator{decoded: decoded}
	v.serverID(in.ServerID)
	if in.Snapshot == (SnapshotChoice{}) {
		v.add("snapshot", `is required: a snapshot's id, its name, %q or %q`, LatestSnapshot, LatestAnySnapshot)
	}
	v.line("reason", in.Reason, maxReason)
	v.duration("approval.timeout", in.Approval.Timeout, minTimeout, maxHoldTimeout)
	if in.Safety.Required && !in.Safety.Snapshot {
		v.add("safety.required", "is true, but safety.snapshot is not: set safety.snapshot to true as well, or leave both out")
	}
	v.duration("safety.ready_timeout", in.Safety.ReadyTimeout, minTimeout, day)
	if in.Verify.Baseline {
		v.add("verify.baseline", "must not be true: the checks are only made after the restore, leave it out")
	}
	v.verify(&in.Verify)
	v.duration("rollback.restore_timeout", in.Rollback.RestoreTimeout, minTimeout, day)
	v.duration("rollback.hold_timeout", in.Rollback.HoldTimeout, minTimeout, maxHoldTimeout)
	v.oneOf("lock.on_busy", string(in.Lock.OnBusy), string(BusyWait), string(BusyFail), string(BusySkip))
	v.duration("lock.timeout", in.Lock.Timeout, minTimeout, maxLockTimeout)
	v.notify(in.Notify)
	v.line("after_run", in.AfterRun, maxAfterRun)
	return v.problems
}

// serverID checks the number of the one server that a runbook is about.
func (v *inputValidator) serverID(id int64) {
	switch {
	case id == 0:
		v.add("server_id", "is required: the server's number at VPS.org, from 1 to %d", int64(maxServerID))
	case id < 1 || id > maxServerID:
		v.add("server_id", "must be from 1 to %d, got %d", int64(maxServerID), id)
	}
}
