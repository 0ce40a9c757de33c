package cli

import (
	"fmt"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/workflows"
)

// Exit codes. A deploy system that only looks at zero or not sees the truth: zero means that the change is kept.
const (
	codeOK         = 0
	codeNotChanged = 1
	codeUsage      = 2
	codeRolledBack = 3
	codePerson     = 4
	// codeAlreadyDone is for begin alone: nobody may make the change, because it was made and committed before. It must
	// not be zero, or `safepoint begin ... && deploy` would make the change again.
	codeAlreadyDone = 5
	codeDetached    = 130
)

const exitHelp = `Exit codes:
  0    committed, restored, rotated, audited, planned (dry run) or skipped; for other commands: done
  1    the server was not changed; also: canceled before the change, not approved, an audit found stale servers, a fleet
       in which nothing was rolled back, nothing started (Temporal cannot be reached)
  2    bad usage, input or credentials, or the run refused the request
  3    rolled back: restored and verified; of a fleet: at least one server
  4    a person must look: not verified, rollback failed, change failed or unknown, a rotation that is incomplete, run
       gone (of a fleet: at least one server); also: Temporal cannot be reached while the run may go on
  5    begin only: the change was made and committed before, make no change
  130  interrupted: detached, the run goes on`

// The texts of commands that cannot end in all of these ways.
const (
	// endExits is for a command that only follows a run or shows its end.
	endExits = `Exit codes, by how the run ended:
  0    committed, restored, rotated, audited, planned (dry run) or skipped; for a run that goes on: shown
  1    the server was not changed; also: canceled before the change, not approved, an audit found stale servers, a fleet
       in which nothing was rolled back
  2    bad usage, input or credentials, or there is no such run
  3    rolled back: restored and verified; of a fleet: at least one server
  4    a person must look: not verified, rollback failed, change failed or unknown, a rotation that is incomplete, run
       gone (of a fleet: at least one server); also: Temporal cannot be reached while the run may go on
  130  interrupted: detached, the run goes on`

	// decisionExits is for a request to a run that is there.
	decisionExits = `Exit codes:
  0    the run has taken it; with --wait, and of a run that has ended: by its end, as of safepoint status
  1    not confirmed, nothing was asked of the run; or it ended and the server was not changed
  2    the run refused the request; bad usage or credentials, or there is no such run
  3    the run ended rolled back: restored and verified
  4    a person must look at how the run ended; also: Temporal cannot be reached while the run may go on
  130  interrupted: the run goes on, and the request may still be carried out`

	// scheduleExits is for the commands of schedules.
	scheduleExits = `Exit codes:
  0    done
  1    nothing was written or started: not confirmed, skipped by the overlap policy, the schedule is too busy, or Temporal
       cannot be reached; apply --dry-run: a run now would end with 1
  2    bad usage, input or credentials, no such schedule, or the schedule or Temporal refuses it
  4    Temporal did not answer: a request may have been carried out, look with safepoint schedule describe
  130  interrupted`
)

// exitCode maps how a run ended. The failure class comes first, because it is what Temporal itself recorded; whatever
// is not known needs a person.
func exitCode(outcome workflows.Outcome, failure string) int {
	switch failure {
	case "":
		return outcomeCode(outcome)
	case contract.FailInvalidInput:
		return codeUsage
	case contract.FailPreflight, contract.FailBaseline, contract.FailSnapshotLimit, contract.FailSnapshot,
		contract.FailServerBusy, contract.FailChangeNotStarted, contract.FailLockLost, contract.FailNotApproved, contract.FailStale:
		return codeNotChanged
	case contract.FailRolledBack:
		return codeRolledBack
	default: // RolledBackUnverified, RollbackFailed, ChangeFailed, ChangeUnknown, RotationFailed, and classes of a later
		// version; FleetFailed and FleetStopped until judgeFleet has looked at the servers
		return codePerson
	}
}

func outcomeCode(outcome workflows.Outcome) int {
	switch outcome {
	case workflows.OutcomeCommitted, workflows.OutcomePlanned, workflows.OutcomeSkipped, workflows.OutcomeRestored,
		workflows.OutcomeRotated, workflows.OutcomeAudited:
		return codeOK
	case workflows.OutcomeNotChanged, workflows.OutcomeCanceled, workflows.OutcomeStale:
		return codeNotChanged
	case workflows.OutcomeRolledBack:
		return codeRolledBack
	default: // the other ends, no outcome at all, and outcomes of a later version
		return codePerson
	}
}

// ungrantedCode is the code of a begin that joined a run and was not granted its change. A run that was skipped, planned,
// or is no deploy at all changed nothing that anybody asked for: a job must not take it for a change that is done.
func ungrantedCode(code int, outcome workflows.Outcome) int {
	switch {
	case code != codeOK:
		return code
	case outcome == workflows.OutcomeCommitted:
		return codeAlreadyDone
	default: // skipped, planned, and the good ends of other runbooks
		return codeNotChanged
	}
}

// exitError ends the program with a code. Without an error everything was said already.
type exitError struct {
	code int
	err  error
}

// Error is the message for the user.
func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

// Unwrap returns the cause.
func (e *exitError) Unwrap() error { return e.err }

// fail ends with a message and a code.
func fail(code int, format string, args ...any) error {
	return &exitError{code, fmt.Errorf(format, args...)}
}

// exit ends with a code and without a message; zero is no error.
func exit(code int) error {
	if code == codeOK {
		return nil
	}
	return &exitError{code: code}
}
