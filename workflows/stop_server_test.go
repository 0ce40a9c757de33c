package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func stopServer(in *SnapshotUpdateVerifyInput) { in.Snapshot.StopServer = true }

var stop, start, awaitServer = contract.ActivityStopServer, contract.ActivityStartServer, contract.ActivityAwaitServer

// stillDown is what the last look of a run sees when the stop took effect: down after VPS_SETTLE.
var stillDown = step{reply: func(in contract.AwaitServerInput) contract.AwaitServerResult {
	status := in.Want
	if in.Settle && in.Want == contract.ServerActive {
		status = contract.ServerStopped
	}
	return contract.AwaitServerResult{State: contract.AwaitDone, Server: contract.Server{ID: testServerID, Status: status}}
}}

func TestAServerStoppedForItsSnapshotIsStartedAndLookedAtAgainBeforeTheChange(t *testing.T) {
	h := newHarness(t, stopServer)
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, []string{
		contract.ActivityPreflight, verify, stop, awaitServer, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot,
		start, verify, contract.ActivitySendWebhook, verify,
	}, e.names())
	assert.Equal(t, VerifiedBaseline, e.report.Verifications[1].Of)
	again := inputs[contract.VerifyInput](h, verify)[1]
	assert.Greater(t, again.Failures, 1000, "a server that starts may be red for as long as verify.timeout")
}

func TestWithoutABaselineTheStartIsWaitedForByStatus(t *testing.T) {
	e := newHarness(t, stopServer, func(in *SnapshotUpdateVerifyInput) { in.Verify.Baseline = false }).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, []string{start, awaitServer, contract.ActivitySendWebhook, verify}, e.names()[5:])
}

func TestAStartWhoseAnswerIsUnclearIsWatchedByStatus(t *testing.T) {
	h := newHarness(t, stopServer).on(start, powered(write(contract.WriteAmbiguous, 0)))
	e := h.run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	looks := inputs[contract.AwaitServerInput](h, awaitServer)
	assert.True(t, looks[len(looks)-1].Settle)
}

func TestAServerThatComesBackIllFromItsStopIsNotBlamedOnTheChange(t *testing.T) {
	e := newHarness(t, stopServer).on(verify, passed, red).run()
	assert.Equal(t, contract.FailBaseline, e.failure)
	assert.Zero(t, e.count(contract.ActivitySendWebhook))
}

// Law 11: on every path after a stop may have been sent the server is up at the end.
func TestEveryEndAfterAStopLeavesTheServerUp(t *testing.T) {
	cases := map[string]func(h *harness){
		"canceled while it stops": func(h *harness) { h.on(stop, step{during: h.env.CancelWorkflow, takes: time.Second}) },
		"canceled while it is down": func(h *harness) {
			h.on(contract.ActivityAwaitSnapshot, step{during: h.env.CancelWorkflow, never: true})
		},
		"canceled while it is saved": func(h *harness) {
			h.on(contract.ActivityCreateSnapshot, step{during: h.env.CancelWorkflow, takes: time.Second})
		},
		"the create is refused": func(h *harness) { h.on(contract.ActivityCreateSnapshot, created(write(contract.WriteRefused, 400))) },
		"the snapshot fails": func(h *harness) {
			h.on(contract.ActivityAwaitSnapshot, awaitedSnapshot(contract.AwaitFailed, contract.SnapshotFailed))
		},
		"the snapshot is late": func(h *harness) {
			h.on(contract.ActivityAwaitSnapshot, awaitedSnapshot(contract.AwaitTimedOut, contract.SnapshotInProgress))
		},
		"the lock is lost": func(h *harness) {
			h.on(contract.ActivityAwaitSnapshot, step{during: h.endLock, never: true})
		},
	}
	for name, script := range cases {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, stopServer).on(awaitServer, stillDown)
			script(h)
			e := h.run()
			assert.Zero(t, e.count(contract.ActivitySendWebhook))
			assert.LessOrEqual(t, len(h.locks), 2, "a lost lock is taken again once, to start the server")
			names := e.names()
			assert.Equal(t, []string{awaitServer, start, awaitServer}, names[len(names)-3:])
			looks := inputs[contract.AwaitServerInput](h, awaitServer)
			assert.True(t, looks[len(looks)-2].Settle, "a stop that was sent may still take effect")
			assert.NotContains(t, strings.Join(e.report.Notes, "\n"), "may still be down")
		})
	}
}

func TestAStopThatMayHaveBeenSentIsWatched(t *testing.T) {
	for name, s := range map[string]step{
		"worker killed": workerKilled(), "unclear": powered(write(contract.WriteAmbiguous, 0)), "refused": powered(write(contract.WriteRefused, 400)),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t, stopServer).on(stop, s)
			e := h.run()
			assert.Equal(t, OutcomeCommitted, e.report.Outcome)
			assert.True(t, inputs[contract.AwaitServerInput](h, awaitServer)[0].Settle, "the status after VPS_SETTLE tells")
			assert.Equal(t, 1, e.count(stop))
		})
	}
}

// Law 11: a run that was reset to before its stop does not know whether the run before has sent one.
func TestARunThatWasResetToBeforeItsStopLeavesTheServerUp(t *testing.T) {
	redBaseline := func(originalRunID string) ended {
		h := newHarness(t, stopServer).on(verify, red).on(awaitServer, stillDown, step{})
		h.originalRunID = originalRunID
		return h.run()
	}
	e := redBaseline("the-run-before-the-reset")
	assert.Equal(t, contract.FailBaseline, e.failure)
	assert.Equal(t, []string{contract.ActivityPreflight, verify, awaitServer, start, awaitServer}, e.names())
	assert.Contains(t, strings.Join(e.report.Notes, " "), "may have stopped the server")

	e = redBaseline(testRunID)
	assert.Equal(t, []string{contract.ActivityPreflight, verify}, e.names(), "a run that was not reset has stopped nothing")
}

func TestAServerThatCannotBeStoppedEndsBeforeTheSnapshot(t *testing.T) {
	h := newHarness(t, stopServer).on(stop, powered(write(contract.WriteRefused, 400)))
	h.on(awaitServer, step{reply: contract.AwaitServerResult{State: contract.AwaitDone, Server: h.server}, takes: time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Zero(t, e.count(contract.ActivityCreateSnapshot))
	assert.Zero(t, e.count(start), "it was never down")
}

func TestAServerThatStaysDownIsSaidSo(t *testing.T) {
	h := newHarness(t, stopServer).on(start, powered(write(contract.WriteRefused, 400)))
	h.on(awaitServer, step{}, step{reply: contract.AwaitServerResult{State: contract.AwaitTimedOut}, takes: 5 * time.Minute})
	e := h.run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Contains(t, e.report.Next, "start server 12345")
	assert.Contains(t, e.report.Summary, "may still be down")
	assert.Zero(t, e.count(contract.ActivitySendWebhook))
}

func TestAPowerCallWaitsForTheTokenAndTheRateLimit(t *testing.T) {
	e := newHarness(t, stopServer).on(stop, powered(write(contract.WriteUnauthorized, 401)), powered(write(contract.WriteNotSent, 429)), step{}).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 1, e.count(contract.ActivityAwaitAccess))
	assert.Equal(t, 3, e.count(stop))
}

// Law 9: before the change a cancel stops. A server that is still up is not taken down after it.
func TestLaw9ACancelEndsTheTriesToStopTheServer(t *testing.T) {
	h := newHarness(t, stopServer).on(stop, powered(write(contract.WriteNotSent, 0)))
	h.at(3*time.Second, func() { h.env.CancelWorkflow() })
	e := h.run()
	assert.Equal(t, OutcomeCanceled, e.report.Outcome)
	assert.LessOrEqual(t, e.count(stop), 2, "not one more after the cancel")
}

func TestALockLostWhileTheServerIsStartedIsLockLostAndTheServerIsUp(t *testing.T) {
	h := newHarness(t, stopServer)
	lost := powered(write(contract.WriteLockLost, 0))
	lost.during = h.endLock
	h.on(start, lost, step{}).on(awaitServer, step{}, stillDown)
	e := h.run()
	assert.Equal(t, contract.FailLockLost, e.failure)
	assert.Equal(t, 2, e.count(start), "started all the same, under the lock taken again")
	assert.Zero(t, e.count(contract.ActivitySendWebhook))
}

func TestAnUnknownPowerPathNamesTheSetting(t *testing.T) {
	e := newHarness(t, stopServer).on(stop, powered(write(contract.WriteRefused, 404))).run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	assert.Contains(t, e.report.Summary, "VPS_POWER_PATH")
	assert.Equal(t, 1, e.count(stop))
}
