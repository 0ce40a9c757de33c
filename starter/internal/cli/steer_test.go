package cli

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Bounds of polling in tests.
const (
	waitFor = 10 * time.Second
	tick    = 10 * time.Millisecond
)

func TestTheSameReportTwiceIsTheSameRequestAndAnotherResultIsNot(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	f.answers[workflows.UpdateReport] = workflows.ReportAnswer{Accepted: true, Detail: "reported"}
	for _, result := range []string{"succeeded", "succeeded", "failed"} {
		got := safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result="+result, "--detail=fine")
		require.Equal(t, codeOK, got.code, got.err)
	}
	require.Len(t, f.updates, 3)
	id := func(i int) string { return f.updates[i].GetMeta().GetUpdateId() }
	assert.Equal(t, id(0), id(1))
	assert.NotEqual(t, id(0), id(2))
	assert.Contains(t, id(0), "r1")
	assert.JSONEq(t, `{"runner": "r1", "result": "succeeded", "detail": "fine"}`, string(f.updates[0].GetInput().GetArgs().GetPayloads()[0].GetData()))
}

func TestAReportThatIsRefusedOrComesTooLateIsNotSuccess(t *testing.T) {
	f, address := newFrontend(t)
	f.status, f.refusal = changing("r1"), "too late: the restore of the server has begun"
	got := safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "too late")

	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got = safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.Equal(t, codeOK, got.code)
	got = safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=failed")
	assert.Equal(t, codePerson, got.code, "a failed change was committed")
	f.end(failed(t, contract.FailRolledBack, "m", aReport(workflows.OutcomeRolledBack, contract.FailRolledBack)))
	got = safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.Equal(t, codeRolledBack, got.code)
	assert.Contains(t, got.err, "the report was not taken")
}

func TestAReportNeedsARunnerAndAClearResult(t *testing.T) {
	for _, args := range [][]string{{"--result=succeeded"}, {"--runner=r", "--result=unknown"}, {"--runner=r", "--result="}, {"--runner=r"}, {"--wait"}, {"--detail=x"}} {
		got := safepoint(t, unreachable, append([]string{"report", "deploy-1"}, args...)...)
		assert.Equal(t, codeUsage, got.code, args)
	}
}

func TestADecisionIsSentWithWhoAndWhy(t *testing.T) {
	f, address := newFrontend(t)
	f.answers[workflows.UpdateDecide] = workflows.DecideAnswer{Accepted: true, Detail: "the change is kept"}
	got := safepoint(t, address, "decide", "deploy-1", "commit", "--by=ann", "--note=fine")
	require.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.out, "the change is kept")
	assert.JSONEq(t, `{"decision": "commit", "by": "ann", "note": "fine"}`, string(f.updates[0].GetInput().GetArgs().GetPayloads()[0].GetData()))

	f.refusal = "nothing is to be decided"
	got = safepoint(t, address, "decide", "deploy-1", "rollback", "--by=ann")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "nothing is to be decided")

	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got = safepoint(t, address, "decide", "deploy-1", "rollback", "--by=ann")
	assert.Equal(t, codeUsage, got.code, "a decision that came too late is no success, even where the run is")
	assert.Contains(t, got.out, "COMMITTED")

	assert.Equal(t, codeUsage, safepoint(t, unreachable, "decide", "deploy-1", "maybe").code)
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "decide", "deploy-1", "commit", "--by=").code)
}

func TestAHeartbeatTellsARunnerWhenToStop(t *testing.T) {
	verify, reported := changing("r1"), changing("r1")
	verify.Phase = workflows.PhaseVerify
	reported.Change.Result = contract.ChangeUnknown
	for name, tc := range map[string]struct {
		prepare func(*frontend)
		code    int
		says    string
	}{
		"still waited for":  {func(f *frontend) { f.status = changing("r1") }, codeOK, "waits for this runner"},
		"another runner":    {func(f *frontend) { f.status = changing("r2") }, codePerson, "not granted to this runner"},
		"nobody began":      {func(f *frontend) { f.status = &workflows.Status{Phase: workflows.PhaseSnapshot} }, codePerson, "not granted to this runner"},
		"run went on":       {func(f *frontend) { f.status = verify }, codePerson, "in phase verify"},
		"given up":          {func(f *frontend) { f.status = reported }, codePerson, "no longer waits"},
		"canceled":          {func(f *frontend) { f.status, f.cancelRequested = changing("r1"), true }, codePerson, "the run was canceled"},
		"ended":             {func(f *frontend) { f.closed = terminated() }, codePerson, "has ended"},
		"unknown run":       {func(f *frontend) { f.missing = true }, codePerson, "has ended or does not exist"},
		"no worker answers": {func(*frontend) {}, codeNotChanged, "not confirmed"},
	} {
		t.Run(name, func(t *testing.T) {
			f, address := newFrontend(t)
			tc.prepare(f)
			got := safepoint(t, address, "heartbeat", "deploy-1", "--runner=r1")
			assert.Equal(t, tc.code, got.code, got.err)
			assert.Contains(t, got.err, tc.says)
		})
	}
}

func TestHeartbeatsGoOnUntilTheRunNoLongerWaits(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	done := make(chan outcome)
	go func() {
		done <- safepoint(t, address, "heartbeat", "deploy-1", "--runner=r1", "--every=20ms", "--heartbeat-timeout=1m")
	}()
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.signals) >= 3
	}, waitFor, tick)
	f.end(terminated())
	assert.Equal(t, codePerson, (<-done).code)
	assert.Equal(t, workflows.SignalHeartbeat, f.signals[0].GetSignalName())
	assert.JSONEq(t, `{"runner": "r1"}`, string(f.signals[0].GetInput().GetPayloads()[0].GetData()))
}

func TestARunnerStopsBeforeTheRunGivesItUpWhenNobodyAnswers(t *testing.T) {
	_, address := newFrontend(t) // no worker: the status is never known
	const silence = 1500 * time.Millisecond
	began := time.Now()
	got := safepoint(t, address, "heartbeat", "deploy-1", "--runner=r1", "--every=100ms", "--heartbeat-timeout="+silence.String())
	assert.Equal(t, codePerson, got.code)
	assert.Contains(t, got.err, "stop your work: no heartbeat was confirmed in time")
	assert.Less(t, time.Since(began), silence)
}

func TestHeartbeatsThatAreTooRareAreRefused(t *testing.T) {
	got := safepoint(t, unreachable, "heartbeat", "deploy-1", "--runner=r1", "--every=61s")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, "give 1m or less")
	assert.Equal(t, codeUsage, safepoint(t, unreachable, "heartbeat", "deploy-1").code, "no runner")
}

func TestAnInterruptedHeartbeatIsNotAStop(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	got := safepointIn(t, ctx, address, "", "heartbeat", "deploy-1", "--runner=r1", "--every=20ms")
	assert.Equal(t, codeDetached, got.code)
}
