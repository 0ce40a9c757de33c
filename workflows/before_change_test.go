package workflows

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func serverIs(status contract.ServerStatus) step {
	return step{reply: contract.PreflightResult{RunID: testRunID, Server: contract.Server{ID: testServerID, Status: status}}}
}

func awaitedSnapshot(state contract.AwaitState, status contract.SnapshotStatus) step {
	return step{reply: contract.AwaitSnapshotResult{State: state, Snapshot: ownSnapshot(testSnapshotID, status), Detail: "seen"}}
}

func TestEveryFailingStepBeforeTheChangeEndsWithItsClass(t *testing.T) {
	cases := []struct {
		name, activity string
		steps          []step
		failure, says  string
	}{
		{"the token is refused", contract.ActivityPreflight, []step{apiError(contract.ErrUnauthorized)}, contract.FailPreflight, "VPS_API_TOKEN"},
		{"no such server", contract.ActivityPreflight, []step{apiError(contract.ErrNotFound)}, contract.FailPreflight, "server_id"},
		{"the API is down", contract.ActivityPreflight, []step{apiError(contract.ErrUnavailable)}, contract.FailPreflight, "API"},
		{"the server is stopped", contract.ActivityPreflight, []step{serverIs(contract.ServerStopped)}, contract.FailPreflight, `"stopped"`},
		{"the server is suspended", contract.ActivityPreflight, []step{serverIs(contract.ServerSuspended)}, contract.FailPreflight, `"suspended"`},
		{"the server is being restored", contract.ActivityPreflight, []step{serverIs(contract.ServerRestoring)}, contract.FailPreflight, `"restoring"`},
		{"the server's status is not known", contract.ActivityPreflight, []step{serverIs("migrating")}, contract.FailPreflight, `"migrating"`},
		{"the checks are red already", contract.ActivityVerify, []step{verified(contract.VerdictFailed)}, contract.FailBaseline, "red before the change"},
		{"the checks cannot be made", contract.ActivityVerify, []step{verified(contract.VerdictInconclusive)}, contract.FailBaseline, "cannot be made"},
		{"the baseline errs", contract.ActivityVerify, []step{apiError("Broken")}, contract.FailBaseline, "could not be taken"},
		{"the baseline says nothing", contract.ActivityVerify, []step{verified("")}, contract.FailBaseline, "cannot be made"},
		{"the snapshot is refused", contract.ActivityCreateSnapshot, []step{created(write(contract.WriteRefused, 400))}, contract.FailSnapshot, "HTTP 400"},
		{"no such server at the create", contract.ActivityCreateSnapshot, []step{created(write(contract.WriteRefused, 404))}, contract.FailSnapshot, "HTTP 404"},
		{"the token is refused at the create", contract.ActivityCreateSnapshot, []step{created(write(contract.WriteUnauthorized, 401))}, contract.FailSnapshot, "VPS_API_TOKEN"},
		{"the API never takes the snapshot", contract.ActivityCreateSnapshot, []step{created(write(contract.WriteNotSent, 429))}, contract.FailSnapshot, "ready_timeout"},
		{"the snapshot failed", contract.ActivityAwaitSnapshot, []step{awaitedSnapshot(contract.AwaitFailed, contract.SnapshotFailed)}, contract.FailSnapshot, `"failed"`},
		{"the snapshot is gone", contract.ActivityAwaitSnapshot, []step{awaitedSnapshot(contract.AwaitGone, "")}, contract.FailSnapshot, "deleted"},
		{"the snapshot took too long", contract.ActivityAwaitSnapshot, []step{awaitedSnapshot(contract.AwaitTimedOut, contract.SnapshotInProgress)}, contract.FailSnapshot, "ready_timeout"},
		{"the wait for the snapshot errs", contract.ActivityAwaitSnapshot, []step{apiError(contract.ErrUnauthorized)}, contract.FailSnapshot, "900"},
		{"done without being completed (law 2)", contract.ActivityAwaitSnapshot, []step{awaitedSnapshot(contract.AwaitDone, "archived")}, contract.FailSnapshot, "not completed"},
		{"a wait that ends in a word not known", contract.ActivityAwaitSnapshot, []step{awaitedSnapshot("paused", contract.SnapshotCompleted)}, contract.FailSnapshot, "not completed"},
		{"the webhook cannot be reached", contract.ActivitySendWebhook, []step{changed(contract.ChangeNotStarted)}, contract.FailChangeNotStarted, "nothing was sent"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := newHarness(t).on(c.activity, c.steps...).run()
			assert.Equal(t, c.failure, e.failure)
			assert.Equal(t, OutcomeNotChanged, e.report.Outcome)
			assert.Contains(t, e.err.Error(), c.says)
			assert.Contains(t, e.report.Summary, "The server was not changed.")
			assert.Zero(t, e.count(contract.ActivityRestoreSnapshot))
			if c.activity != contract.ActivitySendWebhook {
				assert.Zero(t, e.count(contract.ActivitySendWebhook))
			}
			assert.Equal(t, []error{nil}, e.lockEnds, "the lock is released")
		})
	}
}

func TestTheQuotaIsPlannedAndNotHit(t *testing.T) {
	h := newHarness(t)
	for id := int64(801); id <= 805; id++ {
		h.existing = append(h.existing, handMade(id))
	}
	e := h.run()
	assert.Equal(t, contract.FailSnapshotLimit, e.failure)
	assert.Empty(t, e.wrote())
	assert.Contains(t, e.err.Error(), "805", "the list is shown")
}

func TestARefusedCreateIsToldApartByCounting(t *testing.T) {
	five := []contract.Snapshot{handMade(801), handMade(802), handMade(803), handMade(804), handMade(805)}
	listed := func(all []contract.Snapshot) step { return step{reply: contract.FindSnapshotResult{All: all}} }
	refused := created(write(contract.WriteRefused, 400))

	e := newHarness(t).on(contract.ActivityCreateSnapshot, refused).on(contract.ActivityListSnapshots, listed(five)).run()
	assert.Equal(t, contract.FailSnapshotLimit, e.failure, "somebody took the last places after the preflight")
	e = newHarness(t).on(contract.ActivityCreateSnapshot, refused).on(contract.ActivityListSnapshots, listed(five[:4])).run()
	assert.Equal(t, contract.FailSnapshot, e.failure)
	e = newHarness(t).on(contract.ActivityCreateSnapshot, refused).on(contract.ActivityListSnapshots, apiError(contract.ErrUnavailable)).run()
	assert.Equal(t, contract.FailSnapshot, e.failure, "a list that is not whole proves nothing (law 5)")
}

func TestAReadThatFailsOnceIsRepeated(t *testing.T) {
	e := newHarness(t).on(contract.ActivityPreflight, step{err: assert.AnError}, step{}).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 2, e.count(contract.ActivityPreflight))
}

func TestAnInputThatCannotBeUsedContactsNobody(t *testing.T) {
	h := newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.ServerID, in.Update.Kind = 0, "ftp" })
	e := h.run()
	assert.Equal(t, contract.FailInvalidInput, e.failure)
	assert.Contains(t, e.err.Error(), "server_id")
	assert.Contains(t, e.err.Error(), "update.kind")
	assert.Empty(t, e.calls)
	assert.Empty(t, e.locks)
}

func TestARunWithNoInputAtAllIsRefused(t *testing.T) {
	h := newHarness(t)
	h.env.ExecuteWorkflow(TypeSnapshotUpdateVerify)
	assert.ErrorContains(t, h.env.GetWorkflowError(), contract.FailInvalidInput)
	assert.Empty(t, h.calls)
	assert.Empty(t, h.locks)
}

func TestAFalseBaselineDoesNotLookBeforeTheChange(t *testing.T) {
	e := newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Verify.Baseline = false }).run()
	assert.Equal(t, OutcomeCommitted, e.report.Outcome)
	assert.Equal(t, 1, e.count(contract.ActivityVerify))
	assert.Equal(t, VerifiedChange, e.report.Verifications[0].Of)
}

func TestTheBaselineAsksForOneGreenRound(t *testing.T) {
	e := newHarness(t, func(in *SnapshotUpdateVerifyInput) { in.Verify.Successes, in.Verify.BakeTime = 5, Duration(3600e9) }).run()
	looks := inputs[contract.VerifyInput](e.harness, contract.ActivityVerify)
	assert.Equal(t, 1, looks[0].Successes)
	assert.Zero(t, looks[0].BakeTime)
	assert.Equal(t, 3, looks[0].Inconclusives, "a checker that cannot look is told at once")
	assert.Equal(t, 5, looks[1].Successes)
	assert.Equal(t, Duration(3600e9), looks[1].BakeTime)
	assert.Zero(t, looks[1].Inconclusives)
}
