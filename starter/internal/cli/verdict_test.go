package cli

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	historypb "go.temporal.io/api/history/v1"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestAClosedRunEndsTheCommandWithItsOwnCode(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(*testing.T) *historypb.HistoryEvent
		code int
		says string
	}{
		"committed": {func(t *testing.T) *historypb.HistoryEvent {
			return completed(t, aReport(workflows.OutcomeCommitted, ""))
		}, 0, "COMMITTED"},
		"no report":   {func(t *testing.T) *historypb.HistoryEvent { return completed(t, nil) }, 4, "not a report"},
		"another one": {func(t *testing.T) *historypb.HistoryEvent { return completed(t, "text") }, 4, "not a report"},
		"rolled back": {func(t *testing.T) *historypb.HistoryEvent {
			return failed(t, contract.FailRolledBack, "m", aReport(workflows.OutcomeRolledBack, contract.FailRolledBack))
		}, 3, "ROLLED BACK"},
		"bad input": {func(t *testing.T) *historypb.HistoryEvent {
			return failed(t, contract.FailInvalidInput, "m", &workflows.Report{Outcome: workflows.OutcomeNotChanged, Summary: "1 problem in the input:\n- server_id: is required"})
		}, 2, "- server_id: is required"},
		"failure without details": {func(t *testing.T) *historypb.HistoryEvent { return failed(t, "Surprise", "it broke", nil) }, 4, "it broke"},
		"canceled before the change": {func(t *testing.T) *historypb.HistoryEvent {
			return canceled(t, aReport(workflows.OutcomeCanceled, ""))
		}, 1, "CANCELED"},
		"canceled without a word": {func(t *testing.T) *historypb.HistoryEvent { return canceled(t, nil) }, 4, "left no report"},
		"terminated":              {func(*testing.T) *historypb.HistoryEvent { return terminated() }, 4, "ended from outside"},
		"timed out":               {func(*testing.T) *historypb.HistoryEvent { return timedOut() }, 4, "ended from outside"},
	} {
		t.Run(name, func(t *testing.T) {
			f, address := newFrontend(t)
			f.end(tc.end(t))
			got := safepoint(t, address, "status", "deploy-1")
			assert.Equal(t, tc.code, got.code, got.err)
			assert.Contains(t, got.out, tc.says)
			assert.Contains(t, got.out, "deploy-1")

			got = safepoint(t, address, "status", "deploy-1", "-o", "json")
			assert.Equal(t, tc.code, got.code)
			var report workflows.Report
			require.NoError(t, json.Unmarshal([]byte(got.out), &report), "standard output is the report and nothing else")
			assert.Equal(t, "deploy-1", report.WorkflowID)
		})
	}
}

func TestARunThatVanishedWhileItWasFollowedNeedsAPerson(t *testing.T) {
	f, address := newFrontend(t)
	f.missing = true
	got := safepoint(t, address, "run", "snapshot-update-verify", "--server=7", "--update=none", "--wait")
	assert.Equal(t, codePerson, got.code)
	assert.Contains(t, got.out, "Temporal no longer knows it")
}

func TestAnExportEndsWithZeroWhateverTheOutcome(t *testing.T) {
	f, address := newFrontend(t)
	got := safepoint(t, address, "report", "deploy-1")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "has not ended")

	f.end(failed(t, contract.FailRollback, "m", aReport(workflows.OutcomeRollbackFailed, contract.FailRollback)))
	got = safepoint(t, address, "report", "deploy-1")
	assert.Equal(t, codeOK, got.code)
	var report workflows.Report
	require.NoError(t, json.Unmarshal([]byte(got.out), &report))
	assert.Equal(t, *aReport(workflows.OutcomeRollbackFailed, contract.FailRollback), report)

	got = safepoint(t, address, "report", "deploy-1", "-o", "text")
	assert.Contains(t, got.out, "ROLLBACK FAILED  deploy-1")
}

func TestARunThatWasEndedFromOutsideIsReportedWithoutAnInventedReport(t *testing.T) {
	for failure, end := range map[string]*historypb.HistoryEvent{"Terminated": terminated(), "TimedOut": timedOut()} {
		f, address := newFrontend(t)
		began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		f.started, f.ended = timestamppb.New(began), timestamppb.New(began.Add(time.Minute))
		f.attributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{workflows.SearchAttributeServerID: {Data: []byte("7")}}}
		f.end(end)
		got := safepoint(t, address, "report", "deploy-1")
		assert.Equal(t, codePerson, got.code)
		var report workflows.Report
		require.NoError(t, json.Unmarshal([]byte(got.out), &report))
		assert.Equal(t, "deploy-1", report.WorkflowID)
		assert.Equal(t, testRunID, report.RunID)
		assert.EqualValues(t, 7, report.ServerID)
		assert.Equal(t, began, report.StartedAt)
		assert.Equal(t, began.Add(time.Minute), report.EndedAt)
		assert.Empty(t, report.Outcome)
		assert.Equal(t, failure, report.Failure)
		assert.Contains(t, report.Summary, "Nobody knows in what state it left the server")
		assert.Contains(t, report.Next, "temporal workflow show -w deploy-1")
		assert.Empty(t, report.Phases)
	}
}
