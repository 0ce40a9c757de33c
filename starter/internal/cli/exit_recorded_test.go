package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// runEnd is how a run of a runbook ended.
type runEnd struct {
	runbook string
	outcome workflows.Outcome
	failure string
}

const (
	kindUpdate   = workflows.TypeSnapshotUpdateVerify
	kindBack     = workflows.TypeRollbackByRestore
	kindRotation = workflows.TypeSnapshotRotation
	kindFleet    = workflows.TypeFleetUpdate
	kindAudit    = workflows.TypeSnapshotAudit
)

// endCodes are the exit codes of every end that a runbook has been recorded with.
var endCodes = map[runEnd]int{
	{kindUpdate, workflows.OutcomeCommitted, ""}: 0,
	{kindUpdate, workflows.OutcomeSkipped, ""}:   0,
	{kindUpdate, workflows.OutcomePlanned, ""}:   0,
	{kindUpdate, workflows.OutcomeCanceled, ""}:  1,

	{kindUpdate, workflows.OutcomeNotChanged, contract.FailInvalidInput}:                   2,
	{kindUpdate, workflows.OutcomeNotChanged, contract.FailPreflight}:                      1,
	{kindUpdate, workflows.OutcomeNotChanged, contract.FailBaseline}:                       1,
	{kindUpdate, workflows.OutcomeNotChanged, contract.FailSnapshotLimit}:                  1,
	{kindUpdate, workflows.OutcomeNotChanged, contract.FailSnapshot}:                       1,
	{kindUpdate, workflows.OutcomeNotChanged, contract.FailServerBusy}:                     1,
	{kindUpdate, workflows.OutcomeNotChanged, contract.FailChangeNotStarted}:               1,
	{kindUpdate, workflows.OutcomeNotChanged, contract.FailLockLost}:                       1,
	{kindUpdate, workflows.OutcomeRolledBack, contract.FailRolledBack}:                     3,
	{kindUpdate, workflows.OutcomeRolledBackUnverified, contract.FailRolledBackUnverified}: 4,
	{kindUpdate, workflows.OutcomeRollbackFailed, contract.FailRollback}:                   4,
	{kindUpdate, workflows.OutcomeChangeFailed, contract.FailChange}:                       4,
	{kindUpdate, workflows.OutcomeChangeUnknown, contract.FailChangeUnknown}:               4,
	{kindUpdate, "", failTerminated}:                                                       4,
	{kindUpdate, "", failTimedOut}:                                                         4,

	{kindBack, workflows.OutcomeRestored, ""}: 0,
	{kindBack, workflows.OutcomeSkipped, ""}:  0,
	{kindBack, workflows.OutcomePlanned, ""}:  0,
	{kindBack, workflows.OutcomeCanceled, ""}: 1,

	{kindBack, workflows.OutcomeNotChanged, contract.FailInvalidInput}:                   2,
	{kindBack, workflows.OutcomeNotChanged, contract.FailPreflight}:                      1,
	{kindBack, workflows.OutcomeNotChanged, contract.FailSnapshotLimit}:                  1,
	{kindBack, workflows.OutcomeNotChanged, contract.FailSnapshot}:                       1,
	{kindBack, workflows.OutcomeNotChanged, contract.FailServerBusy}:                     1,
	{kindBack, workflows.OutcomeNotChanged, contract.FailLockLost}:                       1,
	{kindBack, workflows.OutcomeNotChanged, contract.FailNotApproved}:                    1,
	{kindBack, workflows.OutcomeRolledBackUnverified, contract.FailRolledBackUnverified}: 4,
	{kindBack, workflows.OutcomeRollbackFailed, contract.FailRollback}:                   4,
	{kindBack, workflows.OutcomeChangeUnknown, contract.FailChangeUnknown}:               4,

	{kindRotation, workflows.OutcomeRotated, ""}:  0,
	{kindRotation, workflows.OutcomeSkipped, ""}:  0,
	{kindRotation, workflows.OutcomePlanned, ""}:  0,
	{kindRotation, workflows.OutcomeCanceled, ""}: 1,

	{kindRotation, workflows.OutcomeNotChanged, contract.FailInvalidInput}:  2,
	{kindRotation, workflows.OutcomeNotChanged, contract.FailPreflight}:     1,
	{kindRotation, workflows.OutcomeNotChanged, contract.FailSnapshotLimit}: 1,
	{kindRotation, workflows.OutcomeNotChanged, contract.FailSnapshot}:      1,
	{kindRotation, workflows.OutcomeNotChanged, contract.FailServerBusy}:    1,
	{kindRotation, workflows.OutcomeNotChanged, contract.FailLockLost}:      1,
	{kindRotation, workflows.OutcomeIncomplete, contract.FailRotation}:      4,

	{kindAudit, workflows.OutcomeAudited, ""}:                           0,
	{kindAudit, workflows.OutcomeCanceled, ""}:                          1,
	{kindAudit, workflows.OutcomeNotChanged, contract.FailInvalidInput}: 2,
	{kindAudit, workflows.OutcomeNotChanged, contract.FailPreflight}:    1,
	{kindAudit, workflows.OutcomeStale, contract.FailStale}:             1,

	{kindFleet, workflows.OutcomeCommitted, ""}:                         0,
	{kindFleet, workflows.OutcomeSkipped, ""}:                           0,
	{kindFleet, workflows.OutcomePlanned, ""}:                           0,
	{kindFleet, workflows.OutcomeNotChanged, contract.FailInvalidInput}: 2,
	{kindFleet, workflows.OutcomeNotChanged, contract.FailPreflight}:    1,
	// The worst server decides: see worstCodes.
	{kindFleet, workflows.OutcomeCanceled, ""}:                            byServer,
	{kindFleet, workflows.OutcomeFleetFailed, contract.FailFleet}:         byServer,
	{kindFleet, workflows.OutcomeFleetStopped, contract.FailFleetStopped}: byServer,
}

// byServer stands for the code of an end that does not say it alone.
const byServer = -1

// worstCodes are the exit codes of the fleets whose worst server decides, by recording.
var worstCodes = map[string]int{
	"fleet-foreign":        1, // one server was never started
	"fleet-aborted":        1, // stopped by a person, and nothing was rolled back
	"fleet-failed":         3,
	"fleet-continued-last": 3,
	"fleet-reset":          3,
	"fleet-stopped-undone": 3, // what was committed was rolled back
	"fleet-canceled":       3,
	fleetUnverified:        4,
	fleetLeft:              4,
	fleetLost:              4,
}

// Recordings that are made from others.
const (
	wasTerminated   = "terminated"
	wasTimedOut     = "timed-out"
	fleetUnverified = "fleet-of-one-not-healthy"
	fleetLeft       = "fleet-of-one-not-undone"
	fleetLost       = "fleet-of-one-lost"
)

// endedRuns are the recordings, and runs made from them with ends that no recording has: those from outside, and of
// fleets whose servers ended worse.
func endedRuns(t *testing.T) map[string]recordedRun {
	t.Helper()
	runs := recordedRuns(t)
	runs[wasTerminated] = runs["hold-ran-out"].endedAs(wasTerminated, terminated())
	runs[wasTimedOut] = runs["hold-ran-out"].endedAs(wasTimedOut, timedOut())
	for name, worse := range map[string]func(*workflows.FleetRecord){
		fleetUnverified: func(f *workflows.FleetRecord) { f.LastFailures[0].Outcome = workflows.OutcomeRolledBackUnverified },
		fleetLost:       func(f *workflows.FleetRecord) { f.LastFailures[0].Outcome = "" },
		fleetLeft:       func(f *workflows.FleetRecord) { f.UndoneCounts.Left = 1 },
	} {
		report := reportOf(t, runs["fleet-failed"])
		require.NotEmpty(t, report.Fleet.LastFailures)
		worse(report.Fleet)
		runs[name] = runs["fleet-failed"].endedAs(name, failed(t, report.Failure, report.Summary, &report))
	}
	return runs
}

// reportOf reads what a recording ended with; a zero report where there is none.
func reportOf(t *testing.T, run recordedRun) workflows.Report {
	t.Helper()
	end := run.closing()
	var report workflows.Report
	read := func(payloads *commonpb.Payloads) {
		require.NoError(t, converter.GetDefaultDataConverter().FromPayloads(payloads, &report), run.name)
	}
	switch {
	case end.GetWorkflowExecutionCompletedEventAttributes() != nil:
		read(end.GetWorkflowExecutionCompletedEventAttributes().GetResult())
	case end.GetWorkflowExecutionFailedEventAttributes() != nil:
		info := end.GetWorkflowExecutionFailedEventAttributes().GetFailure().GetApplicationFailureInfo()
		read(info.GetDetails())
		require.Equal(t, info.GetType(), report.Failure, "%s: what Temporal shows and the report are one class", run.name)
	case end.GetWorkflowExecutionCanceledEventAttributes() != nil:
		read(end.GetWorkflowExecutionCanceledEventAttributes().GetDetails())
	case end.GetWorkflowExecutionTerminatedEventAttributes() != nil:
		report.Failure = failTerminated
	case end.GetWorkflowExecutionTimedOutEventAttributes() != nil:
		report.Failure = failTimedOut
	default:
		require.Failf(t, "no end", "%s ends with %s", run.name, end.GetEventType())
	}
	return report
}
