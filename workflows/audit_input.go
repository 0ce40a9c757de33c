package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/strictjson"
)

// exampleAudit is the least that starts a SnapshotAudit.
const exampleAudit = `{"all": true, "max_age": "26h"}`

// Bounds of an audit's ages.
const (
	minAuditAge   = time.Minute
	maxMaxAge     = 365 * day
	maxStuckAfter = 7 * day
)

// decodeSnapshotAudit reads and validates the input of SnapshotAudit.
func decodeSnapshotAudit(raw converter.RawValue) (SnapshotAuditInput, error) {
	return decodeInput(raw, SnapshotAuditInput{StuckAfter: Duration(time.Hour)}, validateSnapshotAudit, exampleAudit)
}

// validateSnapshotAudit returns what is wrong with a decoded input beside the problems that decoding found.
func validateSnapshotAudit(in *SnapshotAuditInput, decoded []strictjson.Problem) []strictjson.Problem {
	v := &inputValidator{decoded: decoded}
	v.targets(in.Servers, in.Selector, in.All)
	if in.MaxAge == 0 {
		v.add("max_age", "is required: how old a server's newest completed snapshot may be, from %s to %s, such as \"26h\" for a daily rotation",
			Duration(minAuditAge), Duration(maxMaxAge))
	} else {
		v.duration("max_age", in.MaxAge, minAuditAge, maxMaxAge)
	}
	v.duration("stuck_after", in.StuckAfter, minAuditAge, maxStuckAfter)
	return v.problems
}
