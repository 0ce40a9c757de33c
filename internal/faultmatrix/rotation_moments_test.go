package faultmatrix

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

var (
	rotateCreates = []flow{rotatePlain, rotateFull}
	rotateStops   = []flow{rotateStop}
	rotatePrunes  = []flow{rotatePlain, rotateOnly}
	rotateRoom    = []flow{rotateFull}
)

// rotationMoments are all calls of SnapshotRotation, in their order.
var rotationMoments = []moment{
	{name: "preflight/me", activity: contract.ActivityPreflight, op: vpsfake.OpMe, flows: rotateFlows, want: wantOfRotationLook},
	{name: "preflight/get_server", activity: contract.ActivityPreflight, op: vpsfake.OpGetServer, flows: rotateFlows, want: wantOfRotationLook},
	{name: "preflight/list", activity: contract.ActivityPreflight, op: vpsfake.OpListSnapshots, flows: rotateFlows, want: wantOfRotationLook},
	{name: "fit to make room/list", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpListSnapshots, flows: rotateRoom, want: wantOfRotationRoom},
	{name: "make room", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpDeleteSnapshot, flows: rotateRoom, want: wantOfRotationRoom},
	{name: "stop", activity: contract.ActivityStopServer, op: vpsfake.OpStopServer, flows: rotateStops, want: wantRotatedAllTheSame},
	{name: "stopping/get_server", activity: contract.ActivityAwaitServer, op: vpsfake.OpGetServer, flows: rotateStops, want: wantRotatedAllTheSame},
	{name: "create", activity: contract.ActivityCreateSnapshot, op: vpsfake.OpCreateSnapshot, flows: append(rotateStops, rotateCreates...), want: wantOfRotationCreate},
	{name: "in progress/list", activity: contract.ActivityAwaitSnapshot, op: vpsfake.OpListSnapshots, flows: rotateCreates, want: wantRotatedAllTheSame},
	{name: "start", activity: contract.ActivityStartServer, op: vpsfake.OpStartServer, flows: rotateStops, want: wantRotatedAllTheSame},
	{name: "starting/get_server", activity: contract.ActivityAwaitServer, at: 2, op: vpsfake.OpGetServer, flows: rotateStops, want: wantRotatedAllTheSame},
	{name: "fit to prune/list", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpListSnapshots, flows: rotatePrunes, want: wantOfRotationPrune},
	{name: "prune", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpDeleteSnapshot, flows: rotatePrunes, want: wantOfRotationPrune},
	{name: "fit to prune after room/list", activity: contract.ActivityDeleteSnapshot, at: 2, op: vpsfake.OpListSnapshots, flows: rotateRoom, want: wantOfRotationPrune},
	{name: "prune after room", activity: contract.ActivityDeleteSnapshot, at: 2, op: vpsfake.OpDeleteSnapshot, flows: rotateRoom, want: wantOfRotationPrune},
}

func wantRotatedAllTheSame(s scenario, _ vpsfake.Fault) expectation { return rotatedWell(s) }

// wantOfRotationLook: nothing was begun, so a bad token ends the run at once. Everything else is asked again.
func wantOfRotationLook(s scenario, f vpsfake.Fault) expectation {
	if f.Kind == vpsfake.Unauthorized {
		return untouched(s, contract.FailPreflight, false, false)
	}
	return rotatedWell(s)
}

// wantOfRotationRoom: a delete is safe to repeat. With a bad token there is no room, and nothing is created.
func wantOfRotationRoom(s scenario, f vpsfake.Fault) expectation {
	if f.Kind == vpsfake.Unauthorized {
		return untouched(s, contract.FailSnapshotLimit, false, false)
	}
	return rotatedWell(s)
}

// wantOfRotationCreate: a lost answer is looked for. Without its snapshot a rotation prunes nothing beyond the one that
// had to go.
func wantOfRotationCreate(s scenario, f vpsfake.Fault) expectation {
	if f.Kind == vpsfake.Unauthorized {
		return untouched(s, contract.FailSnapshot, true, false)
	}
	return rotatedWell(s)
}

// wantOfRotationPrune: a bad token costs one snapshot each time; the others are pruned all the same.
func wantOfRotationPrune(s scenario, f vpsfake.Fault) expectation {
	want := rotatedWell(s)
	if f.Kind != vpsfake.Unauthorized {
		return want
	}
	prunes := 2 // in the flows without a protected one
	if s.flow == rotatePlain {
		prunes = 1
	}
	want.failure, want.left = contract.FailRotation, want.left+min(f.Times, prunes)
	return want
}

func runRotationCell(t *testing.T, c cell) {
	e := runbook(t, c.scenario)
	e.checkRotation(c.want)
	e.struck(c.fault.Kind)
}

func TestAFaultOfAnyReadOfARotationEndsAsItShould(t *testing.T) {
	each(t, cellsOf(rotationMoments, func(m moment) bool { return !isWrite(m.op) }), cellName, runRotationCell)
}

func TestAFaultOfAnyWriteOfARotationEndsAsItShould(t *testing.T) {
	each(t, cellsOf(rotationMoments, func(m moment) bool { return isWrite(m.op) }), cellName, runRotationCell)
}

func TestAFaultInTheMiddleOfAWaitOfARotationCostsOnlyTime(t *testing.T) {
	var all []cell
	for _, c := range cellsOf(rotationMoments, func(m moment) bool {
		return m.activity == contract.ActivityAwaitSnapshot || m.activity == contract.ActivityAwaitServer
	}) {
		if c.fault.Times != 3 {
			continue
		}
		c.incidents = slices.Clone(c.incidents)
		c.incidents[0].fault.Skip, c.takes = 2, awaited(c.incidents[0].activity)
		c.name += "-later"
		all = append(all, c)
	}
	each(t, all, cellName, runRotationCell)
}

// Lists that lag behind for the whole run, by less than VPS_SETTLE.
func TestListsThatLagLessThanSettleChangeNothingForARotation(t *testing.T) {
	each(t, rotateFlows, func(f flow) string { return string(f) }, func(t *testing.T, f flow) {
		s := f.scenario()
		s.incidents = []incident{{fault: vpsfake.Fault{Kind: vpsfake.ListLags, Op: vpsfake.OpListSnapshots, Duration: lag}}}
		e := runbook(t, s)
		e.checkRotation(rotatedWell(s))
		e.struck(vpsfake.ListLags)
	})
}

// Law 8: a killed worker costs a wait a heartbeat time-out and a write its deadline, and nothing else.
func TestLaw8AWorkerThatDiesInAnyActivityOfARotationCostsOnlyTime(t *testing.T) {
	var all []dying
	for _, f := range []flow{rotateFull, rotateStop} {
		activities := []string{contract.ActivityPreflight, contract.ActivityDeleteSnapshot, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot}
		if f == rotateStop {
			activities = append(activities, contract.ActivityStopServer, contract.ActivityAwaitServer, contract.ActivityStartServer)
		}
		for _, activity := range activities {
			for _, before := range []bool{true, false} {
				d := dying{scenario: f.scenario(), activity: activity, before: before, want: rotatedWell(f.scenario())}
				d.name = string(f) + "/" + activity + map[bool]string{true: "/before it began", false: "/after it was done"}[before]
				all = append(all, d)
			}
		}
	}
	each(t, all, func(d dying) string { return d.name }, func(t *testing.T, d dying) {
		died := false
		d.incidents = []incident{{activity: d.activity, happens: func(h *harness) {
			died = true
			h.deaths.mu.Lock()
			defer h.deaths.mu.Unlock()
			if d.before {
				h.deaths.before = map[string]bool{d.activity: true}
			} else {
				h.deaths.after = map[string]bool{d.activity: true}
			}
		}}}
		runbook(t, d.scenario).checkRotation(d.want)
		assert.True(t, died)
	})
}
