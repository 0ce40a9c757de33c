package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Temporal's list is some seconds behind, and the end of yesterday's deploy must not be taken for that of today's.
func TestTheRunThatHoldsAServerIsFoundAlthoughItIsNotListedYet(t *testing.T) {
	f, address := newFrontend(t)
	f.status, f.holders = changing("r1"), map[string]string{contract.LockWorkflowID(7): "deploy-2"}
	f.listing.closed = append(f.listing.closed, ended(aRun(t, "yesterday", 0, nil), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED))
	errs, result := watched(t, t.Context(), address, 0, "watch", "--server", "7")
	assert.Eventually(t, func() bool { return strings.Contains(errs.String(), "waiting for the report") }, waitFor, tick)
	f.end(failed(t, contract.FailRolledBack, "m", &workflows.Report{WorkflowID: "deploy-2", Outcome: workflows.OutcomeRolledBack}))
	got := awaitEnd(t, result)
	assert.Equal(t, codeRolledBack, got.code, got.err)
	assert.Contains(t, got.out, "deploy-2")
	assert.NotContains(t, got.err, "no run of server 7 goes on")
}

func TestALockThatOutlivesItsHolderIsNoRunToWatch(t *testing.T) {
	f, address := newFrontend(t)
	f.holders = map[string]string{contract.LockWorkflowID(7): "died"}
	f.listing.closed = append(f.listing.closed, ended(aRun(t, "newest", 0, nil), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED))
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got := safepoint(t, address, "watch", "--server", "7")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.err, "no run of server 7 goes on: this is how the newest one ended")
}

func TestARunOfAServerThatIsListedAMomentLaterIsFound(t *testing.T) {
	f, address := newFrontend(t)
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	lists := 0
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/ListWorkflowExecutions") {
			if lists++; lists == 3 { // the first look asks for open runs, and then for those that have ended
				f.listing.closed = append(f.listing.closed, ended(aRun(t, "deploy-1", 0, nil), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED))
			}
		}
		return nil
	}
	got := safepoint(t, address, "watch", "--server", "7")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.out, "COMMITTED")
}

// The id of a server's newest run may have been used again, for another server.
func TestTheEndOfAServersRunIsNotThatOfALaterRunWithItsID(t *testing.T) {
	f, address := newFrontend(t)
	f.endsOf = map[string]*historypb.HistoryEvent{
		testRunID:         completed(t, aReport(workflows.OutcomeCommitted, "")),
		"run-of-deploy-1": failed(t, contract.FailRolledBack, "m", aReport(workflows.OutcomeRolledBack, contract.FailRolledBack)),
	}
	f.listing.closed = append(f.listing.closed, ended(aRun(t, "deploy-1", 0, nil), time.Minute, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED))
	got := safepoint(t, address, "watch", "--server", "7")
	assert.Equal(t, codeRolledBack, got.code, got.err)
	assert.Contains(t, got.out, "ROLLED BACK")
}
