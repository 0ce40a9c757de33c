package e2e

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// A reset may leave the heartbeats out, and the timer of the runner's silence is as old as its grant.
func TestAResetThatForgetsTheHeartbeatsRestoresNothingUnderTheRunner(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.granted(silentAfter(withBeats))
	granted := time.Now()
	require.False(t, r.begin(r.id(), "runner-b").Granted) // a task after the grant and before every heartbeat: the reset goes there
	r.deploys(false)
	var last time.Time
	r.eventually(patience, "a silence's time since the grant", func() bool {
		if time.Since(last) > withBeats/8 {
			last = time.Now()
			r.beat("runner-a")
		}
		return time.Since(granted) > withBeats
	})
	r.resetTo(r.id(), func(e *historypb.HistoryEvent) bool {
		return e.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
	}, enumspb.RESET_REAPPLY_EXCLUDE_TYPE_SIGNAL)
	r.whenSent(vpsfake.OpRestoreSnapshot)
	require.GreaterOrEqual(t, r.requests(vpsfake.OpRestoreSnapshot)[0].Time.Sub(last), withBeats)
	report := r.end(r.id(), patience)
	require.Equal(t, workflows.OutcomeRolledBack, report.Outcome, "%+v", report)
}
