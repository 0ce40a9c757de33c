package e2e

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Heartbeat time-outs of the external changes here: of a runner that has the time of the whole test, of one that falls
// silent, and of one that beats eight times as often, so that a busy machine may keep seven of its beats back.
const (
	lively    = 5 * time.Minute
	silence   = 2 * time.Second
	withBeats = 15 * time.Second
)

// silentAfter sets the heartbeat time-out.
func silentAfter(d time.Duration) func(in map[string]any) {
	return field("update", "heartbeat_timeout", d.String())
}

// externalInput is a change that a deploy system makes.
func (r *rig) externalInput(edit func(in map[string]any)) map[string]any {
	return r.input(true, func(in map[string]any) {
		in["update"] = map[string]any{"kind": "external", "heartbeat_timeout": lively.String()}
		if edit != nil {
			edit(in)
		}
	})
}

// runner begins as a deploy system does: it starts the run or joins it, and blocks until it has its answer.
func (r *rig) runner(id, name string) (workflows.BeginAnswer, error) {
	return r.runnerWith(id, name, r.externalInput(nil))
}

func (r *rig) runnerWith(id, name string, in any) (workflows.BeginAnswer, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	start := r.temp.NewWithStartWorkflowOperation(client.StartWorkflowOptions{
		ID: id, TaskQueue: r.queue,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, workflows.TypeSnapshotUpdateVerify, in)
	var answer workflows.BeginAnswer
	handle, err := r.temp.UpdateWithStartWorkflow(ctx, client.UpdateWithStartWorkflowOptions{
		StartWorkflowOperation: start,
		UpdateOptions: client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateID: "begin-" + name, UpdateName: workflows.UpdateBegin,
			Args: []any{workflows.BeginRequest{Runner: name}}, WaitForStage: client.WorkflowUpdateStageCompleted,
		},
	})
	if err == nil {
		err = handle.Get(ctx, &answer)
	}
	return answer, err
}

// granted starts an external change and begins it.
func (r *rig) granted(edit func(in map[string]any)) {
	r.t.Helper()
	r.start(r.id(), r.externalInput(edit))
	require.True(r.t, r.begin(r.id(), "runner-a").Granted)
}

// deploys is what the runner does to the server.
func (r *rig) deploys(healthy bool) {
	r.t.Helper()
	r.control(http.MethodPost, "deploys", map[string]any{"server_id": r.server, "version": "2.0.0", "healthy": healthy}, nil)
}

// beat sends one heartbeat.
func (r *rig) beat(runner string) {
	r.t.Helper()
	require.NoError(r.t, r.temp.SignalWorkflow(r.t.Context(), r.id(), "", workflows.SignalHeartbeat, workflows.HeartbeatSignal{Runner: runner}))
}

// latest is the run that the id means now.
func (r *rig) latest(id string) (runID string) {
	r.t.Helper()
	d, err := r.temp.DescribeWorkflowExecution(context.Background(), id, "")
	require.NoError(r.t, err)
	return d.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

func TestOfTwoRunnersThatRaceExactlyOneMakesTheChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	names := []string{"runner-a", "runner-b"}
	answers, errs := make([]workflows.BeginAnswer, 2), make([]error, 2)
	var both sync.WaitGroup
	for i, name := range names {
		both.Go(func() { answers[i], errs[i] = r.runner(r.id(), name) })
	}
	both.Wait()
	require.NoError(t, errs[0])
	require.NoError(t, errs[1])
	require.NotEqual(t, answers[0].Granted, answers[1].Granted, "exactly one: %+v", answers)
	winner, loser := 0, 1
	if answers[1].Granted {
		winner, loser = 1, 0
	}
	_, snapshots := r.state()
	require.Len(t, snapshots, 1)
	require.Equal(t, "completed", string(snapshots[0].Status), "granted only with a completed snapshot")
	require.Equal(t, snapshots[0].ID, answers[winner].Snapshot.ID)
	require.Equal(t, lively, answers[winner].HeartbeatTimeout.Std())
	require.Contains(t, answers[loser].Detail, "another runner")

	t.Log("a runner that asks again, because it lost the answer, gets the same one")
	again, err := r.runner(r.id(), names[winner])
	require.NoError(t, err)
	require.Equal(t, answers[winner], again)

	r.deploys(true)
	require.True(t, r.report(r.id(), workflows.ReportRequest{Runner: names[winner], Result: contract.ChangeSucceeded}).Accepted)
	r.committed(r.end(r.id(), patience))

	t.Log("after the end every update id still has its answer, and a repeated deploy changes nothing")
	run := r.latest(r.id())
	for i, name := range names {
		require.Equal(t, answers[i], r.begin(r.id(), name), name)
	}
	_, err = r.runner(r.id(), "runner-c")
	var duplicate *serviceerror.WorkflowExecutionAlreadyStarted
	require.ErrorAs(t, err, &duplicate)
	require.Equal(t, run, r.latest(r.id()), "no second run")
	require.Len(t, r.requests(vpsfake.OpCreateSnapshot), 1)
}

func TestHeartbeatsKeepAChangeAliveThatTakesLongerThanTheSilenceAllowed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.granted(silentAfter(withBeats))
	for end := time.Now().Add(withBeats * 3 / 2); time.Now().Before(end); time.Sleep(withBeats / 8) { // a runner's own pace
		r.beat("runner-a")
	}
	status := r.status(r.id())
	require.Equal(t, workflows.PhaseChange, status.Phase)
	require.NotNil(t, status.Change)
	require.Empty(t, status.Change.Result)
	r.deploys(true)
	require.True(t, r.report(r.id(), workflows.ReportRequest{Runner: "runner-a", Result: contract.ChangeSucceeded}).Accepted)
	report := r.end(r.id(), patience)
	r.committed(report)
	require.Equal(t, contract.ChangeSucceeded, report.Change.Result)
}

func TestARunnerThatFallsSilentHoldsTheRunAndItsLateReportSettlesIt(t *testing.T) {
	t.Parallel()
	for result, settled := range map[contract.ChangeResult]func(r *rig, report workflows.Report){
		contract.ChangeSucceeded: (*rig).committed,
		contract.ChangeFailed:    (*rig).rolledBack,
	} {
		t.Run(string(result), func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.granted(silentAfter(silence))
			r.deploys(true)
			r.inPhase(r.id(), workflows.PhaseHold, patience)
			status := r.status(r.id())
			require.NotNil(t, status.Change)
			require.NotNil(t, status.LastVerification)
			require.Equal(t, contract.ChangeUnknown, status.Change.Result, "green may only mean that nothing was changed")
			require.Equal(t, contract.VerdictPassed, status.LastVerification.Verdict)
			require.Contains(t, r.report(r.id(), workflows.ReportRequest{Runner: "runner-a", Result: result}).Detail, "late")
			report := r.end(r.id(), patience)
			settled(r, report)
			require.Equal(t, result, report.Change.Result)
		})
	}
}

func TestAReportIsRefusedOnceTheRestoreHasBegun(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.gate(vpsfake.OpRestoreSnapshot, "")
	answer := r.gate(vpsfake.OpCreateSnapshot, vpsfake.EffectBefore)
	r.start(r.id(), r.externalInput(silentAfter(silence)))
	r.whenSent(vpsfake.OpCreateSnapshot)
	r.deploys(false) // before the runner may begin: its silence must find the server red
	answer()
	require.True(t, r.begin(r.id(), "runner-a").Granted)
	r.whenSent(vpsfake.OpRestoreSnapshot) // silent, and red: rolled back without a person
	err := r.update(r.id(), "late", workflows.UpdateReport, workflows.ReportRequest{Runner: "runner-a", Result: contract.ChangeSucceeded}, nil)
	require.ErrorContains(t, err, "too late: the restore")
	r.open()
	r.rolledBack(r.end(r.id(), patience))
}

func TestWithoutARunnerNothingIsChanged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(r.id(), r.externalInput(func(in map[string]any) { part(in, "update")["begin_timeout"] = "1s" }))
	report := r.end(r.id(), patience)
	require.Equal(t, contract.FailChangeNotStarted, report.Failure)
	require.Equal(t, workflows.OutcomeNotChanged, report.Outcome)
	require.Empty(t, r.requests(vpsfake.OpRestoreSnapshot))
	require.ErrorContains(t, r.update(r.id(), "b", workflows.UpdateBegin, workflows.BeginRequest{Runner: "late"}, nil), "completed", "nobody begins after the end")
	r.lockFree()
	r.lawful()
}

// lockFree waits for the clean release of the server.
func (r *rig) lockFree() {
	r.t.Helper()
	r.eventually(patience, "the lock released", func() bool { return r.lockStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED })
}

// A restore under a runner that still works would be undone by it.
func TestACancelDuringAnExternalChangeWaitsForTheRunnersSilence(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.granted(silentAfter(withBeats))
	r.deploys(true)
	require.NoError(t, r.temp.CancelWorkflow(t.Context(), r.id(), ""))
	var last time.Time
	for end := time.Now().Add(withBeats * 3 / 2); time.Now().Before(end); time.Sleep(withBeats / 8) { // a runner's own pace
		last = time.Now()
		r.beat("runner-a")
	}
	require.Empty(t, r.requests(vpsfake.OpRestoreSnapshot), "the runner still works")
	r.rolledBack(r.end(r.id(), patience))
	require.GreaterOrEqual(t, r.requests(vpsfake.OpRestoreSnapshot)[0].Time.Sub(last), withBeats)
}

func TestOnlyTheGrantedRunnerIsHeard(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.start(r.id(), r.externalInput(silentAfter(silence)))
	tooEarly := workflows.ReportRequest{Runner: "runner-b", Result: contract.ChangeFailed}
	require.ErrorContains(t, r.update(r.id(), "early", workflows.UpdateReport, tooEarly, nil), "no runner has begun")
	require.True(t, r.begin(r.id(), "runner-a").Granted)
	require.False(t, r.begin(r.id(), "runner-b").Granted)
	require.ErrorContains(t, r.update(r.id(), "wrong", workflows.UpdateReport, tooEarly, nil), "was not granted")
	r.eventually(patience, "the silence of runner-a, whatever runner-b sends", func() bool {
		r.beat("runner-b")
		return r.status(r.id()).Phase == workflows.PhaseHold
	})
	require.ErrorContains(t, r.update(r.id(), "later", workflows.UpdateReport, tooEarly, nil), "was not granted")
	r.inPhase(r.id(), workflows.PhaseHold, patience)
	r.deploys(true)
	require.NoError(t, r.decide(r.id(), "d1", workflows.DecideCommit))
	r.committed(r.end(r.id(), patience))
}

func TestARunnerThatWaitsIsToldWhenTheRunFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.fault(vpsfake.Fault{Kind: vpsfake.SnapshotFails, Times: 1})
	answer, err := r.runner(r.id(), "runner-a")
	require.NoError(t, err)
	require.False(t, answer.Granted)
	require.NotEmpty(t, answer.Detail)
	report := r.end(r.id(), patience)
	require.Equal(t, contract.FailSnapshot, report.Failure)
	r.lockFree()
}

func TestARunnerWithABadInputIsToldWhatIsWrongWithIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.runnerWith(r.id(), "runner-a", map[string]any{"server_id": r.server})
	var app *temporal.ApplicationError
	require.ErrorAs(t, err, &app)
	require.Equal(t, contract.FailInvalidInput, app.Type())
	require.Contains(t, app.Message(), "- update.kind: ")
	require.Equal(t, contract.FailInvalidInput, r.end(r.id(), patience).Failure)
}
