package faultmatrix

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
	"github.com/safepoint-dev/safepoint/workflows"
)

// tellRollback runs a story of RollbackByRestore.
func tellRollback(t *testing.T, s story) {
	e := runbook(t, s.scenario)
	e.checkRollback(s.want)
	for _, i := range s.incidents {
		if i.happens == nil {
			e.struck(i.fault.Kind)
		}
	}
	if s.also != nil {
		s.also(t, e)
	}
}

// heldFirst is a restore that a person had to decide about.
func heldFirst(s scenario) expectation {
	want := restoredWell(s)
	want.held = true
	return want
}

// soon makes the patience of the restore end after a second; it is real time that these scenarios wait out.
func soon(s story) story {
	s.input = func(in object) { in["rollback"] = object{"restore_timeout": "1s"} }
	return s
}

func failedRestore(s scenario) expectation {
	want := restoredWell(s)
	want.failure = contract.FailRollback
	return want
}

func TestLaw3AtMostOneRestoreOfARollbackTakesEffect(t *testing.T) {
	var all []story
	for _, f := range []flow{backRed, backGreen} {
		for _, answer := range []vpsfake.FaultKind{vpsfake.LostAfter, vpsfake.Error500After, vpsfake.MalformedJSON} {
			for _, how := range []vpsfake.FaultKind{vpsfake.EndsAtOnce, vpsfake.StatusLags, vpsfake.StoppedBeforeRestoring, vpsfake.ComesBackStopped, vpsfake.UnknownStatus} {
				all = append(all, in(f, string(answer)+" and "+string(how), restoredWell,
					lost(answer, vpsfake.OpRestoreSnapshot), onRestore(how, lag)).and(func(t *testing.T, e ended) {
					assert.Equal(t, 1, e.requests(vpsfake.OpRestoreSnapshot), "seen, not sent again")
				}))
			}
		}
	}
	each(t, all, storyName, tellRollback)
}

func TestARollbackWhoseRestoreGoesWrongEndsAsItShould(t *testing.T) {
	all := []story{
		soon(in(backRed, "never finishes", failedRestore, onRestore(vpsfake.NeverFinishes, 0))),
		soon(in(backRed, "an unknown status for ever", failedRestore, onRestore(vpsfake.UnknownStatus, 0))),
		in(backRed, "an unknown status for a while", restoredWell, onRestore(vpsfake.UnknownStatus, 200*time.Millisecond)),
		in(backSafe, "the safety snapshot fails", withoutCopyButFailed, onSnapshot(vpsfake.SnapshotFails, 0)),
		in(backSafe, "every list in pages of one", restoredWell, vpsfake.Fault{Kind: vpsfake.Paged, Op: vpsfake.OpListSnapshots, PageSize: 1}),
		in(backSafe, "lists that lag", restoredWell, vpsfake.Fault{Kind: vpsfake.ListLags, Op: vpsfake.OpListSnapshots, Duration: lag}),
	}
	each(t, all, storyName, func(t *testing.T, s story) { tellRollback(t, s) })
}

// withoutCopyButFailed: the copy that failed is there, and is left to a later run.
func withoutCopyButFailed(s scenario) expectation {
	want := withoutCopy(s)
	want.unmade = false
	return want
}

func TestSomebodyElsesRestoreIsNeverTakenForARollbacks(t *testing.T) {
	t.Parallel() // it waits far more than it works
	var all []story
	for name, moment := range map[string]incident{
		"before we look":           somebodyElse(contract.ActivityReadServer, 1),
		"after we looked":          somebodyElse(contract.ActivityRestoreSnapshot, 1),
		"right before the request": {fault: onRestore(vpsfake.ForeignRestore, 0)},
	} {
		s := backRed.scenario()
		s.incidents, s.takes = []incident{moment}, actionTimes{restore: foreignTakes}
		s.name = name + "/nobody decides"
		all = append(all, story{scenario: s, want: heldAndGivenUp(s)})
		s.name, s.decisions = name+"/rollback", []decision{{decide: workflows.DecideRollback, settled: calm}}
		all = append(all, story{scenario: s, want: heldFirst(s)})
		s.name, s.decisions = name+"/commit", []decision{{decide: workflows.DecideCommit, settled: calm}}
		all = append(all, story{scenario: s, want: heldAndGivenUp(s).holds(contract.FailNotApproved, 0)})
	}
	each(t, all, storyName, func(t *testing.T, s story) {
		s.also = func(t *testing.T, e ended) { assert.Equal(t, 1, e.fake.Server(serverID).ForeignRestores) }
		tellRollback(t, s)
	})
}

func TestAnApprovedRollbackRestoresAndADeniedOneDoesNot(t *testing.T) {
	asked := func(f flow, decide workflows.Decision, want expectation) story {
		s := f.scenario()
		s.name += "/" + string(decide)
		s.input = func(in object) { in["approval"] = object{"required": true} }
		if decide != "" {
			s.decisions = []decision{{decide: decide}}
		}
		return story{scenario: s, want: want}
	}
	denied := expectation{failure: contract.FailNotApproved, held: true, unmade: true, left: 2}
	each(t, []story{
		asked(backSafe, workflows.DecideApprove, heldFirst(backSafe.scenario())),
		asked(backSafe, workflows.DecideDeny, denied),
		asked(backSafe, "", denied),
	}, storyName, tellRollback)
}

func TestLaw8AWorkerThatDiesInAnyActivityOfARollbackCostsOnlyTime(t *testing.T) {
	activities := []string{
		contract.ActivityPreflight, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot, contract.ActivityReadServer,
		contract.ActivityRestoreSnapshot, contract.ActivityAwaitRestore, contract.ActivityVerify, contract.ActivityDeleteSnapshot,
	}
	var all []dying
	for _, activity := range activities {
		for _, before := range []bool{true, false} {
			d := dying{scenario: backSafe.scenario(), activity: activity, before: before, want: restoredWell(backSafe.scenario())}
			d.name += "/" + activity + map[bool]string{true: "/before it began", false: "/after it was done"}[before]
			all = append(all, d)
		}
	}
	each(t, all, func(d dying) string { return d.name }, func(t *testing.T, d dying) {
		d.incidents = []incident{d.death()}
		runbook(t, d.scenario).checkRollback(d.want)
	})
}

// death is the worker's, when the activity starts.
func (d dying) death() incident {
	return incident{activity: d.activity, happens: func(h *harness) {
		h.deaths.mu.Lock()
		defer h.deaths.mu.Unlock()
		if d.before {
			h.deaths.before = map[string]bool{d.activity: true}
		} else {
			h.deaths.after = map[string]bool{d.activity: true}
		}
	}}
}

func TestLaw9ACanceledRollbackLeavesTheServerSafe(t *testing.T) {
	before := func(activity string, made bool) canceling {
		return canceling{scenario: backRoom.scenario(), activity: activity, canceled: true, made: made}
	}
	during := func(activity string, at int) canceling {
		return canceling{scenario: backSafe.scenario(), activity: activity, at: at, made: true, restores: 1}
	}
	all := []canceling{
		before(contract.ActivityPreflight, false), before(contract.ActivityDeleteSnapshot, false),
		before(contract.ActivityCreateSnapshot, true), before(contract.ActivityAwaitSnapshot, true),
		during(contract.ActivityReadServer, 1), during(contract.ActivityRestoreSnapshot, 1), during(contract.ActivityAwaitRestore, 1),
		during(contract.ActivityVerify, 1), during(contract.ActivityDeleteSnapshot, 1),
	}
	each(t, all, func(c canceling) string { return c.name + "/" + c.activity }, func(t *testing.T, c canceling) {
		c.incidents = []incident{{activity: c.activity, at: c.at, happens: func(h *harness) { h.env.CancelWorkflow() }}}
		e := runbook(t, c.scenario)
		defer e.explain()
		assert.Equal(t, c.canceled, e.canceled, "closed as canceled")
		assert.Empty(t, e.failure)
		assert.Equal(t, c.restores, e.fake.Restores(serverID))
		assert.Equal(t, c.made, len(e.own()) == 1)
		e.checkLaws()
		e.checkRollbackReport()
	})
}
