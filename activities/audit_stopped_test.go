package activities

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"go.temporal.io/api/enums/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// stoppedWorld has the stopped server 7 and the runs.
func stoppedWorld(runs ...run) (*Activities, *fakeLocks) {
	a, api, f := auditWorld(7)
	api.servers[0].Status = "stopped" // the highest id
	for _, r := range runs {
		f.runs[r.workflowID] = r
	}
	return a, f
}

func TestAStoppedServerIsARunsDoingOnlyWhenItsLastRunEndedBadly(t *testing.T) {
	const timedOut = enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT
	byHand := func(r *run) { r.parentID, r.parentRunID = "", "" }
	for name, c := range map[string]struct {
		runs []run
		want string // a word of the detail; empty: not listed
	}{
		"no lock":               {nil, ""},
		"lock by hand":          {[]run{lockRun(running, byHand)}, ""},
		"terminated":            {[]run{lockRun(canceled), holderRun(terminated, "snapshot")}, "been terminated"},
		"timed out":             {[]run{lockRun(canceled), holderRun(timedOut, "snapshot")}, "timed out"},
		"failed":                {[]run{lockRun(completed), holderRun(failedRun, "done")}, "has failed"},
		"lock still open":       {[]run{lockRun(running), holderRun(terminated, "snapshot")}, "been terminated"},
		"committed":             {[]run{lockRun(completed), holderRun(completed, "done")}, ""},
		"canceled":              {[]run{lockRun(completed), holderRun(canceled, "done")}, ""},
		"still running":         {[]run{lockRun(running), holderRun(running, "snapshot")}, ""},
		"reset and running":     {[]run{lockRun(running), holderRun(running, "snapshot", func(r *run) { r.runID = "h2" })}, ""},
		"forgotten by Temporal": {[]run{lockRun(canceled)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := stoppedWorld(c.runs...)
			got := auditWith(t, a)
			assert.Zero(t, got.StoppedUnread)
			if c.want == "" {
				assert.Empty(t, got.StoppedByRun)
				return
			}
			if assert.Equal(t, []int64{7}, serversOf(got.StoppedByRun)) {
				row := got.StoppedByRun[0]
				assert.Contains(t, row.Detail, c.want)
				assert.Contains(t, row.Detail, "SnapshotUpdateVerify")
				assert.Equal(t, []string{holderID, "h1"}, []string{row.WorkflowID, row.RunID})
			}
			assert.Equal(t, 1, got.Counts.StoppedByRun)
		})
	}
}

func TestOnlyStoppedServersAreAskedForAndNotTooMany(t *testing.T) {
	a, api, f := auditWorld(maxStoppedLooks + 10)
	for i := range api.servers {
		api.servers[i].Status = "stopped"
	}
	got := auditWith(t, a)
	assert.Equal(t, 10, got.StoppedUnread)
	assert.Equal(t, maxStoppedLooks, f.described)

	a, _, f = auditWorld(3)
	auditWith(t, a)
	assert.Zero(t, f.described, "active servers cost no question")
}

func TestATemporalThatDoesNotAnswerCostsTheAuditNothingElse(t *testing.T) {
	a, f := stoppedWorld(lockRun(canceled), holderRun(terminated, "snapshot"))
	f.err = errTemporalDown
	got := auditWith(t, a)
	assert.Equal(t, 1, got.StoppedUnread)
	assert.Empty(t, got.StoppedByRun)
	assert.Equal(t, 7, got.Counts.Stale)
	assert.Equal(t, 1, f.described)
	assert.Equal(t, contract.ClockAPI, got.ClockOf)
}

func TestTheTypeOfARunThatLeftAServerStoppedIsQuotedWhereItIsNoPlainWord(t *testing.T) {
	a, _ := stoppedWorld(lockRun(canceled), holderRun(terminated, "snapshot", func(r *run) { r.kind = "Evil) is fine.\n(x" }))
	got := auditWith(t, a)
	assert.Contains(t, got.StoppedByRun[0].Detail, `its last runbook ("Evil) is fine. (x") has been terminated`)
}
