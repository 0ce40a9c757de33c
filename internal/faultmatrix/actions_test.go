package faultmatrix

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// story is a scenario whose right end is told by hand.
type story struct {
	scenario
	want expectation
	// also looks at what is special about it.
	also func(t *testing.T, e ended)
}

func storyName(s story) string { return s.name }

func tell(t *testing.T, s story) {
	e := runbook(t, s.scenario)
	e.check(s.want)
	for _, i := range s.incidents {
		if i.happens == nil && i.fault.Kind != vpsfake.ClockOff {
			e.struck(i.fault.Kind)
		}
	}
	if s.also != nil {
		s.also(t, e)
	}
}

// in makes a story of a flow in which faults are there from the start.
func in(f flow, name string, want func(s scenario) expectation, faults ...vpsfake.Fault) story {
	s := f.scenario()
	s.name = string(f) + "/" + name
	for _, fault := range faults {
		s.incidents = append(s.incidents, incident{fault: fault})
	}
	return story{scenario: s, want: want(s)}
}

// shortly makes the run's own patience with what goes wrong, the restore of a bad flow or else the snapshot, end after a
// second; it is real time that these scenarios wait out.
func shortly(s story) story {
	s.input = func(in object) {
		if s.bad {
			in["rollback"].(object)["restore_timeout"] = "1s"
		} else {
			in["snapshot"].(object)["ready_timeout"] = "1s"
		}
	}
	return s
}

func (s story) and(also func(t *testing.T, e ended)) story {
	s.also = also
	return s
}

func failedSnapshot(s scenario) expectation { return undisturbed(s).fails(contract.FailSnapshot, true) }

func failedRollback(s scenario) expectation {
	want := undisturbed(s)
	want.failure = contract.FailRollback
	return want
}

func onSnapshot(kind vpsfake.FaultKind, d time.Duration) vpsfake.Fault {
	return vpsfake.Fault{Kind: kind, Op: vpsfake.OpCreateSnapshot, Duration: d, Times: 1}
}

func onRestore(kind vpsfake.FaultKind, d time.Duration) vpsfake.Fault {
	return vpsfake.Fault{Kind: kind, Op: vpsfake.OpRestoreSnapshot, Duration: d, Times: 1}
}

func TestAnActionThatGoesWrongEndsAsItShould(t *testing.T) {
	startedAgain := func(t *testing.T, e ended) {
		assert.True(t, e.report.Rollback.StartedServer)
		assert.Equal(t, 1, e.fake.Server(serverID).Starts)
	}
	notStarted := func(t *testing.T, e ended) {
		assert.Zero(t, e.fake.Server(serverID).Starts, "a start in the middle of a restore")
	}
	all := []story{
		in(flowGood, "the snapshot fails", failedSnapshot, onSnapshot(vpsfake.SnapshotFails, 0)),
		in(flowGood, "the snapshot ends in an error", failedSnapshot, vpsfake.Fault{Kind: vpsfake.SnapshotFails, Op: vpsfake.OpCreateSnapshot, Status: "error"}),
		in(flowStop, "the snapshot of a stopped server fails", failedSnapshot, onSnapshot(vpsfake.SnapshotFails, 0)),
		in(flowGood, "an unknown status for a while", undisturbed, onSnapshot(vpsfake.UnknownStatus, 200*time.Millisecond)),
		shortly(in(flowGood, "an unknown status for ever", failedSnapshot, onSnapshot(vpsfake.UnknownStatus, 0))),
		shortly(in(flowGood, "a snapshot that never finishes", failedSnapshot, onSnapshot(vpsfake.NeverFinishes, 0))),
		shortly(in(flowStop, "a snapshot of a stopped server that never finishes", failedSnapshot, onSnapshot(vpsfake.NeverFinishes, 0))),
		in(flowBad, "an unknown status while restoring", undisturbed, onRestore(vpsfake.UnknownStatus, 200*time.Millisecond)),
		shortly(in(flowBad, "an unknown status while restoring, for ever", failedRollback, onRestore(vpsfake.UnknownStatus, 0))),
		shortly(in(flowBad, "a restore that never finishes", failedRollback, onRestore(vpsfake.NeverFinishes, 0))),
		in(flowBad, "the server comes back stopped", undisturbed, onRestore(vpsfake.ComesBackStopped, 0)).and(startedAgain),
		in(flowBad, "the status lags", undisturbed, onRestore(vpsfake.StatusLags, lag)),
		in(flowBad, "stopped before restoring", undisturbed, onRestore(vpsfake.StoppedBeforeRestoring, lag)).and(notStarted),
		in(flowBad, "the restore ends at once", undisturbed, onRestore(vpsfake.EndsAtOnce, 0)),
		in(flowStopBad, "the server comes back stopped", undisturbed, onRestore(vpsfake.ComesBackStopped, 0)),
	}
	each(t, all, storyName, tell)
}

// foreignTakes is how long somebody else's restore goes on: it must be under way until our run has come to look, on the
// slowest machine.
const foreignTakes = 5 * time.Second

// somebodyElse is a restore by somebody else, which begins when an activity starts.
func somebodyElse(activity string, at int) incident {
	return incident{activity: activity, at: at, happens: func(h *harness) {
		h.fake.SetFault(vpsfake.Fault{Kind: vpsfake.ForeignRestore, ServerID: serverID})
	}}
}

// verifyOfChange is which start of Verify looks at the change: the first one takes the baseline.
const verifyOfChange = 2

func TestARestoreBySomebodyElseIsHeldForAPersonAndNeverTakenForOurs(t *testing.T) {
	t.Parallel() // it waits far more than it works
	moments := map[string]incident{
		"at the webhook":           somebodyElse(contract.ActivitySendWebhook, 1),
		"while verifying":          somebodyElse(contract.ActivityVerify, verifyOfChange),
		"before we look":           somebodyElse(contract.ActivityReadServer, 1),
		"after we looked":          somebodyElse(contract.ActivityRestoreSnapshot, 1),
		"right before the request": {fault: onRestore(vpsfake.ForeignRestore, 0)},
	}
	var all []story
	for name, moment := range moments {
		s := flowBad.scenario()
		s.incidents, s.takes = []incident{moment}, actionTimes{restore: foreignTakes}
		s.name = name + "/nobody decides"
		all = append(all, story{scenario: s, want: undisturbed(s).holds(contract.FailRollback, 0)})

		s.name, s.decisions = name+"/rollback", []decision{{decide: workflows.DecideRollback, settled: calm}}
		want := undisturbed(s)
		want.held = true
		all = append(all, story{scenario: s, want: want})

		s.name, s.decisions = name+"/commit", []decision{{decide: workflows.DecideCommit, settled: calm}}
		want.failure, want.restores = "", 0
		all = append(all, story{scenario: s, want: want})
	}
	each(t, all, storyName, func(t *testing.T, s story) {
		tell(t, story{scenario: s.scenario, want: s.want, also: func(t *testing.T, e ended) {
			assert.Equal(t, 1, e.fake.Server(serverID).ForeignRestores)
			assert.Equal(t, workflows.PhaseHold, e.holds[0].Phase)
			assert.Len(t, e.holds[0].Hold.Decisions, 3)
		}})
	})
}

func TestARestoreBySomebodyElseBeforeTheChangeStopsTheRun(t *testing.T) {
	preflight := func(s scenario) expectation { return undisturbed(s).fails(contract.FailPreflight, false) }
	unmade := func(s scenario) expectation { return undisturbed(s).fails(contract.FailSnapshot, false) }
	at := func(op vpsfake.Op) vpsfake.Fault {
		return vpsfake.Fault{Kind: vpsfake.ForeignRestore, Op: op, Times: 1}
	}
	each(t, []story{
		in(flowGood, "before the preflight", preflight, at(vpsfake.OpGetServer)),
		in(flowGood, "before the snapshot", unmade, at(vpsfake.OpCreateSnapshot)),
	}, storyName, tell)
}
