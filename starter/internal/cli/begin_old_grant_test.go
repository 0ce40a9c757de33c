package cli

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/safepoint-dev/safepoint/workflows"
)

// noted is a run without a worker that has granted its change, and whose search attribute names a phase.
func noted(t *testing.T, phase workflows.Phase) (*frontend, string) {
	t.Helper()
	f, address := newFrontend(t)
	answer := grant()
	answer.HeartbeatTimeout = workflows.Duration(8 * time.Second) // looked for during a quarter of it
	f.answers[workflows.UpdateBegin] = answer
	f.attributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
		workflows.SearchAttributePhase: payloads(t, string(phase)).GetPayloads()[0],
	}}
	return f, address
}

// Temporal gives a stored answer without any worker, also after the run has taken the runner for dead and restores.
func TestAnOldGrantWithoutAWorkerIsKnownByThePhaseThatTheRunNoted(t *testing.T) {
	for _, phase := range []workflows.Phase{workflows.PhaseVerify, workflows.PhaseHold, workflows.PhaseRollback} {
		_, address := noted(t, phase)
		ctx, cancel := context.WithCancel(t.Context())
		errs, result := watched(t, ctx, address, 0, "begin", "deploy-1", "--server=7", "--runner=r1")
		require.Eventually(t, func() bool { return strings.Contains(errs.String(), "not granted: this runner's change is over") }, waitFor, tick, phase)
		cancel()
		got := awaitEnd(t, result)
		assert.Equal(t, codeDetached, got.code, phase)
		assert.Empty(t, got.out, phase)
	}
}

// A run without a worker cannot go on, and takes the heartbeats before it looks at its clock.
func TestAGrantWithoutAWorkerCountsWhileTheVeryRunThatGaveItIsInItsChange(t *testing.T) {
	_, address := noted(t, workflows.PhaseChange)
	got := safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.out, "make the change now")
}

func TestAGrantOfARunThatAnotherOneTookOverFromIsNotUsedWhenNobodyKnowsWhetherItHolds(t *testing.T) {
	f, address := noted(t, workflows.PhaseChange)
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") && len(f.updates) > 0 {
			f.resetTo = "run-2" // after the answer
		}
		return nil
	}
	got := safepoint(t, address, "begin", "deploy-1", "--server=7", "--runner=r1")
	assert.Equal(t, codePerson, got.code, got.err)
	assert.Empty(t, got.out)
	assert.Contains(t, got.err, "make no change: deploy-1 has granted it to this runner, but nobody knows whether it still waits for it")
	assert.Contains(t, got.err, "Ask again with --runner r1")
}

func TestAnInterruptedLookIsNoTroubleOfTheRunOrItsWorker(t *testing.T) {
	for _, look := range []string{"DescribeWorkflowExecution", "QueryWorkflow"} {
		for _, args := range [][]string{
			{"status", "deploy-1"}, {"status", "deploy-1", "-o", "json"}, {"status", "deploy-1", "--wait"}, {"watch", "deploy-1"},
			{"abort", "deploy-1", "--by=ann"},
		} {
			f, address := newFrontend(t)
			f.status = changing("r1")
			ctx, cancel := context.WithCancel(t.Context())
			f.slow = func(method string) {
				if strings.HasSuffix(method, "/"+look) {
					cancel()
				}
			}
			got := safepointIn(t, ctx, address, "", args...)
			assert.Equal(t, codeDetached, got.code, "%s: %s: %s", look, args, got.err)
			assert.Contains(t, got.err, "interrupted: nothing was done", args)
			assert.Empty(t, got.out, args)
		}
	}
}

func TestARequestWhoseRunWasResetIsAnsweredByTheRunThatTookOver(t *testing.T) {
	f, address := newFrontend(t)
	f.status, f.answers[workflows.UpdateReport] = changing("r1"), workflows.ReportAnswer{Accepted: true, Detail: "taken"}
	f.orphans = 2
	got := safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.Equal(t, codeOK, got.code, got.err)
	assert.Contains(t, got.err, "taken")
	assert.Len(t, f.updates, 3)

	f.orphans = 100 // a run that really ended so
	got = safepoint(t, address, "report", "deploy-1", "--runner=r1", "--result=succeeded")
	assert.NotEqual(t, codeOK, got.code)
	assert.Len(t, f.updates, 3+1+maxResets)
}

func TestATerminatedRunOfWhichNobodyKnowsWhetherItWasResetIsNotSaidToHaveEnded(t *testing.T) {
	f, address := newFrontend(t)
	f.status = changing("r1")
	errs, result := watched(t, t.Context(), address, 0, "watch", "deploy-1")
	require.Eventually(t, func() bool { return strings.Contains(errs.String(), "waiting for the report") }, waitFor, tick)
	f.mu.Lock()
	f.closed = terminated()
	f.fails = func(method string) error {
		if strings.HasSuffix(method, "/DescribeWorkflowExecution") {
			return serviceerror.NewUnimplemented("not today")
		}
		return nil
	}
	f.mu.Unlock()
	got := awaitEnd(t, result)
	assert.Equal(t, codePerson, got.code)
	assert.Contains(t, got.err, "deploy-1 was terminated, and Temporal does not say whether by a reset")
	assert.Contains(t, got.err, "safepoint status deploy-1 --wait")
	assert.NotContains(t, got.out+got.err, "ended from outside")
}
