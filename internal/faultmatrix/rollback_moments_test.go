package faultmatrix

import (
	"slices"
	"testing"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

var (
	backFlows = []flow{backRed, backGreen}
	backSaves = []flow{backSafe, backRoom}
)

// rollbackMoments are all calls of RollbackByRestore, in their order.
var rollbackMoments = []moment{
	{name: "preflight/me", activity: contract.ActivityPreflight, op: vpsfake.OpMe, flows: backFlows, want: wantOfLook},
	{name: "preflight/get_server", activity: contract.ActivityPreflight, op: vpsfake.OpGetServer, flows: backFlows, want: wantOfLook},
	{name: "preflight/list", activity: contract.ActivityPreflight, op: vpsfake.OpListSnapshots, flows: backFlows, want: wantOfLook},
	{name: "fit to make room/list", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpListSnapshots, flows: []flow{backRoom}, want: wantOfListToMakeRoom},
	{name: "make room", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpDeleteSnapshot, flows: []flow{backRoom}, want: wantOfMakingRoom},
	{name: "safety", activity: contract.ActivityCreateSnapshot, op: vpsfake.OpCreateSnapshot, flows: backSaves, want: wantOfSafety},
	{name: "in progress/list", activity: contract.ActivityAwaitSnapshot, op: vpsfake.OpListSnapshots, flows: backSaves, want: wantRestoredAllTheSame},
	{name: "before the restore/get_server", activity: contract.ActivityReadServer, op: vpsfake.OpGetServer, flows: backFlows, want: wantRestoredAllTheSame},
	{name: "before the restore/list", activity: contract.ActivityReadServer, op: vpsfake.OpListSnapshots, flows: backFlows, want: wantRestoredAllTheSame},
	{name: "fit to restore/list", activity: contract.ActivityRestoreSnapshot, op: vpsfake.OpListSnapshots, flows: []flow{backRed, backSafe}, want: wantRestoredAllTheSame},
	{name: "restore", activity: contract.ActivityRestoreSnapshot, op: vpsfake.OpRestoreSnapshot, flows: []flow{backRed, backGreen, backSafe}, want: wantOfOneRestore},
	{name: "restoring/get_server", activity: contract.ActivityAwaitRestore, op: vpsfake.OpGetServer, flows: backFlows, want: wantRestoredAllTheSame},
	{name: "start", activity: contract.ActivityStartServer, op: vpsfake.OpStartServer, flows: []flow{backDown}, want: wantRestoredAllTheSame},
	{name: "starting/get_server", activity: contract.ActivityAwaitServer, op: vpsfake.OpGetServer, flows: []flow{backDown}, want: wantRestoredAllTheSame},
	{name: "fit to prune/list", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpListSnapshots, flows: []flow{backSafe}, want: wantOfPrune},
	{name: "prune", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpDeleteSnapshot, flows: []flow{backSafe}, want: wantOfPrune},
}

func wantRestoredAllTheSame(s scenario, _ vpsfake.Fault) expectation { return restoredWell(s) }

// wantOfLook: nothing was begun, so a bad token ends the run at once. Everything else is asked again.
func wantOfLook(s scenario, f vpsfake.Fault) expectation {
	if f.Kind == vpsfake.Unauthorized {
		return restoredWell(s).fails(contract.FailPreflight, false)
	}
	return restoredWell(s)
}

// wantOfSafety: a lost answer is looked for; a bad token only costs the copy, which was not required, unless an older copy
// was given up for it: without either, nothing is restored.
func wantOfSafety(s scenario, f vpsfake.Fault) expectation {
	switch {
	case f.Kind == vpsfake.Unauthorized && s.flow == backRoom:
		return withoutCopy(s).fails(contract.FailSnapshot, false)
	case f.Kind == vpsfake.Unauthorized:
		return withoutCopy(s)
	}
	return restoredWell(s)
}

// wantOfListToMakeRoom: a token that stays bad ends the run at the next look, because nothing was begun.
func wantOfListToMakeRoom(s scenario, f vpsfake.Fault) expectation {
	want := wantOfMakingRoom(s, f)
	if f.Kind == vpsfake.Unauthorized && f.Times > 1 {
		return want.fails(contract.FailPreflight, false)
	}
	return want
}

// wantOfMakingRoom: a delete is safe to repeat. A bad token leaves the old copy, and then there is no room.
func wantOfMakingRoom(s scenario, f vpsfake.Fault) expectation {
	if f.Kind != vpsfake.Unauthorized {
		return restoredWell(s)
	}
	want := withoutCopy(s)
	want.left = 2
	return want
}

// wantOfOneRestore: a restore that may have begun is looked for. Nobody saw one and the checks are red: one more
// request. Green checks prove nothing about a restore that was only asked for, so a person decides, and here nobody does.
func wantOfOneRestore(s scenario, f vpsfake.Fault) expectation {
	if unclear(f) && !tookEffect(f) && (f.Times > 1 || !s.bad) {
		return heldAndGivenUp(s)
	}
	return restoredWell(s)
}

// wantOfPrune: a prune that fails is no reason to undo a restore. Only a bad token is not waited for.
func wantOfPrune(s scenario, f vpsfake.Fault) expectation {
	want := restoredWell(s)
	if f.Kind == vpsfake.Unauthorized {
		want.left = 2
	}
	return want
}

func runRollbackCell(t *testing.T, c cell) {
	e := runbook(t, c.scenario)
	e.checkRollback(c.want)
	e.struck(c.fault.Kind)
}

func TestAFaultOfAnyReadOfARollbackEndsAsItShould(t *testing.T) {
	each(t, cellsOf(rollbackMoments, func(m moment) bool { return !isWrite(m.op) }), cellName, runRollbackCell)
}

func TestAFaultOfAnyWriteOfARollbackEndsAsItShould(t *testing.T) {
	each(t, cellsOf(rollbackMoments, func(m moment) bool { return isWrite(m.op) }), cellName, runRollbackCell)
}

func TestAFaultInTheMiddleOfAWaitOfARollbackCostsOnlyTime(t *testing.T) {
	waits := []string{contract.ActivityAwaitSnapshot, contract.ActivityAwaitServer, contract.ActivityAwaitRestore}
	var all []cell
	for _, c := range cellsOf(rollbackMoments, func(m moment) bool { return slices.Contains(waits, m.activity) }) {
		if c.fault.Times != 3 {
			continue
		}
		c.incidents = slices.Clone(c.incidents)
		c.incidents[0].fault.Skip, c.takes = 2, awaited(c.incidents[0].activity)
		c.name += "-later"
		all = append(all, c)
	}
	each(t, all, cellName, runRollbackCell)
}
