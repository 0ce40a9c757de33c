package workflows

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

func TestEveryKindOfEndCarriesItsReport(t *testing.T) {
	cases := []struct {
		outcome Outcome
		failure string
		script  func(h *harness)
	}{
		{OutcomeCommitted, "", func(*harness) {}},
		{OutcomeSkipped, "", func(h *harness) {
			h.in.Lock.OnBusy, h.busy = BusySkip, 1
			h.on(contract.ActivityAwaitLock, heldBy(testHolder))
		}},
		{OutcomePlanned, "", func(h *harness) { h.in.DryRun = true }},
		{OutcomeNotChanged, contract.FailBaseline, func(h *harness) { h.on(verify, red) }},
		{OutcomeCanceled, "", func(h *harness) {
			h.on(contract.ActivityAwaitSnapshot, step{during: h.env.CancelWorkflow, never: true})
		}},
		{OutcomeRolledBack, contract.FailRolledBack, func(h *harness) { h.on(verify, passed, red, passed) }},
		{OutcomeRolledBackUnverified, contract.FailRolledBackUnverified, func(h *harness) { h.on(verify, passed, red) }},
		{OutcomeRollbackFailed, contract.FailRollback, func(h *harness) {
			h.on(verify, passed, red).on(restore, restored(write(contract.WriteRefused, 404)))
		}},
		{OutcomeChangeFailed, contract.FailChange, func(h *harness) {
			h.in.Rollback.OnFailure = FailureNone
			h.on(verify, passed, red)
		}},
		{OutcomeChangeUnknown, contract.FailChangeUnknown, func(h *harness) { h.on(contract.ActivitySendWebhook, workerKilled()) }},
	}
	for _, c := range cases {
		t.Run(string(c.outcome), func(t *testing.T) {
			h := newHarness(t)
			c.script(h)
			e := h.run() // its own checks compare the report with the error and the search attributes
			r := e.report
			assert.Equal(t, c.outcome, r.Outcome)
			assert.Equal(t, c.failure, e.failure)
			assert.Equal(t, c.failure, r.Failure)
			assert.Equal(t, []any{TypeSnapshotUpdateVerify, testRunID, testRunID, int64(testServerID), "deploy web 2.14.0"},
				[]any{r.Runbook, r.RunID, r.OriginalRunID, r.ServerID, r.Reason})
			assert.Equal(t, e.count(contract.ActivityPreflight) > 0, r.ServerName == "web-server-01")
			assert.True(t, r.StartedAt.Equal(testStart))
			assert.False(t, r.EndedAt.Before(r.StartedAt))
			assert.Equal(t, e.count(contract.ActivityVerify), len(r.Verifications), "every verdict is in the report")
			assert.Equal(t, r.Change != nil, r.Snapshot != nil)
			if c.failure != "" && c.failure != contract.FailRolledBack {
				assert.NotEmpty(t, r.Next, "a failed end says what to do")
			}
		})
	}
}

func TestSearchAttributesFollowThePhases(t *testing.T) {
	h := newHarness(t).on(verify, passed, red, passed)
	h.run()
	var phases []any
	for _, u := range h.upserts {
		phases = append(phases, u[SearchAttributePhase])
	}
	assert.Equal(t, []any{"preflight", "snapshot", "change", "verify", "rollback", "done"}, phases)
	assert.Equal(t, map[string]any{SearchAttributeServerID: int64(testServerID), SearchAttributePhase: "preflight"}, h.upserts[0])
	assert.Equal(t, map[string]any{SearchAttributeOutcome: "rolled_back", SearchAttributePhase: "done"}, h.upserts[5])
}

func TestTheStatusAnswersInEveryPhase(t *testing.T) {
	h := newHarness(t)
	seen := map[Phase]Status{}
	look := func() {
		s := h.status()
		seen[s.Phase] = s
	}
	slow := func(s step) step {
		s.during, s.takes = look, time.Minute
		return s
	}
	h.busy = 1
	h.on(contract.ActivityAwaitLock, slow(step{})).on(contract.ActivityPreflight, slow(step{})).on(contract.ActivityAwaitSnapshot, slow(step{}))
	h.on(contract.ActivitySendWebhook, slow(step{})).on(verify, passed, slow(inconclusive), passed).on(awaitRestore, slow(step{}))
	h.at(time.Hour, look).at(2*time.Hour, func() { h.decide(DecideRollback) })
	h.run()
	look()
	for _, phase := range []Phase{PhaseLock, PhasePreflight, PhaseSnapshot, PhaseChange, PhaseVerify, PhaseHold, PhaseRollback, PhaseDone} {
		s, ok := seen[phase]
		require.True(t, ok, "no status in phase %s", phase)
		assert.Equal(t, int64(testServerID), s.ServerID)
		assert.NotEmpty(t, s.WaitingFor)
		assert.NotEmpty(t, s.CanDo)
		assert.False(t, s.Since.IsZero())
	}
	assert.Equal(t, Duration(3*time.Minute), seen[PhaseSnapshot].Window.Min)
	assert.Equal(t, Duration(15*time.Minute), seen[PhaseRollback].Window.Max)
	assert.Nil(t, seen[PhaseChange].Window)
	assert.Equal(t, int64(testSnapshotID), seen[PhaseChange].Snapshot.ID)
	assert.Equal(t, VerifiedBaseline, seen[PhaseVerify].LastVerification.Of)
	assert.Equal(t, []Decision{DecideCommit, DecideRollback, DecideExtend}, seen[PhaseHold].Hold.Decisions)
	assert.Equal(t, []string{"safepoint commit default-test-workflow-id", "safepoint rollback default-test-workflow-id", "safepoint extend default-test-workflow-id"}, seen[PhaseHold].CanDo)
	assert.Equal(t, []string{"safepoint abort default-test-workflow-id  # leaves the server safe"}, seen[PhaseVerify].CanDo)
	assert.Contains(t, seen[PhaseRollback].CanDo[0], "never interrupted")
	assert.Nil(t, seen[PhaseRollback].Hold)
	assert.Equal(t, OutcomeRolledBack, seen[PhaseDone].Outcome)
}

// Outside text is whatever servers, checks, endpoints and runners say. In the UI's Markdown it stands in code spans.
func TestARunThatCannotBeStoppedAnyMoreNamesNoCommandThatWouldBeRefused(t *testing.T) {
	for _, r := range []*serverRun{{phase: PhaseCommit}, {phase: PhaseRollback, restoreBegun: true}, {phase: PhaseVerify, restoreBegun: true}} {
		r.report.WorkflowID = "deploy 1"
		can := r.canDo()
		require.Len(t, can, 1)
		assert.True(t, strings.HasPrefix(can[0], "safepoint status 'deploy 1' --wait  # "), can[0])
	}
}

func TestOutsideTextNeverBecomesMarkdownInTheCurrentDetails(t *testing.T) {
	const hostile = "` ![x](https://evil.example/x.png) **b** <img src=x>\n# h"
	h := newHarness(t, external)
	h.server.Name = hostile
	bad := verdict(contract.VerdictInconclusive)
	bad.Detail = hostile
	h.on(verify, passed, step{reply: bad}, step{reply: bad})
	var details []string
	look := func() { details = append(details, h.details()) }
	h.at(0, func() { h.begin(hostile) })
	h.at(time.Second, look)
	h.at(2*time.Second, func() {
		h.update(UpdateReport, ReportRequest{Runner: hostile, Result: contract.ChangeSucceeded, Detail: hostile})
	})
	h.at(time.Hour, look)
	h.at(2*time.Hour, func() { h.decide(DecideRollback) })
	e := h.run()
	look()
	assert.Equal(t, contract.FailRolledBackUnverified, e.failure)
	require.Len(t, details, 3)
	for _, d := range details {
		assert.Contains(t, d, "evil.example", "the text is shown, only not as Markdown")
		outside := withoutCodeSpans(d)
		for _, mark := range []string{"evil.example", "![", "<img", "**b**", "# h"} {
			assert.NotContains(t, outside, mark)
		}
	}
}

// withoutCodeSpans is what Markdown renders of a text beside its code spans.
func withoutCodeSpans(text string) string {
	var out []string
	for i, part := range strings.Split(text, "`") {
		if i%2 == 0 {
			out = append(out, part)
		}
	}
	return strings.Join(out, "")
}

// A run that was reset cannot say that the server was not changed: the run before may have done so.
func TestAResetRunNeverClaimsThatTheServerWasNotTouched(t *testing.T) {
	h := newHarness(t).on(verify, red)
	h.originalRunID = "the-run-before-the-reset"
	e := h.run()
	require.Equal(t, contract.FailBaseline, e.failure)
	assert.Contains(t, e.report.Summary, "an earlier run of it may have changed the server")
}

// Law 11: what the run before a reset has sent goes on without it, and may leave the server down.
func TestAResetRunThatEndsEarlySendsAPersonToTheServer(t *testing.T) {
	ends := map[string]func() *harness{
		"skipped": func() *harness {
			h := newHarness(t, onBusy(BusySkip))
			h.busy = 1
			return h.on(contract.ActivityAwaitLock, heldBy(testHolder))
		},
		"red before": func() *harness { return newHarness(t).on(verify, red) },
	}
	for name, begin := range ends {
		t.Run(name, func(t *testing.T) {
			h := begin()
			h.originalRunID = "the-run-before-the-reset"
			e := h.run()
			assert.Contains(t, e.report.Summary, "an earlier run of it may have changed the server")
			assert.Contains(t, e.report.Next, "start server 12345 at VPS.org if it is down")
			assert.NotContains(t, begin().run().report.Next, "start server", "without a reset")
		})
	}
	t.Run("denied", func(t *testing.T) {
		h := newRestore(t, asksFirst)
		h.originalRunID = "the-run-before-the-reset"
		e := h.run()
		assert.Equal(t, contract.FailNotApproved, e.failure)
		assert.Contains(t, e.report.Next, "start server 12345 at VPS.org if it is down; then start the run again")
	})
}

func TestACommitSaysOnWhatItRests(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(in *SnapshotUpdateVerifyInput)
		want string
	}{
		"no change": {func(in *SnapshotUpdateVerifyInput) { in.Update = UpdateInput{Kind: UpdateNone} }, "No change was asked for"},
		"webhook":   {func(*SnapshotUpdateVerifyInput) {}, "The change was made, passed verification"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHarness(t)
			c.edit(&h.in)
			e := h.run()
			require.Equal(t, OutcomeCommitted, e.report.Outcome)
			assert.Contains(t, e.report.Summary, c.want)
		})
	}
}
