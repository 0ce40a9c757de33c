package workflows

import (
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// enterRollout enters the phase in which targets are taken up.
func (f *fanOut) enterRollout() {
	if f.state.trying(f.limits) {
		f.enter(PhaseCanary)
		return
	}
	f.enter(PhaseRollout)
}

// canariesDone goes on after every canary was committed: with the pause, the question, or the rollout.
func (f *fanOut) canariesDone() {
	c := &f.state.Canary
	if pause := f.plan.canary.Pause.Std(); pause > 0 {
		c.Stage, c.Until = canaryPause, workflow.Now(f.safe).Add(pause)
		return
	}
	f.pauseOver()
}

// pauseOver asks a person, or goes on.
func (f *fanOut) pauseOver() {
	if !f.plan.canary.Decide {
		f.canaryPassed()
		return
	}
	f.state.Canary = canaryState{Stage: canaryAsk, Until: workflow.Now(f.safe).Add(f.plan.canary.DecideTimeout.Std())}
	f.enter(PhaseHold)
	f.tell(contract.NotifyHeld, f.canaryQuestion(), strings.Join(decisionCommands(shellWord(f.report.WorkflowID), approvalDecisions), ", or "))
}

func (f *fanOut) canaryPassed() {
	f.state.Canary = canaryState{Stage: canaryPassed}
	f.enter(PhaseRollout)
	f.changed()
}

// canaryTimeOver ends the pause, or the hold that nobody decided.
func (f *fanOut) canaryTimeOver() {
	if f.state.Canary.Stage == canaryPause {
		f.pauseOver()
		return
	}
	f.state.stop("nobody approved the rollout after the canaries within %s", f.plan.canary.DecideTimeout)
}

// asking is true while a person may decide.
func (f *fanOut) asking() bool { return !f.state.stopping() && f.state.Canary.Stage == canaryAsk }

// canaryQuestion is what a person is asked.
func (f *fanOut) canaryQuestion() string {
	question := "the canaries (" + count(f.limits.canary, "server") + ") are green: go on with the others?"
	if undoes := f.undoWords(); undoes != "" {
		question += " A no, or no answer in time, " + undoes
	}
	return question
}
