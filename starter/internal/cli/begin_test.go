package cli

import (
	"context"
	"encoding/json"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

func TestBeginEndsWithZeroOnlyForTheGrantedRunner(t *testing.T) {
	f, address := newFrontend(t)
	f.answers[workflows.UpdateBegin], f.status = grant(), changing("r1")
	got := safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1", "-o", "json")
	require.Equal(t, codeOK, got.code, got.err)
	var reply beginReply
	require.NoError(t, json.Unmarshal([]byte(got.out), &reply))
	assert.Equal(t, beginReply{"deploy-1", "r1", grant()}, reply)

	require.Len(t, f.starts, 1)
	assert.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, f.starts[0].GetWorkflowIdReusePolicy())
	assert.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING, f.starts[0].GetWorkflowIdConflictPolicy())
	require.Len(t, f.updates, 1)
	assert.Contains(t, f.updates[0].GetMeta().GetUpdateId(), "r1", "the runner is part of the update's id")
	assert.JSONEq(t, `{"runner": "r1"}`, string(f.updates[0].GetInput().GetArgs().GetPayloads()[0].GetData()))

	got = safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1")
	assert.Contains(t, got.out, "safepoint report deploy-1 --runner r1 --result succeeded|failed --wait")
	assert.Contains(t, got.out, "safepoint heartbeat deploy-1 --runner r1 --heartbeat-timeout 2m\n")
}

func TestEveryProcessIsARunnerOfItsOwn(t *testing.T) {
	f, address := newFrontend(t)
	f.answers[workflows.UpdateBegin], f.status = grant(), changing("r1")
	for range 2 {
		require.Equal(t, codeOK, safepoint(t, address, "begin", "deploy-1", "--server=7").code)
	}
	require.Len(t, f.updates, 2)
	assert.NotEqual(t, f.updates[0].GetMeta().GetUpdateId(), f.updates[1].GetMeta().GetUpdateId())
}

func TestARunnerThatIsNotGrantedAwaitsTheVerdictAndNeverSeesZero(t *testing.T) {
	for _, tc := range []struct {
		outcome workflows.Outcome
		failure string
		code    int
	}{
		{workflows.OutcomeCommitted, "", codeAlreadyDone},
		{workflows.OutcomeRolledBack, contract.FailRolledBack, codeRolledBack},
		{workflows.OutcomeNotChanged, contract.FailBaseline, codeNotChanged},
	} {
		f, address := newFrontend(t)
		f.answers[workflows.UpdateBegin] = workflows.BeginAnswer{Detail: "another runner makes this change"}
		report := aReport(tc.outcome, tc.failure)
		end := completed(t, report)
		if tc.failure != "" {
			end = failed(t, tc.failure, "m", report)
		}
		// The run closed long ago: the repeated deploy id is refused by the reuse policy.
		f.end(end)
		got := safepoint(t, address, "begin", "deploy-1", "--server=7")
		assert.Equal(t, tc.code, got.code, got.err)
		assert.Contains(t, got.err, "has ended")
		assert.Contains(t, got.out, "deploy-1")
	}
}

func TestAStoredGrantIsWorthNothingOnceTheChangeIsOver(t *testing.T) {
	f, address := newFrontend(t)
	f.answers[workflows.UpdateBegin] = grant()
	status := changing("r1")
	status.Phase = workflows.PhaseVerify
	f.status = status
	done := make(chan outcome)
	go func() { done <- safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1") }()
	require.Eventually(t, func() bool {
		f.mu.Lock()
		defer f.mu.Unlock()
		return len(f.updates) == 1
	}, waitFor, tick)
	f.end(completed(t, aReport(workflows.OutcomeCommitted, "")))
	got := <-done
	assert.Equal(t, codeAlreadyDone, got.code)
	assert.NotContains(t, got.out, "make the change now")
}

func TestBeginRefusesInputThatWouldChangeTheServerByItself(t *testing.T) {
	f, address := newFrontend(t)
	for _, input := range []string{
		`{"server_id": 7, "update": {"kind": "webhook", "url": "https://d/h"}}`, `{"server_id": 7}`, `{"server_id": 7, "update": {"kind": 1}}`,
	} {
		got := safepointIn(t, t.Context(), address, input, "begin", "deploy-1", "-f", "-")
		assert.Equal(t, codeUsage, got.code)
		assert.Contains(t, got.err, "update.kind must be external")
	}
	assert.Empty(t, f.starts, "nothing was started")
}

func TestAGrantThatTheRunRefusesIsSaidInItsWords(t *testing.T) {
	f, address := newFrontend(t)
	f.status, f.refusal = changing("r1"), "this run's change is \"webhook\""
	got := safepoint(t, address, "begin", "deploy-1", "--server=7")
	assert.Equal(t, codeUsage, got.code)
	assert.Contains(t, got.err, `deploy-1 refuses: this run's change is "webhook"`)
}

func TestAGrantIsNotThrownAwayByALookThatFails(t *testing.T) {
	f, address := newFrontend(t)
	answer := grant()
	answer.HeartbeatTimeout = workflows.Duration(8 * time.Second) // looked for during 2 s
	f.answers[workflows.UpdateBegin], f.status = answer, changing("r1")
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			return serviceerror.NewPermissionDenied("no describing", "")
		}
		return nil
	}
	got := safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.out, "make the change now")
	assert.Contains(t, got.err, "could not be looked at")
}

func TestAnOldGrantIsRecognisedEvenWhenTheFirstLookFails(t *testing.T) {
	f, address := newFrontend(t)
	f.answers[workflows.UpdateBegin], f.status = grant(), changing("r1")
	f.status.Phase = workflows.PhaseVerify
	granted := false
	f.fails = func(method string) error { // the first look after the grant
		if strings.HasSuffix(method, "/ExecuteMultiOperation") {
			granted = true
		}
		if granted && strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			granted = false
			return serviceerror.NewPermissionDenied("not now", "")
		}
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	errs, result := watched(t, ctx, address, 0, "begin", "deploy-1", "--server=7", "--runner=r1")
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "not granted: this runner's change is over") }, waitFor, tick, "it follows the run instead")
	cancel()
	got := awaitEnd(t, result)
	assert.Equal(t, codeDetached, got.code)
	assert.NotContains(t, got.out, "make the change now")
}

// A shell goes on with the change after a begin that ended with 0, whatever was typed meanwhile.
func TestAnInterruptedBeginGrantsNothing(t *testing.T) {
	for name, phase := range map[string]workflows.Phase{"a new grant": workflows.PhaseChange, "an old one": workflows.PhaseVerify} {
		for _, look := range []string{"GetWorkflowExecutionHistory", "DescribeWorkflowExecution", "QueryWorkflow"} {
			t.Run(name+", "+look, func(t *testing.T) {
				t.Parallel()
				f, address := newFrontend(t)
				f.answers[workflows.UpdateBegin], f.status = grant(), changing("r1")
				f.status.Phase = phase
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var origins atomic.Int32
				f.slow = func(method string) {
					if strings.HasSuffix(method, "/GetWorkflowExecutionHistory") {
						origins.Add(1) // the first is asked for before the grant, the second after it
					}
					if origins.Load() > 1 && strings.HasSuffix(method, "/"+look) {
						cancel()
					}
				}
				got := safepointIn(t, ctx, address, "", "begin", "deploy-1", "--server=7", "--runner=r1")
				assert.Equal(t, codeDetached, got.code, got.err)
				assert.Empty(t, got.out)
				assert.Contains(t, got.err, "interrupted: make no change")
				assert.Contains(t, got.err, "safepoint report deploy-1 --runner r1 --result not_started")
				assert.NotContains(t, got.err, "could not be looked at")
				assert.NotContains(t, got.err, "no worker answers")
			})
		}
	}
}
