package workflows

import (
	"errors"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// safetyPrefix starts the name of every safety snapshot.
const safetyPrefix = "safety"

// RollbackByRestore overwrites one server with one of its snapshots because somebody asked for it: it says what will be
// lost, asks a person if told to, keeps a copy of the present state if told to, restores, and verifies. Restored and
// verified is what was asked for, so it completes; every other end is a failed one or leaves the server as it was. The
// input is one RollbackByRestoreInput as JSON, read raw for the same reasons as SnapshotUpdateVerify's.
//
// A server that was stopped before is started after the restore, because nothing else can be verified. With verify.skip
// nothing needs it up: a server that was stopped before and comes back stopped is left so.
func RollbackByRestore(ctx workflow.Context, raw, second converter.RawValue) (*Report, error) {
	in, err := decodeRollbackByRestore(raw)
	if second.Payload() != nil {
		err = twoInputs(exampleRollback)
	}
	if err = errors.Join(err, childIDProblem(ctx, maxRunID)); err != nil {
		return nil, refuseUpdates(ctx, invalidInput(ctx, err))
	}
	if end := secondAttempt(ctx); end != nil {
		return nil, end
	}
	run := newRestoreRun(ctx, in)
	if err := run.setup(ctx); err != nil {
		return nil, err
	}
	return run.finish(run.run(run.beforeChange))
}

// restoreRun is one run of the runbook.
type restoreRun struct {
	serverRun
	in RollbackByRestoreInput
	// chosen is the snapshot to restore, once the preflight has found it.
	chosen contract.Snapshot
	// apiNow is the API's clock at the preflight (zero when it is not known), and seenAt the Temporal server's then.
	apiNow, seenAt time.Time
}

// newRestoreRun makes the run from its input and identity.
func newRestoreRun(ctx workflow.Context, in RollbackByRestoreInput) *restoreRun {
	r := &restoreRun{in: in, serverRun: newServerRun(ctx, in.ServerID, in.Reason)}
	r.onDemand = true
	r.lockInput, r.verify = in.Lock, in.Verify
	r.restoreTimeout, r.holdTimeout = in.Rollback.RestoreTimeout, in.Rollback.HoldTimeout
	r.egress = egressOf(UpdateInput{}, in.Verify.Checks, in.Notify)
	if !in.DryRun {
		r.notifier.targets = in.Notify
	}
	r.takes(ctx, SnapshotInput{NamePrefix: safetyPrefix, ReadyTimeout: in.Safety.ReadyTimeout},
		retention.Policy{Name: contract.PolicySafety, NamePrefix: safetyPrefix, KeepLast: 1}, contract.PurposeSafety)
	return r
}

// setup answers queries and takes updates before the first wait.
func (r *restoreRun) setup(ctx workflow.Context) error {
	if err := r.answerPeople(ctx); err != nil {
		return err
	}
	return r.open(ctx)
}

// run is the runbook. Each step returns nil to go on, or how the run ends. Until the restore begins, a cancel or a lost
// lock ends ctx, and both mean stop.
func (r *restoreRun) run(ctx workflow.Context) *ending {
	if r.in.DryRun {
		return r.dryRun(ctx)
	}
	steps := []func(workflow.Context) *ending{
		r.checkAfterRun,  // 1. nobody has written to the server since
		r.takeLock,       // 2. one runbook a server
		r.look,           // 3. token, server, snapshot, what is lost
		r.checkUntouched, // 4. as 1, for whatever came while this run waited
		r.askApproval,    // 5. a person may say no
		r.takeSafety,     // 6. a copy of what is about to be overwritten
	}
	for _, step := range steps {
		if end := step(ctx); end != nil {
			return end
		}
	}
	return r.restoreChosen(ctx) // 7. at most once, then verify
}

// restoreChosen restores. From here on nothing interrupts the run, and a lost lock is taken again.
func (r *restoreRun) restoreChosen(ctx workflow.Context) *ending {
	if ctx.Err() != nil {
		return r.stoppedBeforeChange()
	}
	r.changeBegun = true
	r.report.Loss = r.lossNow()
	end := r.restore(r.cause())
	if end == nil {
		return r.keptByPerson()
	}
	if end.outcome == OutcomeRestored {
		r.pruneSafety(r.safe)
	}
	return end
}

// cause is why the server is restored, for the report.
func (r *restoreRun) cause() string {
	if r.in.Reason == "" {
		return "asked for"
	}
	return "asked for: " + r.in.Reason
}
