package workflows

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// decisionTable is DESIGN "How the change's result decides", one row a cell.
var decisionTable = []struct {
	change    contract.ChangeResult
	verdict   contract.Verdict
	onUnknown OnUnknown
	want      nextStep
}{
	{contract.ChangeSucceeded, contract.VerdictPassed, UnknownHold, stepCommit},
	{contract.ChangeSucceeded, contract.VerdictPassed, UnknownCommit, stepCommit},
	{contract.ChangeSucceeded, contract.VerdictPassed, UnknownRollback, stepCommit},
	{contract.ChangeSucceeded, contract.VerdictFailed, UnknownHold, stepRollback},
	{contract.ChangeSucceeded, contract.VerdictFailed, UnknownCommit, stepRollback},
	{contract.ChangeSucceeded, contract.VerdictFailed, UnknownRollback, stepRollback},
	{contract.ChangeSucceeded, contract.VerdictInconclusive, UnknownHold, stepHold},
	{contract.ChangeSucceeded, contract.VerdictInconclusive, UnknownCommit, stepHold},
	{contract.ChangeSucceeded, contract.VerdictInconclusive, UnknownRollback, stepHold},
	{contract.ChangeFailed, contract.VerdictPassed, UnknownHold, stepRollback},
	{contract.ChangeFailed, contract.VerdictPassed, UnknownCommit, stepRollback},
	{contract.ChangeFailed, contract.VerdictPassed, UnknownRollback, stepRollback},
	{contract.ChangeFailed, contract.VerdictFailed, UnknownHold, stepRollback},
	{contract.ChangeFailed, contract.VerdictFailed, UnknownCommit, stepRollback},
	{contract.ChangeFailed, contract.VerdictFailed, UnknownRollback, stepRollback},
	{contract.ChangeFailed, contract.VerdictInconclusive, UnknownHold, stepRollback},
	{contract.ChangeFailed, contract.VerdictInconclusive, UnknownCommit, stepRollback},
	{contract.ChangeFailed, contract.VerdictInconclusive, UnknownRollback, stepRollback},
	{contract.ChangeUnknown, contract.VerdictPassed, UnknownHold, stepHold},
	{contract.ChangeUnknown, contract.VerdictPassed, UnknownCommit, stepCommit},
	{contract.ChangeUnknown, contract.VerdictPassed, UnknownRollback, stepRollback},
	{contract.ChangeUnknown, contract.VerdictFailed, UnknownHold, stepRollback},
	{contract.ChangeUnknown, contract.VerdictFailed, UnknownCommit, stepRollback},
	{contract.ChangeUnknown, contract.VerdictFailed, UnknownRollback, stepRollback},
	{contract.ChangeUnknown, contract.VerdictInconclusive, UnknownHold, stepHold},
	{contract.ChangeUnknown, contract.VerdictInconclusive, UnknownCommit, stepHold},
	{contract.ChangeUnknown, contract.VerdictInconclusive, UnknownRollback, stepHold},
}

func TestTheChangesResultAndTheVerdictDecideTheNextStep(t *testing.T) {
	for _, c := range decisionTable {
		assert.Equal(t, c.want, decideNext(c.change, c.verdict, c.onUnknown), "change %s, verdict %s, on_unknown %s", c.change, c.verdict, c.onUnknown)
	}
}

func TestWordsThatAreNotKnownNeverCommitAndNeverRestore(t *testing.T) {
	assert.Equal(t, stepHold, decideNext(contract.ChangeSucceeded, "a later verdict", UnknownCommit))
	assert.Equal(t, stepHold, decideNext(contract.ChangeSucceeded, "", UnknownCommit))
	assert.Equal(t, stepHold, decideNext("a later result", contract.VerdictPassed, "a later policy"))
}

// TestEveryCellOfTheTableEndsAsTheDesignSays runs each cell with each rollback policy to its end; nobody decides a hold.
func TestEveryCellOfTheTableEndsAsTheDesignSays(t *testing.T) {
	for _, c := range decisionTable {
		for _, policy := range []OnFailure{FailureRestore, FailureHold, FailureNone} {
			t.Run(string(c.change)+"/"+string(c.verdict)+"/unknown_"+string(c.onUnknown)+"/failure_"+string(policy), func(t *testing.T) {
				h := newHarness(t, func(in *SnapshotUpdateVerifyInput) {
					in.Update.OnUnknown, in.Rollback.OnFailure = c.onUnknown, policy
				})
				h.on(contract.ActivitySendWebhook, changed(c.change))
				verifications := []step{verified(contract.VerdictPassed)} // the baseline
				if c.change != contract.ChangeFailed {
					verifications = append(verifications, verified(c.verdict))
				}
				h.on(contract.ActivityVerify, append(verifications, verified(contract.VerdictPassed))...)
				e := h.run()
				restores, hold := 0, false
				switch {
				case c.want == stepCommit:
					assert.Equal(t, OutcomeCommitted, e.report.Outcome)
				case c.want == stepRollback && policy == FailureRestore:
					assert.Equal(t, contract.FailRolledBack, e.failure)
					restores = 1
					verifications = append(verifications, step{}) // that of the restore
				default:
					hold = c.want == stepHold || policy == FailureHold
					want := contract.FailChange
					if c.change == contract.ChangeUnknown {
						want = contract.FailChangeUnknown
					}
					assert.Equal(t, want, e.failure)
				}
				assert.Equal(t, restores, e.count(contract.ActivityRestoreSnapshot))
				assert.Equal(t, len(verifications), e.count(contract.ActivityVerify), "a failed change is not verified")
				assert.Equal(t, hold, e.entered(PhaseHold))
			})
		}
	}
}

// entered says whether the run was in a phase.
func (e ended) entered(phase Phase) bool {
	for _, p := range e.report.Phases {
		if p.Phase == phase {
			return true
		}
	}
	return false
}
