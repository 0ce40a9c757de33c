package cli

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/workflows"
)

// requests are all commands that ask something of a run, with what needs no question.
var requests = [][]string{
	{"commit"}, {"rollback", "--yes"}, {"approve", "--yes"}, {"deny", "--yes"}, {"extend"}, {"pause"}, {"resume"}, {"abort", "--yes"},
}

func TestNothingIsAskedOfAWorkflowThatIsNoRunbook(t *testing.T) {
	for _, kind := range []string{"Foo", workflows.TypeServerLock, workflows.TypeFleetPage} {
		for _, request := range requests {
			f, address := newFrontend(t)
			f.workflowType = kind
			got := safepoint(t, address, append([]string{request[0], "server-lock/101", "--by=ann"}, request[1:]...)...)
			assert.Equal(t, codeUsage, got.code, request)
			assert.Contains(t, got.err, "server-lock/101 is a "+kind+", not a runbook that this command knows", request)
			assert.Empty(t, f.updates, request)
			assert.Empty(t, f.listing.cancels, request)
		}
	}
}

func TestARequestThatTheRunbookDoesNotTakeNamesThoseThatDo(t *testing.T) {
	of := func(runbook string, many bool) (*frontend, string) {
		f, address := newFrontend(t)
		f.workflowType = runbook
		f.status = &workflows.Status{Phase: workflows.PhaseSnapshot}
		if many {
			f.status.Fleet = &workflows.FleetRecord{Total: 3}
		}
		f.answers[workflows.UpdatePause] = workflows.FleetAnswer{Accepted: true, Detail: "paused"}
		return f, address
	}
	for _, runbook := range []string{workflows.TypeSnapshotUpdateVerify, workflows.TypeRollbackByRestore, workflows.TypeSnapshotAudit, workflows.TypeSnapshotRotation} {
		f, address := of(runbook, false)
		for _, word := range []string{"pause", "resume"} {
			got := safepoint(t, address, word, "x", "--by=ann")
			assert.Equal(t, codeUsage, got.code, runbook)
			assert.Contains(t, got.err, "x is a "+runbook+": nothing was done. "+word+" is for fleets, and for rotations of many servers")
		}
		assert.Empty(t, f.updates, runbook)
	}
	for _, runbook := range []string{workflows.TypeFleetUpdate, workflows.TypeSnapshotRotation} {
		f, address := of(runbook, true)
		got := safepoint(t, address, "pause", "x", "--by=ann")
		assert.Equal(t, codeOK, got.code, got.err)
		assert.Len(t, f.updates, 1, runbook)
	}
	for _, runbook := range []string{workflows.TypeSnapshotAudit, workflows.TypeSnapshotRotation} {
		f, address := of(runbook, true)
		got := safepoint(t, address, "commit", "x", "--by=ann")
		assert.Equal(t, codeUsage, got.code)
		assert.Contains(t, got.err, "asks for no decisions: nothing was done. commit is for SnapshotUpdateVerify, RollbackByRestore, FleetUpdate")
		assert.Empty(t, f.updates, runbook)
	}
}
