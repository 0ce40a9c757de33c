package faultmatrix

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// activitiesOf are the activities of each flow, in their order.
var activitiesOf = map[flow][]string{
	flowGood: {contract.ActivityPreflight, contract.ActivityVerify, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot, contract.ActivitySendWebhook},
	flowBad: {contract.ActivityPreflight, contract.ActivityVerify, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot, contract.ActivitySendWebhook,
		contract.ActivityReadServer, contract.ActivityRestoreSnapshot, contract.ActivityAwaitRestore},
	flowPrune: {contract.ActivityDeleteSnapshot},
	flowStop:  {contract.ActivityStopServer, contract.ActivityAwaitServer, contract.ActivityCreateSnapshot, contract.ActivityAwaitSnapshot, contract.ActivityStartServer},
}

var flowsOfActivities = []flow{flowGood, flowBad, flowPrune, flowStop}

// dying is a scenario in which the worker dies in one activity, before it began or when it was done.
type dying struct {
	scenario
	activity string
	before   bool
	want     expectation
}

func TestLaw8AWorkerThatDiesInAnyActivityCostsOnlyTime(t *testing.T) {
	var all []dying
	for _, f := range flowsOfActivities {
		for _, activity := range activitiesOf[f] {
			for _, before := range []bool{true, false} {
				d := dying{scenario: f.scenario(), activity: activity, before: before}
				d.name = string(f) + "/" + activity + "/after it was done"
				if before {
					d.name = string(f) + "/" + activity + "/before it began"
				}
				d.want = undisturbed(d.scenario)
				if activity == contract.ActivitySendWebhook && (before || !d.bad) {
					// Nobody knows whether the change was made, and the checks are green.
					d.want = d.want.holds(contract.FailChangeUnknown, 0)
				}
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
		e := runbook(t, d.scenario)
		e.check(d.want)
		assert.True(t, died)
	})
}

// canceling is a scenario in which a person cancels the run when an activity starts.
type canceling struct {
	scenario
	activity string
	at       int
	made     bool
	// canceled says that the run closes canceled; otherwise failure says how it ends.
	canceled bool
	failure  string
	restores int
}

func TestLaw9CancelMeansLeaveItSafe(t *testing.T) {
	const rolledBack = contract.FailRolledBack
	before := func(f flow, activity string, made bool) canceling {
		return canceling{scenario: f.scenario(), activity: activity, canceled: true, made: made}
	}
	after := func(f flow, activity string, at int) canceling {
		return canceling{scenario: f.scenario(), activity: activity, at: at, made: true, failure: rolledBack, restores: 1}
	}
	all := []canceling{
		before(flowGood, contract.ActivityPreflight, false), before(flowGood, contract.ActivityVerify, false),
		before(flowGood, contract.ActivityCreateSnapshot, true), before(flowGood, contract.ActivityAwaitSnapshot, true),
		before(flowStop, contract.ActivityStopServer, false), before(flowStop, contract.ActivityAwaitServer, false),
		before(flowStop, contract.ActivityCreateSnapshot, true), before(flowStop, contract.ActivityAwaitSnapshot, true),
		before(flowStop, contract.ActivityStartServer, true),
		after(flowGood, contract.ActivitySendWebhook, 1), after(flowBad, contract.ActivitySendWebhook, 1),
		after(flowGood, contract.ActivityVerify, verifyOfChange), after(flowBad, contract.ActivityVerify, verifyOfChange),
		after(flowBad, contract.ActivityReadServer, 1), after(flowBad, contract.ActivityRestoreSnapshot, 1),
		after(flowBad, contract.ActivityAwaitRestore, 1), after(flowBad, contract.ActivityVerify, verifyOfChange+1),
		{scenario: flowPrune.scenario(), activity: contract.ActivityDeleteSnapshot, made: true}, // during commit: committed
	}
	name := func(c canceling) string { return c.name + "/" + c.activity }
	each(t, all, name, func(t *testing.T, c canceling) {
		c.incidents = []incident{{activity: c.activity, at: c.at, happens: func(h *harness) { h.env.CancelWorkflow() }}}
		e := runbook(t, c.scenario)
		defer e.explain()
		assert.Equal(t, c.canceled, e.canceled, "closed as canceled")
		assert.Equal(t, c.failure, e.failure)
		assert.Equal(t, c.restores, e.fake.Restores(serverID))
		assert.Equal(t, c.made, len(e.own()) == 1, "the snapshot is left to retention")
		e.checkLaws()
		e.checkServer()
		if c.canceled {
			assert.Equal(t, workflows.OutcomeCanceled, e.report.Outcome)
		} else {
			e.checkReport()
		}
	})
}
