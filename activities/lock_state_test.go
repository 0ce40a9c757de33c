package activities

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

const (
	lockID     = "server-lock/7"
	holderID   = "deploy-1"
	askerID    = "deploy-2"
	shortGrace = 45 * time.Second
	longGrace  = 40 * time.Minute
)

// lockRun is the lock in a state, held by the holder's run h1.
func lockRun(status enums.WorkflowExecutionStatus, change ...func(*run)) run {
	r := run{
		workflowID: lockID, runID: "l1", status: status, parentID: holderID, parentRunID: "h1",
		writeGrace: shortGrace, changeGrace: longGrace,
	}
	for _, c := range change {
		c(&r)
	}
	return r
}

func holderRun(status enums.WorkflowExecutionStatus, phase string, change ...func(*run)) run {
	r := run{workflowID: holderID, runID: "h1", kind: "SnapshotUpdateVerify", status: status, phase: phase}
	for _, c := range change {
		c(&r)
	}
	return r
}

func TestALockIsTakenOnlyFromAHolderThatIsGoneAndAfterItsGrace(t *testing.T) {
	me := asker{workflowID: askerID, runID: "a1"}
	noMemo := func(r *run) { r.writeGrace, r.changeGrace = 0, 0 }
	oddMemo := func(r *run) { r.writeGrace, r.changeGrace = time.Hour, time.Minute }
	byHand := func(r *run) { r.parentID, r.parentRunID = "", "" }
	byMe := func(r *run) { r.parentID, r.parentRunID = askerID, "a0" }
	byThisRun := func(r *run) { r.parentID, r.parentRunID = askerID, "a1" }
	otherRun := func(r *run) { r.runID = "h2" }
	mine := func(r *run) { r.workflowID, r.runID = askerID, "a1" }
	const paused = enums.WORKFLOW_EXECUTION_STATUS_PAUSED
	for name, c := range map[string]struct {
		lock, holder run
		state        lockState
		grace        time.Duration
	}{
		"no lock":                              {run{}, run{}, lockFree, 0},
		"live holder":                          {lockRun(running), holderRun(running, "change"), lockBusy, 0},
		"paused holder":                        {lockRun(running), holderRun(paused, "change"), lockBusy, 0},
		"paused lock, live holder":             {lockRun(paused), holderRun(running, "verify"), lockBusy, 0},
		"started by hand":                      {lockRun(running, byHand), run{}, lockBusy, 0},
		"released":                             {lockRun(completed), holderRun(running, "done"), lockFree, 0},
		"cancelled after its grace":            {lockRun(canceled), holderRun(terminated, "change"), lockFree, 0},
		"cancelled by hand, holder alive":      {lockRun(canceled), holderRun(running, "verify"), lockStale, shortGrace},
		"holder ended":                         {lockRun(running), holderRun(completed, "done"), lockStale, shortGrace},
		"holder killed in a write phase":       {lockRun(running), holderRun(terminated, "rollback"), lockStale, shortGrace},
		"holder killed in the change":          {lockRun(running), holderRun(terminated, "change"), lockStale, longGrace},
		"holder killed in an unknown phase":    {lockRun(running), holderRun(terminated, "surprise"), lockStale, longGrace},
		"holder without a phase":               {lockRun(running), holderRun(failedRun, ""), lockStale, longGrace},
		"holder that no longer exists":         {lockRun(running), run{}, lockStale, longGrace},
		"the latest run is another one":        {lockRun(running), holderRun(terminated, "verify", otherRun), lockStale, longGrace},
		"a lock that says no grace":            {lockRun(running, noMemo), holderRun(terminated, "verify"), lockStale, contract.WriteGrace},
		"a lock that says no grace, change":    {lockRun(running, noMemo), holderRun(terminated, "change"), lockStale, longestChange},
		"a change is never shorter":            {lockRun(running, oddMemo), holderRun(terminated, "change"), lockStale, time.Hour},
		"mine, of an earlier run":              {lockRun(running, byMe), holderRun(running, "lock", mine), lockStale, longGrace},
		"forced, holder alive":                 {lockRun(terminated), holderRun(running, "verify"), lockStale, shortGrace},
		"forced, holder in its change":         {lockRun(terminated), holderRun(running, "change"), lockStale, longGrace},
		"failed, holder alive":                 {lockRun(failedRun), holderRun(running, "verify"), lockStale, shortGrace},
		"forced, holder gone":                  {lockRun(terminated), holderRun(terminated, "change"), lockFree, 0},
		"forced, mine of an earlier run":       {lockRun(terminated, byMe), holderRun(running, "verify", mine), lockStale, longGrace},
		"forced, mine of this very run":        {lockRun(terminated, byThisRun), holderRun(running, "verify", mine), lockFree, 0},
		"mine, in this very run, but untaken?": {lockRun(running, byThisRun), holderRun(running, "verify", mine), lockStale, longGrace},
	} {
		t.Run(name, func(t *testing.T) {
			got := judgeLock(c.lock, c.holder, me)
			assert.Equal(t, c.state, got.state, got.why)
			assert.Equal(t, c.grace, got.grace)
			assert.NotEmpty(t, got.why)
			assert.Equal(t, c.lock.parentID, got.holder.WorkflowID, "the holder is named even when it is gone")
		})
	}
}

func TestTheGraceIsCountedForOneRunOfTheLock(t *testing.T) {
	look := lockLook{state: lockStale, lockRunID: "l1", grace: time.Minute}
	st, left := lockWait{}.graceLeft(look, 10*time.Second)
	assert.Equal(t, time.Minute, left)
	st, left = st.graceLeft(look, 40*time.Second)
	assert.Equal(t, 30*time.Second, left)

	look.lockRunID = "l2"
	st, left = st.graceLeft(look, 50*time.Second)
	assert.Equal(t, time.Minute, left, "another run of the lock: the count begins anew")

	st, left = st.graceLeft(lockLook{state: lockBusy, lockRunID: "l2"}, 60*time.Second)
	assert.Zero(t, left)
	_, left = st.graceLeft(look, 70*time.Second)
	assert.Equal(t, time.Minute, left, "it had a live holder in between")
}
