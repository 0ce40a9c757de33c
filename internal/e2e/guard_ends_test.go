package e2e

import (
	"maps"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// guardEnd is one way in which a guard's run ends.
type guardEnd struct {
	edit   func(in map[string]any)
	before func(j *job)
	deploy func(j *job) string // the command; a good change when it is nil
	during func(j *job)        // beside the guard
	code   int
	ran    int // how often the command ran
	// failure is the class of the run's end; outcome is looked at where there is none.
	failure string
	outcome workflows.Outcome
}

// guardEnds are all that a guard can meet.
func guardEnds() map[string]guardEnd {
	all := endsBeforeTheChange()
	maps.Copy(all, endsAfterTheChange())
	maps.Copy(all, endsOfAGuardThatWasAway())
	return all
}

func endsBeforeTheChange() map[string]guardEnd {
	none := field("update", "begin_timeout", "1s")
	return map[string]guardEnd{
		"skipped": {edit: field("lock", "on_busy", "skip"), before: busy, code: 1, outcome: workflows.OutcomeSkipped},

		"server busy":    {edit: field("lock", "on_busy", "fail"), before: busy, code: 1, failure: contract.FailServerBusy},
		"baseline red":   {before: func(j *job) { j.rig.deploys(false) }, code: 1, failure: contract.FailBaseline},
		"no room":        {before: func(j *job) { byHand(5)(j.rig) }, code: 1, failure: contract.FailSnapshotLimit},
		"snapshot fails": {before: func(j *job) { j.fault(vpsfake.Fault{Kind: vpsfake.SnapshotFails, Times: 1}) }, code: 1, failure: contract.FailSnapshot},
		"snapshot is never ready": {edit: field("snapshot", "ready_timeout", "1s"), before: neverReady, code: 1,
			failure: contract.FailSnapshot},
		"no such server":                         {edit: func(in map[string]any) { in["server_id"] = 999_999_999 }, code: 1, failure: contract.FailPreflight},
		"invalid input":                          {edit: field("verify", "interval", "-1s"), code: 2, failure: contract.FailInvalidInput},
		"frozen":                                 {edit: func(in map[string]any) { in["not_during"] = frozenFrom(time.Now().Add(-time.Hour)) }, code: 1, failure: contract.FailPreflight},
		"a freeze window opens before the grant": freezes(),
		"the job is tried after its run gave up": {edit: none, before: func(j *job) { // a run that somebody started without a runner
			j.start(j.id(), j.externalInput(none))
			j.end(j.id(), patience)
		}, code: 1, failure: contract.FailChangeNotStarted},

		"the lock is lost": {before: neverReady, during: func(j *job) { loseLock(j.rig) }, code: 1, failure: contract.FailLockLost},
		"canceled":         {before: neverReady, during: func(j *job) { cancelInWait(j.rig) }, code: 1, outcome: workflows.OutcomeCanceled},
	}
}

func endsAfterTheChange() map[string]guardEnd {
	bad := func(j *job) string { return aDeploy(j.change(false) + lastly) }
	fails := func(j *job) string { return aDeploy(j.change(true) + lastly + "exit 9\n") }
	return map[string]guardEnd{
		"committed": {code: 0, ran: 1, outcome: workflows.OutcomeCommitted},

		"the command fails":              {deploy: fails, code: 3, ran: 1, failure: contract.FailRolledBack},
		"the command cannot be executed": {deploy: func(*job) string { return "\x7fELF, but not really" }, code: 1, failure: contract.FailChangeNotStarted},
		"the checks are red":             {deploy: bad, code: 3, ran: 1, failure: contract.FailRolledBack},

		"failed and not rolled back": {edit: field("rollback", "on_failure", "none"), deploy: fails, code: 4, ran: 1, failure: contract.FailChange},
		"held until the time is over": {edit: func(in map[string]any) {
			field("rollback", "on_failure", "hold")(in)
			shortHold(in)
		}, deploy: bad, code: 4, ran: 1, failure: contract.FailChange},
		"rolled back but red": {edit: func(in map[string]any) {
			part(in, "verify")["baseline"] = false // its check is red at all times
			field("verify", "checks", []any{map[string]any{"name": "nobody", "kind": "tcp", "address": "127.0.0.1:1"}})(in)
		}, deploy: fails, code: 4, ran: 1, failure: contract.FailRolledBackUnverified},
		"the restore is refused": {edit: shortHold, before: func(j *job) { j.fault(*foreignRestore) }, deploy: fails, code: 4, ran: 1,
			failure: contract.FailRollback},
		"terminated": {deploy: waits, during: (*job).terminated, code: 4, ran: 1, failure: terminated},
		"a person commits what failed": {edit: field("rollback", "on_failure", "hold"), deploy: fails, during: (*job).commitsAnyway, code: 4, ran: 1,
			outcome: workflows.OutcomeCommitted},
		"another run had the server": {edit: field("update", "heartbeat_timeout", "10m"), during: (*job).overtaken, code: 4, ran: 1,
			failure: contract.FailChangeUnknown,
			deploy:  func(j *job) string { return aDeploy(j.change(true) + mark("changed") + await("go") + lastly) }},
	}
}

// A guard that is cut off stops its command, and learns only afterwards how the run ended without its word.
func endsOfAGuardThatWasAway() map[string]guardEnd {
	away := func(end guardEnd, edits ...func(in map[string]any)) guardEnd {
		var w *wire
		end.edit = func(in map[string]any) {
			for _, edit := range append(edits, silentAfter(withBeats)) {
				edit(in)
			}
		}
		end.before = func(j *job) { w = j.newWire() }
		end.deploy, end.ran = waits, 1
		end.during = func(j *job) {
			j.wrote("changed")
			w.swallows()
			j.end(j.id(), patience)
			w.heal()
		}
		return end
	}
	return map[string]guardEnd{
		"nobody decides":         away(guardEnd{code: 4, failure: contract.FailChangeUnknown}, shortHold),
		"unknown is rolled back": away(guardEnd{code: 3, failure: contract.FailRolledBack}, field("update", "on_unknown", "rollback")),
		"unknown is kept":        away(guardEnd{code: 4, outcome: workflows.OutcomeCommitted}, field("update", "on_unknown", "commit")),
	}
}

// terminated is the end of a run that was ended from outside: it is Temporal's word, and there is no report.
const terminated = "Terminated"

func waits(j *job) string { return aDeploy(j.change(true) + mark("changed") + await("never")) }

// busy makes another run hold the server.
func busy(j *job) {
	answer := j.gate(vpsfake.OpDeployHook, "")
	j.start("holder-of-"+j.id(), j.input(true, nil))
	j.whenSent(vpsfake.OpDeployHook)
	j.t.Cleanup(answer)
}

func neverReady(j *job) { j.fault(*snapshotNeverReady) }

// frozenFrom is a freeze window that lasts for the test.
func frozenFrom(start time.Time) []any {
	return []any{map[string]any{"reason": "release freeze", "start": start.Format(time.RFC3339), "end": start.Add(2 * time.Hour).Format(time.RFC3339)}}
}

// freezes is a run whose freeze window opens while its snapshot is made. The time before it is what preflight may take.
func freezes() guardEnd {
	var opens time.Time
	var answer func()
	return guardEnd{
		edit: func(in map[string]any) {
			if opens.IsZero() {
				opens = time.Now().Add(patience / 2)
			}
			in["not_during"] = frozenFrom(opens)
		},
		before: func(j *job) { answer = j.gate(vpsfake.OpCreateSnapshot, vpsfake.EffectBefore) },
		during: func(j *job) {
			j.whenSent(vpsfake.OpCreateSnapshot)
			j.gate(vpsfake.OpAnyRead, "") // the wait for the snapshot
			answer()
			j.eventually(patience, "the window to open", func() bool { return time.Now().After(opens) })
			j.open()
		},
		code: 1, failure: contract.FailChangeNotStarted,
	}
}

func (j *job) terminated() {
	j.wrote("changed")
	require.NoError(j.t, j.temp.TerminateWorkflow(j.t.Context(), j.id(), "", "by hand"))
}

func (j *job) commitsAnyway() {
	j.inPhase(j.id(), workflows.PhaseHold, patience)
	require.NoError(j.t, j.decide(j.id(), "anyway", workflows.DecideCommit))
}

// overtaken lets another run have the server during the change: the run's worker is away, and its lock is gone.
func (j *job) overtaken() {
	j.wrote("changed")
	j.worker.Kill()
	j.terminateLock()
	second := *j.rig
	second.queue = j.queue + "-other"
	worker, err := stack.AddWorker(j.t.Context(), second.queue)
	require.NoError(j.t, err)
	j.t.Cleanup(worker.Kill)
	other := j.id() + "-other"
	second.startOf(workflows.TypeSnapshotRotation, other, rotationInput(func(in map[string]any) { in["create"] = false }, j.server))
	require.Equal(j.t, workflows.OutcomeRotated, second.end(other, patience).Outcome)
	require.NoError(j.t, j.worker.Start(j.t.Context()))
	j.touch("go")
}
