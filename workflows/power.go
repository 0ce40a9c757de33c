package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// powerTimeout is how long a server may take to start or stop; the API says nothing, and a minute is long for either.
const powerTimeout = 10 * time.Minute

// stopForSnapshot stops the server, so that the copy is consistent. From here on every end of the run looks whether
// the server has to be started again (law 11).
func (r *updateRun) stopForSnapshot(ctx workflow.Context) *ending {
	r.stopMayBeSent = true
	if detail := r.power(r.safe, contract.ActivityStopServer, contract.ServerStopped, r.in.Snapshot.ReadyTimeout.Std()); detail != "" {
		if ctx.Err() != nil {
			return r.stoppedBeforeChange()
		}
		return notChanged(contract.FailSnapshot, "The server could not be stopped for the snapshot: %s.", detail).
			withNext("look at the server at VPS.org; it is started again if it went down.")
	}
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	return nil
}

// startAfterSnapshot starts the server again and looks at the baseline once more: a server that does not come back well
// from a stop must not be blamed on the change. When the API takes the start at once, the one wait of the baseline sees
// to both: that the server is active, then that its checks are green.
func (r *updateRun) startAfterSnapshot(ctx workflow.Context) *ending {
	if r.looksAtBaseline() && r.ensureLock(r.safe) {
		r.waitFor(r.safe, "the server to be started again")
		if answer := r.postPower(r.safe, contract.ActivityStartServer); answer.Outcome == contract.WriteAccepted {
			return r.upAgain(ctx)
		}
	}
	if detail := r.power(r.safe, contract.ActivityStartServer, contract.ServerActive, r.in.Snapshot.ReadyTimeout.Std()); detail != "" {
		return notChanged(contract.FailSnapshot, "The server was stopped for the snapshot and could not be started again: %s.", detail).
			withNext("start server %d at VPS.org now.", r.in.ServerID)
	}
	return r.upAgain(ctx)
}

// upAgain looks at the baseline after the start. Only then is the stop over: see leaveServerUp.
func (r *updateRun) upAgain(ctx workflow.Context) *ending {
	if end := r.baseline(ctx, r.baselineAfterStart()); end != nil {
		return end
	}
	r.stopMayBeSent = false
	return nil
}

// leaveServerUp is the last step of every run that may have stopped its server: a stop that was sent may still take
// effect, so the status is watched for VPS_SETTLE, and a server that is down is started.
func (r *updateRun) leaveServerUp(ctx workflow.Context) {
	if !r.stopMayBeSent {
		return
	}
	r.waitFor(ctx, "the server to be up again")
	server, state := r.awaitServer(ctx, contract.ServerActive, true, powerTimeout)
	if state == contract.AwaitDone && server.Status == contract.ServerActive {
		return
	}
	if detail := r.power(ctx, contract.ActivityStartServer, contract.ServerActive, powerTimeout); detail != "" {
		r.note("the server was stopped for the snapshot and may still be down: %s; start server %d at VPS.org", detail, r.in.ServerID)
	}
}

// awaitServer waits for a status; see contract.AwaitServerInput.
func (r *updateRun) awaitServer(ctx workflow.Context, want contract.ServerStatus, settle bool, timeout time.Duration) (contract.Server, contract.AwaitState) {
	var result contract.AwaitServerResult
	err := workflow.ExecuteActivity(waitOptions(ctx, timeout, "wait until the server is "+string(want)), contract.ActivityAwaitServer,
		contract.AwaitServerInput{ServerID: r.in.ServerID, Want: want, Settle: settle, Timeout: Duration(timeout)}).Get(ctx, &result)
	if err != nil {
		return contract.Server{}, contract.AwaitTimedOut
	}
	return result.Server, result.State
}

// power sends start or stop until the server has the wanted status. It returns why it could not, or nothing.
func (r *updateRun) power(ctx workflow.Context, activity string, want contract.ServerStatus, timeout time.Duration) (problem string) {
	began := workflow.Now(ctx)
	for try := 1; ; try++ {
		if !r.ensureLock(ctx) {
			return "the server's lock is held by another run"
		}
		r.waitFor(ctx, "the server to be %s", want)
		lock := r.lock
		answer := r.postPower(ctx, activity)
		left := max(timeout-workflow.Now(ctx).Sub(began), time.Second)
		switch answer.Outcome {
		case contract.WriteAccepted:
			if server, state := r.awaitServer(ctx, want, false, left); state == contract.AwaitDone && server.Status == want {
				return ""
			}
		case contract.WriteRefused, contract.WriteAmbiguous:
			// Refused may mean that it is on its way already; the status after VPS_SETTLE tells.
			if server, state := r.awaitServer(ctx, want, true, left); state == contract.AwaitDone && server.Status == want {
				return ""
			}
		case contract.WriteUnauthorized:
			if !r.awaitAccess(ctx, left) {
				return "the API refuses the token: " + answer.Detail
			}
		case contract.WriteLockLost:
			if !r.lockWasLost(ctx, lock) {
				return "the server's lock was lost"
			}
		case contract.WriteNotSent:
		}
		pause := retryPause(answer, try)
		if workflow.Now(ctx).Sub(began)+pause >= timeout {
			return "not " + string(want) + " within " + Duration(timeout).String() + " (" + answer.Detail + ")"
		}
		if err := workflow.Sleep(ctx, pause); err != nil {
			return plain(err)
		}
	}
}

// postPower sends one power call and waits for its end.
func (r *updateRun) postPower(ctx workflow.Context, activity string) contract.WriteAnswer {
	var result contract.PowerResult
	summary := "start the server"
	if activity == contract.ActivityStopServer {
		summary = "stop the server for the snapshot"
	}
	// A power call is safe to repeat, so an earlier run's call needs no look: Looked is always true.
	err := workflow.ExecuteActivity(writeOptions(ctx, summary), activity,
		contract.PowerInput{Fence: r.fence(true), ServerID: r.in.ServerID}).Get(ctx, &result)
	if err != nil {
		return ambiguous(err)
	}
	return result.Answer
}

// awaitAccess waits until the token works again, for as long as given. False means that it did not.
func (r *updateRun) awaitAccess(ctx workflow.Context, left time.Duration) bool {
	if left <= 0 {
		return false
	}
	r.waitFor(ctx, "a working API token (the API answers 401): mend VPS_API_TOKEN and restart the worker")
	var result contract.AwaitAccessResult
	err := workflow.ExecuteActivity(waitOptions(ctx, left, "wait for a working API token"), contract.ActivityAwaitAccess,
		contract.AwaitAccessInput{Timeout: Duration(left)}).Get(ctx, &result)
	return err == nil && result.State == contract.AwaitDone
}
