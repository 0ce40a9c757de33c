package workflows

import (
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// SnapshotUpdateVerify makes one risky change to one server reversible: preflight, snapshot, change, verify, then
// commit, or restore and verify. The input is one SnapshotUpdateVerifyInput as JSON; it is read raw because the
// default converter drops unknown fields and runs with a zero struct when there is no input at all. A second input is
// taken only to be refused: without a parameter for it, it would be dropped.
func SnapshotUpdateVerify(ctx workflow.Context, raw, second converter.RawValue) (*Report, error) {
	in, err := decodeSnapshotUpdateVerify(raw)
	if second.Payload() != nil {
		err = errTwoInputs
	}
	if err != nil {
		return nil, refuseUpdates(ctx, invalidInput(ctx, err))
	}
	if end := secondAttempt(ctx); end != nil {
		return nil, end
	}
	run := newUpdateRun(ctx, in)
	if err := run.setup(ctx); err != nil {
		return nil, err
	}
	return run.finish(ctx, run.run(ctx))
}

// updateRun is one run of the runbook. State lives in fields only, so that queries, updates and the steps see the same.
type updateRun struct {
	in     SnapshotUpdateVerifyInput
	report Report

	// safe is disconnected from the run's cancellation. Whatever must not be left half done runs on it.
	safe workflow.Context
	// beforeChange is cancelled with the run, and when the lock is lost: until the change begins, both mean stop.
	beforeChange       workflow.Context
	cancelBeforeChange workflow.CancelFunc

	lock     *lockHold
	external externalChange

	// What the run knows of the server.
	server    contract.Server
	own       contract.OwnSnapshot
	snapshots []contract.Snapshot // the server's whole list, as last seen
	snapshot  *contract.Snapshot  // the restore point, once completed

	changeBegun      bool      // from here on the server may be changed
	createWasUnclear bool      // a snapshot of ours may turn up late
	stopMayBeSent    bool      // stop_server: the server may be down because of us
	restoreBegun     bool      // from here on reports are refused
	restoreLooked    string    // the run in which an earlier decision's restore was looked for
	lookedRunID      string    // the run in which our snapshot was last looked for
	busyDetail       string    // how things stood with a lock that could not be had
	lockLostEarly    bool      // the lock was lost before the change: the run ends as LockLost
	snapshotAsked    time.Time // when the restore point was first asked for (the Temporal server's clock)

	// What queries show.
	phase      Phase
	waitingFor string
	window     *Window
	hold       *holdState
	ended      bool
}

// run is the runbook. Each step returns nil to go on, or how the run ends.
func (r *updateRun) run(ctx workflow.Context) *ending {
	if r.in.DryRun {
		return r.dryRun(r.beforeChange)
	}
	steps := []func() *ending{
		func() *ending { return r.takeLock(r.beforeChange) },                    // 1. one runbook a server
		func() *ending { return r.preflight(r.beforeChange) },                   // 2. token, server, quota
		func() *ending { return r.baseline(r.beforeChange, r.baselineInput()) }, // 3. red before the change stops the run
		func() *ending { return r.makeRestorePoint(r.beforeChange) },            // 4. no change before it is completed
		func() *ending { return r.change(r.beforeChange, ctx) },                 // 5. at most once
		func() *ending { return r.judge(ctx) },                                  // 6. verify, then commit or roll back
	}
	for _, step := range steps {
		if end := step(); end != nil {
			return end
		}
	}
	if !r.ensureLock(r.safe) {
		return r.lockGone()
	}
	return r.commit(r.safe)
}

// dryRun says what would happen and writes nothing, so it needs no lock.
func (r *updateRun) dryRun(ctx workflow.Context) *ending {
	if end := r.preflight(ctx); end != nil {
		return end
	}
	if end := r.baseline(ctx, r.baselineInput()); end != nil {
		return end
	}
	r.report.Plan = r.plan()
	return &ending{outcome: OutcomePlanned, summary: "Dry run: nothing was written. The plan says what a real run would do."}
}

// finish leaves the server up and the lock free, and closes the run with its report.
func (r *updateRun) finish(ctx workflow.Context, end *ending) (*Report, error) {
	if problem := r.leaveServerUp(r.safe); problem != "" {
		end.summary += " The server was stopped for its snapshot and may still be down: " + problem + "."
		end.withNext("start server %d at VPS.org now. %s", r.in.ServerID, end.next)
	}
	r.removeTwins(r.safe)
	r.ended = true
	r.close(r.safe, end)
	r.releaseLock(r.safe)
	if err := workflow.Await(r.safe, func() bool { return workflow.AllHandlersFinished(r.safe) }); err != nil {
		return nil, err
	}
	return end.result(&r.report)
}
