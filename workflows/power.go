package workflows

import (
	"net/http"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// stopForSnapshot stops the server, so that the copy is consistent. From here on every end of the run looks whether
// the server has to be started again (law 11). A cancel or a lost lock ends the tries; only a request that is in flight
// is waited for.
func (r *serverRun) stopForSnapshot(ctx workflow.Context) *ending {
	r.stopMayBeSent, r.stopReached = true, true
	detail := r.power(ctx, contract.ActivityStopServer, contract.ServerStopped, r.snapshotInput.ReadyTimeout.Std())
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	if detail != "" {
		return notChanged(contract.FailSnapshot, "The server could not be stopped for the snapshot: %s.", detail).
			withNext("look at the server at VPS.org; it is started again if it went down.")
	}
	return nil
}

// startAfterSnapshot starts the server again and looks at the baseline once more: a server that does not come back well
// from a stop must not be blamed on the change. When the API takes the start at once, the one wait of the baseline sees
// to both: that the server is active, then that its checks are green.
func (r *serverRun) startAfterSnapshot(ctx workflow.Context) *ending {
	if r.looksAtBaseline() && r.ensureLock(r.safe) {
		r.waitFor(r.safe, "the server to be started again")
		lock := r.lock
		switch r.postPower(contract.ActivityStartServer).Outcome {
		case contract.WriteAccepted:
			return r.upAgain(ctx)
		case contract.WriteLockLost:
			r.lockWasLost(r.safe, lock)
			return r.stoppedBeforeChange()
		default: // it is sent again below, and its status watched
		}
	}
	if detail := r.power(r.safe, contract.ActivityStartServer, contract.ServerActive, r.snapshotInput.ReadyTimeout.Std()); detail != "" {
		if r.lockLostEarly {
			return r.stoppedBeforeChange()
		}
		return notChanged(contract.FailSnapshot, "The server was stopped for the snapshot and could not be started again: %s.", detail).
			withNext("start server %d at VPS.org now.", r.serverID)
	}
	return r.upAgain(ctx)
}

// upAgain looks at the baseline after the start. Only then is the stop over: see leaveServerUp.
func (r *serverRun) upAgain(ctx workflow.Context) *ending {
	if end := r.baseline(ctx, r.baselineAfterStart()); end != nil {
		return end
	}
	r.stopMayBeSent = false
	return nil
}

// leaveServerUp is the last step of every run that may have stopped its server: a stop that was sent may still take
// effect, so the status is watched for VPS_SETTLE, and a server that is down is started. It returns why it may still be
// down, or nothing.
func (r *serverRun) leaveServerUp(ctx workflow.Context) (problem string) {
	if !r.stopMayBeSent && !r.stoppedBeforeReset(ctx) {
		return ""
	}
	if problem := r.lockToLeave(ctx); problem != "" {
		return problem
	}
	timeout := r.snapshotInput.ReadyTimeout.Std()
	r.waitFor(ctx, "the server to be up again")
	server, state := r.awaitServer(ctx, contract.ServerActive, true, timeout)
	if state == contract.AwaitDone && server.Status == contract.ServerActive {
		return ""
	}
	if r.lockLostEarly && !r.lock.held {
		r.retakeLock(ctx, r.lock) // a server that this run took down is the one reason to take a lost lock again
	}
	return r.power(ctx, contract.ActivityStartServer, contract.ServerActive, timeout)
}

// changeStoppedBeforeReset marks runs that look for a stop from before a reset.
const changeStoppedBeforeReset = "a-stop-from-before-a-reset-is-looked-for"

// stoppedBeforeReset says whether an earlier run of this one, before a reset, may have stopped the server: this run was
// to stop it too and did not get as far. A run that never asked for the lock (a dry run) writes nothing.
func (r *serverRun) stoppedBeforeReset(ctx workflow.Context) bool {
	if !r.snapshotInput.StopServer || r.stopReached || (r.lock == nil && !r.lockAwaited) ||
		workflow.GetVersion(ctx, changeStoppedBeforeReset, workflow.DefaultVersion, 1) < 1 ||
		decidedByOriginalRun(ctx, r.report.OriginalRunID) {
		return false
	}
	r.note("this run was reset: the run before may have stopped the server, so it was looked whether it is up")
	return true
}

// lockToLeave gets the lock for a run that ends without ever having had it: the run before the reset may have left it
// behind, and nobody else would start the server. It returns why it cannot be had, or nothing.
func (r *serverRun) lockToLeave(ctx workflow.Context) (problem string) {
	if r.lock != nil {
		return ""
	}
	busy, err := r.acquireLock(ctx, true, r.changeGrace+time.Minute)
	switch {
	case err != nil:
		return "the run before the reset may have stopped it, and its lock could not be taken: " + plain(err)
	case busy != nil:
		return "the run before the reset may have stopped it, and it is in use by " + r.describeBusy(busy)
	default:
		return ""
	}
}

// awaitServer waits for a status; see contract.AwaitServerInput.
func (r *serverRun) awaitServer(ctx workflow.Context, want contract.ServerStatus, settle bool, timeout time.Duration) (contract.Server, contract.AwaitState) {
	var result contract.AwaitServerResult
	err := workflow.ExecuteActivity(waitOptions(ctx, timeout, "wait until the server is "+string(want)), contract.ActivityAwaitServer,
		contract.AwaitServerInput{ServerID: r.serverID, Want: want, Settle: settle, Timeout: Duration(timeout)}).Get(ctx, &result)
	if err != nil {
		return contract.Server{}, contract.AwaitTimedOut
	}
	return result.Server, result.State
}

// power sends start or stop until the server has the wanted status. It returns why it could not, or nothing. The end of
// ctx ends the tries, but never a request in flight.
func (r *serverRun) power(ctx workflow.Context, activity string, want contract.ServerStatus, timeout time.Duration) (problem string) {
	began := workflow.Now(ctx)
	for try := 1; ; try++ {
		if !r.ensureLock(ctx) {
			return "the server's lock was lost, or another run holds it"
		}
		if ctx.Err() != nil {
			return "the run was canceled"
		}
		r.waitFor(ctx, "the server to be %s", want)
		lock := r.lock
		answer := r.postPower(activity)
		left := max(timeout-workflow.Now(ctx).Sub(began), time.Second)
		settle := false
		switch answer.Outcome {
		case contract.WriteRefused:
			if answer.Status == http.StatusNotFound || answer.Status == http.StatusMethodNotAllowed {
				return "the API knows no such call (" + trimDot(answer.Detail) + "): check the worker's VPS_POWER_PATH"
			}
			settle = true // it may be on its way already; the status after VPS_SETTLE tells
		case contract.WriteAmbiguous:
			settle = true
		case contract.WriteUnauthorized:
			if !r.awaitAccess(ctx, left) {
				return "the API refuses the token: " + trimDot(answer.Detail)
			}
		case contract.WriteLockLost:
			if !r.lockWasLost(ctx, lock) {
				return "the server's lock was lost"
			}
		case contract.WriteAccepted, contract.WriteNotSent:
		}
		if answer.Outcome == contract.WriteAccepted || settle {
			if server, state := r.awaitServer(ctx, want, settle, left); state == contract.AwaitDone && server.Status == want {
				return ""
			}
		}
		left = timeout - workflow.Now(ctx).Sub(began)
		if left <= 0 {
			return "not " + string(want) + " within " + Duration(timeout).String() + " (" + trimDot(answer.Detail) + ")"
		}
		if err := pause(ctx, min(retryPause(answer, try), left), "pause before the server is told again"); err != nil {
			return "the run was canceled"
		}
	}
}

// postPower sends one power call and waits for its end, whatever happens to the run.
func (r *serverRun) postPower(activity string) contract.WriteAnswer {
	var result contract.PowerResult
	summary := "start the server"
	if activity == contract.ActivityStopServer {
		summary = "stop the server for the snapshot"
	}
	err := workflow.ExecuteActivity(writeOptions(r.safe, summary), activity,
		contract.PowerInput{Fence: r.fenceRepeatable(), ServerID: r.serverID}).Get(r.safe, &result)
	if err != nil {
		return ambiguous(err)
	}
	return result.Answer
}

// awaitAccess waits until the token works again, for as long as given. False means that it did not.
func (r *serverRun) awaitAccess(ctx workflow.Context, left time.Duration) bool {
	if left <= 0 {
		return false
	}
	r.waitFor(ctx, "a working API token (the API answers 401): mend VPS_API_TOKEN and restart the worker")
	var result contract.AwaitAccessResult
	err := workflow.ExecuteActivity(waitOptions(ctx, left, "wait for a working API token"), contract.ActivityAwaitAccess,
		contract.AwaitAccessInput{Timeout: Duration(left)}).Get(ctx, &result)
	return err == nil && result.State == contract.AwaitDone
}
