package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// exampleRotation is the least that starts a SnapshotRotation.
const exampleRotation = `{"servers": [12345], "policy": {"keep_last": 3}}`

// decodeSnapshotRotation reads and validates the input of SnapshotRotation.
func decodeSnapshotRotation(raw converter.RawValue) (SnapshotRotationInput, error) {
	return decodeInput(raw, defaultSnapshotRotationInput(), validateSnapshotRotation, exampleRotation)
}

// defaultSnapshotRotationInput holds every documented default but snapshot.name_prefix, which follows the policy's name.
func defaultSnapshotRotationInput() SnapshotRotationInput {
	return SnapshotRotationInput{
		Create:         true,
		Snapshot:       SnapshotInput{ReadyTimeout: Duration(30 * time.Minute)},
		Policy:         PolicyInput{Name: contract.PolicyRotation},
		MaxConcurrency: Amount{Number: 10},
		// A busy server is somebody's now, and a schedule comes back: waiting would hold up the others.
		Lock: LockInput{OnBusy: BusySkip, Timeout: Duration(30 * time.Minute)},
	}
}

// validateSnapshotRotation returns what is wrong with a decoded input beside the problems that decoding found, and fills
// the one default that depends on another field.
func validateSnapshotRotation(in *SnapshotRotationInput, decoded []strictjson.Problem) []strictjson.Problem {
	v := &inputValidator{decoded: decoded}
	v.targets(in.Servers, in.Selector, in.All)
	v.line("reason", in.Reason, maxReason)
	if in.Snapshot.NamePrefix == "" {
		in.Snapshot.NamePrefix = in.Policy.Name
		if !validNamePrefix(in.Policy.Name) { // that is one problem, not two
			in.Snapshot.NamePrefix = contract.PolicyRotation
		}
	}
	v.snapshot(in.Snapshot)
	if in.Snapshot.StopServer && !in.Create {
		v.add("snapshot.stop_server", "is true, but create is false: without a snapshot there is nothing to stop the server for")
	}
	v.policy(in.Policy)
	if in.MaxConcurrency.Percent == 0 {
		v.count("max_concurrency", in.MaxConcurrency.Number, maxInFlight)
	}
	v.oneOf("lock.on_busy", string(in.Lock.OnBusy), string(BusyWait), string(BusyFail), string(BusySkip))
	v.duration("lock.timeout", in.Lock.Timeout, minTimeout, maxLockTimeout)
	v.notify(in.Notify)
	v.freezeWindows(in.NotDuring)
	return v.problems
}

// oneServer says whether the input names exactly one server, which the run rotates itself.
func (in SnapshotRotationInput) oneServer() bool {
	return len(in.Servers) == 1 && in.Selector == nil && !in.All
}
