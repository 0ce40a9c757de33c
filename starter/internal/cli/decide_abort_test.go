package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/workflows"
)

// firstEvent is the first event of a run with this input. The frontend answers it to everyone who reads the history.
func firstEvent(t *testing.T, input any) *historypb.HistoryEvent {
	t.Helper()
	return &historypb.HistoryEvent{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{Input: payloads(t, input)}}}
}

func TestAnAbortOfAFleetAsksOnlyWhereItRollsBackWhatWasCommitted(t *testing.T) {
	for name, c := range map[string]struct {
		input any
		asks  bool
	}{
		"left as they are": {map[string]any{"on_stop": "leave"}, false}, "by default": {map[string]any{"all": true}, false},
		"rolled back": {map[string]any{"on_stop": "rollback_committed"}, true}, "not known": {"text", true},
	} {
		t.Run(name, func(t *testing.T) {
			f, address := newFrontend(t)
			f.first = firstEvent(t, c.input)
			f.workflowType = workflows.TypeFleetUpdate
			f.status = &workflows.Status{Phase: workflows.PhaseRollout, Fleet: &workflows.FleetRecord{Total: 10, Counts: workflows.FleetCounts{Done: 3}}}
			f.answers[workflows.UpdateAbort] = workflows.FleetAnswer{Accepted: true, Detail: "stopped"}
			got := safepoint(t, address, "abort", "web-1", "--by=ann")
			if !c.asks {
				assert.Equal(t, codeOK, got.code, got.err)
				assert.Len(t, f.updates, 1)
				return
			}
			assert.Equal(t, codeUsage, got.code)
			assert.Contains(t, got.err, "Give --yes")
			got = atTerminal(t, address, "no\n", "abort", "web-1", "--by=ann")
			assert.Equal(t, codeNotChanged, got.code)
			assert.Contains(t, got.err, "3 servers that are done would be rolled back")
			assert.Empty(t, f.updates)
			assert.Equal(t, codeOK, atTerminal(t, address, "y\n", "abort", "web-1", "--by=ann").code)
			assert.Equal(t, codeOK, safepoint(t, address, "abort", "web-1", "--by=ann", "--yes").code)
			assert.Len(t, f.updates, 2)
		})
	}
}

func TestAnAbortOfARunOfOneServerIsACancelThatNamesThePerson(t *testing.T) {
	for phase, c := range map[workflows.Phase]struct {
		asks, refused bool
	}{
		workflows.PhaseLock: {}, workflows.PhasePreflight: {}, workflows.PhaseSnapshot: {}, workflows.PhaseHold: {},
		workflows.PhaseChange: {asks: true}, workflows.PhaseVerify: {asks: true},
		workflows.PhaseRollback: {refused: true}, workflows.PhaseCommit: {refused: true},
	} {
		t.Run(string(phase), func(t *testing.T) {
			f, address := newFrontend(t)
			l := &f.listing
			f.status = holding(workflows.TypeSnapshotUpdateVerify)
			f.status.Phase = phase
			got := safepoint(t, address, "abort", "deploy-1", "--by=ann", "--note=shop is down")
			switch {
			case c.refused:
				assert.Equal(t, codeUsage, got.code)
				assert.Contains(t, got.err, "nothing was done")
				assert.Empty(t, l.cancels)
				return
			case c.asks:
				assert.Equal(t, codeUsage, got.code)
				assert.Empty(t, l.cancels)
				got = atTerminal(t, address, "n\n", "abort", "deploy-1", "--by=ann")
				assert.Equal(t, codeNotChanged, got.code)
				assert.Contains(t, got.err, "Everything written to it since")
				assert.Empty(t, l.cancels)
				got = atTerminal(t, address, "y\n", "abort", "deploy-1", "--by=ann", "--note=shop is down")
			}
			require.Equal(t, codeOK, got.code, got.err)
			require.Len(t, l.cancels, 1)
			assert.Equal(t, "safepoint abort by ann: shop is down", l.cancels[0].GetReason())
			assert.Equal(t, testRunID, l.cancels[0].GetWorkflowExecution().GetRunId(), "the run that was looked at")
			assert.Empty(t, f.updates)
		})
	}
}

func TestAnAbortOfARunThatHasEndedShowsItsReportAndIsNoSuccess(t *testing.T) {
	f, address := newFrontend(t)
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got := safepoint(t, address, "abort", "deploy-1", "--by=ann", "--yes")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.out, "COMMITTED")
	assert.Contains(t, got.err, "there is nothing to abort")
}

func TestAnAbortOfARotationThatCannotSayWhatItIsDoesNothing(t *testing.T) {
	f, address := newFrontend(t)
	l := &f.listing
	f.workflowType = workflows.TypeSnapshotRotation
	got := safepoint(t, address, "abort", "nightly", "--by=ann", "--yes")
	assert.Equal(t, codePerson, got.code)
	assert.Empty(t, l.cancels)
	assert.Empty(t, f.updates)
}

func TestAnAbortOfARunThatIsResetMeanwhileSaysThatItGoesOn(t *testing.T) {
	for resetTo, says := range map[string]string{"run-2": "was reset meanwhile and goes on", "": "has ended meanwhile"} {
		f, address := newFrontend(t)
		f.status = holding(workflows.TypeSnapshotUpdateVerify)
		f.fails = func(method string) error {
			if !strings.HasSuffix(method, "/RequestCancelWorkflowExecution") {
				return nil
			}
			f.resetTo = resetTo
			return serviceerror.NewNotFound("workflow execution already completed")
		}
		got := safepoint(t, address, "abort", "deploy-1", "--by=ann")
		assert.Equal(t, codeUsage, got.code)
		assert.Contains(t, got.err, says)
		assert.Empty(t, f.listing.cancels)
	}
}
