package faultmatrix

import (
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

// flow is a way through the runbook.
type flow string

const (
	flowGood    flow = "good"
	flowBad     flow = "bad"
	flowPrune   flow = "prune" // good, with old snapshots to delete
	flowStop    flow = "stop"  // good, with stop_server
	flowStopBad flow = "stop-bad"
)

// scenario is the flow without any fault.
func (f flow) scenario() scenario {
	if s, ok := rollbackFlow(f); ok {
		return s
	}
	if s, ok := rotationFlow(f); ok {
		return s
	}
	s := scenario{name: string(f), bad: f == flowBad || f == flowStopBad, stop: f == flowStop || f == flowStopBad}
	if f == flowPrune {
		s.old = 3
	}
	return s
}

// moment is one call of the runbook: the requests of one operation from the start of one activity on.
type moment struct {
	name     string
	activity string
	// at is which start of the activity; zero is the first.
	at    int
	op    vpsfake.Op
	flows []flow
	// want is the right end of a fault at this moment.
	want func(s scenario, f vpsfake.Fault) expectation
	// input is what the run needs to come here.
	input func(in object)
}

func (m moment) incident(f vpsfake.Fault) incident {
	f.Op = m.op
	return incident{activity: m.activity, at: m.at, fault: f}
}

var (
	bothFlows = []flow{flowGood, flowBad}
	stopFlows = []flow{flowStop, flowStopBad}
)

// moments are all calls of the runbook, in their order.
var moments = []moment{
	{name: "preflight/me", activity: contract.ActivityPreflight, op: vpsfake.OpMe, flows: bothFlows, want: wantOfPreflight},
	{name: "preflight/get_server", activity: contract.ActivityPreflight, op: vpsfake.OpGetServer, flows: bothFlows, want: wantOfPreflight},
	{name: "preflight/list", activity: contract.ActivityPreflight, op: vpsfake.OpListSnapshots, flows: bothFlows, want: wantOfPreflight},
	{name: "stop", activity: contract.ActivityStopServer, op: vpsfake.OpStopServer, flows: stopFlows, want: wantNoDifference},
	{name: "stopping/get_server", activity: contract.ActivityAwaitServer, op: vpsfake.OpGetServer, flows: stopFlows, want: wantNoDifference},
	{name: "create", activity: contract.ActivityCreateSnapshot, op: vpsfake.OpCreateSnapshot, flows: bothFlows, want: wantOfCreate},
	{name: "in progress/list", activity: contract.ActivityAwaitSnapshot, op: vpsfake.OpListSnapshots, flows: bothFlows, want: wantNoDifference},
	{name: "start", activity: contract.ActivityStartServer, op: vpsfake.OpStartServer, flows: stopFlows, want: wantNoDifference},
	{name: "starting/get_server", activity: contract.ActivityAwaitServer, op: vpsfake.OpGetServer, flows: stopFlows, want: wantNoDifference, at: 2, input: withoutBaseline},
	{name: "webhook", activity: contract.ActivitySendWebhook, op: vpsfake.OpDeployHook, flows: bothFlows, want: wantOfWebhook},
	{name: "before the restore/get_server", activity: contract.ActivityReadServer, op: vpsfake.OpGetServer, flows: []flow{flowBad}, want: wantNoDifference},
	{name: "before the restore/list", activity: contract.ActivityReadServer, op: vpsfake.OpListSnapshots, flows: []flow{flowBad}, want: wantNoDifference},
	{name: "fit to restore/list", activity: contract.ActivityRestoreSnapshot, op: vpsfake.OpListSnapshots, flows: []flow{flowBad}, want: wantNoDifference},
	{name: "restore", activity: contract.ActivityRestoreSnapshot, op: vpsfake.OpRestoreSnapshot, flows: []flow{flowBad, flowStopBad}, want: wantOfRestore},
	{name: "restoring/get_server", activity: contract.ActivityAwaitRestore, op: vpsfake.OpGetServer, flows: []flow{flowBad}, want: wantNoDifference},
	{name: "fit to delete/list", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpListSnapshots, flows: []flow{flowPrune}, want: wantOfDelete},
	{name: "delete", activity: contract.ActivityDeleteSnapshot, op: vpsfake.OpDeleteSnapshot, flows: []flow{flowPrune}, want: wantOfDelete},
}

// withoutBaseline: with one, green checks are all the proof of a start that the runbook asks for.
func withoutBaseline(in object) { in["verify"].(object)["baseline"] = false }

// wantNoDifference: a read is repeated, and so is a write that did not take effect. A token that does not work is
// waited for, because the run has begun to touch the server (or only watches what goes on without it).
func wantNoDifference(s scenario, _ vpsfake.Fault) expectation { return undisturbed(s) }

// wantOfPreflight: nothing was begun, so a bad token ends the run at once. Everything else is asked again.
func wantOfPreflight(s scenario, f vpsfake.Fault) expectation {
	if f.Kind == vpsfake.Unauthorized {
		return undisturbed(s).fails(contract.FailPreflight, false)
	}
	return undisturbed(s)
}

// wantOfCreate: a lost answer is looked for and never sent again before that; a bad token ends the run, because the
// server was not changed.
func wantOfCreate(s scenario, f vpsfake.Fault) expectation {
	if f.Kind == vpsfake.Unauthorized {
		return undisturbed(s).fails(contract.FailSnapshot, false)
	}
	return undisturbed(s)
}

// wantOfWebhook: the change is sent once. A status is its result; without one nobody knows whether it was made: red
// checks roll it back, green ones may only mean that nothing was changed, so a person decides.
func wantOfWebhook(s scenario, f vpsfake.Fault) expectation {
	switch f.Kind {
	case vpsfake.Error500First, vpsfake.Error500After, vpsfake.TooMany, vpsfake.HTML502, vpsfake.Unauthorized:
		s.bad = true // a clear no rolls back without a look
		return undisturbed(s)
	case vpsfake.MalformedJSON: // the status is a yes; what the body says was never asked
		return undisturbed(s)
	default: // lost_before, lost_after, hang
		if s.bad && tookEffect(f) {
			return undisturbed(s)
		}
		return undisturbed(s).holds(contract.FailChangeUnknown, 0)
	}
}

// wantOfRestore: a restore that may have begun is looked for. Nobody saw one and the checks are red: one more request.
// When that one is lost too, a person decides, and here nobody does.
func wantOfRestore(s scenario, f vpsfake.Fault) expectation {
	if unclear(f) && !tookEffect(f) && f.Times > 1 {
		return undisturbed(s).holds(contract.FailRollback, 0)
	}
	return undisturbed(s)
}

// wantOfDelete: a delete is safe to repeat and no reason to undo a commit. Only a bad token is not waited for.
func wantOfDelete(s scenario, f vpsfake.Fault) expectation {
	want := undisturbed(s)
	if f.Kind == vpsfake.Unauthorized {
		want.left = min(want.left+f.Times, s.old)
	}
	return want
}

// tookEffect says whether a fault of a write lets it happen.
func tookEffect(f vpsfake.Fault) bool {
	switch f.Kind {
	case vpsfake.LostAfter, vpsfake.Error500After, vpsfake.MalformedJSON:
		return true
	case vpsfake.Hang, vpsfake.HTML502:
		return f.Effect == vpsfake.EffectBefore || f.Effect == vpsfake.EffectAfter
	default: // no effect
		return false
	}
}

// unclear says whether a fault of a write to the API leaves it ambiguous.
func unclear(f vpsfake.Fault) bool {
	return f.Kind != vpsfake.TooMany && f.Kind != vpsfake.Unauthorized
}

// requestFaults are the ways in which one request goes wrong.
func requestFaults(op vpsfake.Op) []vpsfake.Fault {
	faults := []vpsfake.Fault{
		{Kind: vpsfake.LostBefore}, {Kind: vpsfake.LostAfter},
		{Kind: vpsfake.Error500First}, {Kind: vpsfake.Error500After},
		{Kind: vpsfake.Hang, Effect: vpsfake.EffectNone},
		{Kind: vpsfake.TooMany}, {Kind: vpsfake.HTML502}, {Kind: vpsfake.MalformedJSON}, {Kind: vpsfake.Unauthorized},
	}
	if isWrite(op) { // to a read these are the same as above
		faults = append(faults,
			vpsfake.Fault{Kind: vpsfake.Hang, Effect: vpsfake.EffectBefore},
			vpsfake.Fault{Kind: vpsfake.Hang, Effect: vpsfake.EffectAfter},
			vpsfake.Fault{Kind: vpsfake.HTML502, Effect: vpsfake.EffectBefore})
	}
	if op == vpsfake.OpListSnapshots {
		faults = append(faults,
			vpsfake.Fault{Kind: vpsfake.Paged}, vpsfake.Fault{Kind: vpsfake.Truncated}, vpsfake.Fault{Kind: vpsfake.ListLags, Duration: lag})
	}
	return faults
}

func isWrite(op vpsfake.Op) bool {
	switch op {
	case vpsfake.OpMe, vpsfake.OpGetServer, vpsfake.OpListSnapshots:
		return false
	default: // every other call of the runbook writes
		return true
	}
}

// faultName is a fault as a test's name says it.
func faultName(f vpsfake.Fault) string {
	name := string(f.Kind)
	if f.Effect != "" {
		name += "-effect-" + string(f.Effect)
	}
	if f.Op != "" {
		name += "@" + string(f.Op)
	}
	if f.Skip > 0 {
		name += fmt.Sprintf("-after-%d", f.Skip)
	}
	if f.Times > 0 {
		name += fmt.Sprintf("-x%d", f.Times)
	}
	return name
}
