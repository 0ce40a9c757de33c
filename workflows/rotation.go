package workflows

import (
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// SnapshotRotation takes a snapshot of a server, waits until it is completed, and then prunes what the policy does not
// keep. With more servers than one, each has a run of its own. The input is one SnapshotRotationInput as JSON; see
// SnapshotUpdateVerify for why it is read raw.
//
// Unlike a change, a rotation may be made again: a second attempt finds what the first one left.
func SnapshotRotation(ctx workflow.Context, raw, second converter.RawValue) (*Report, error) {
	in, err := decodeSnapshotRotation(raw)
	state, other := resumeFanOut(ctx, second, exampleRotation) // only a run of many servers is ever continued
	if other != nil {
		err = other
	}
	if err = errors.Join(err, childIDProblem(ctx, maxRunID)); err != nil {
		return nil, refuseFanOut(ctx, invalidInput(ctx, err))
	}
	if !in.oneServer() {
		return rotateMany(ctx, in, raw, state)
	}
	run := newRotationRun(ctx, in)
	if err := run.setup(ctx); err != nil {
		return nil, err
	}
	return run.finish(run.settle(run.run(run.beforeChange)))
}

// rotationRun is the rotation of one server. It changes nothing on the server, so all of it may be interrupted: only a
// write in flight is waited for.
type rotationRun struct {
	serverRun
	in SnapshotRotationInput
	// freed says that a place was made for the new snapshot: those deletes come before the create.
	freed bool
	// seenAt is the Temporal server's clock when apiNow was read.
	seenAt time.Time
}

func newRotationRun(ctx workflow.Context, in SnapshotRotationInput) *rotationRun {
	r := &rotationRun{in: in, serverRun: newServerRun(ctx, in.Servers[0], in.Reason)}
	r.lockInput, r.notDuring = in.Lock, in.NotDuring
	r.deleteTries = deleteTriesRotation
	r.restoreTimeout = in.Snapshot.ReadyTimeout // how long a lost lock may take to come back, to start a stopped server
	r.egress = egressOf(UpdateInput{}, nil, in.Notify)
	if !in.DryRun {
		r.notifier.targets = in.Notify
	}
	r.takes(ctx, in.Snapshot, in.Policy.rules(in.Snapshot.NamePrefix), "")
	return r
}

func (r *rotationRun) setup(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, QueryStatus, r.status,
		workflow.QueryHandlerOptions{Description: "phase, what it waits for, snapshot, what a person may do"}); err != nil {
		return err
	}
	return r.open(ctx)
}

// run is the runbook. Each step returns nil to go on, or how the run ends.
func (r *rotationRun) run(ctx workflow.Context) *ending {
	if r.in.DryRun {
		return r.dryRun(ctx)
	}
	for _, step := range []func(workflow.Context) *ending{
		r.skipFrozen,    // 1. not in a freeze window
		r.takeLock,      // 2. one runbook a server
		r.skipFrozen,    // 3. the wait for the lock may have been long
		r.look,          // 4. token, server, list, and whether the policy can decide at all
		r.adopt,         // 5. what an earlier run began and did not see to its end
		r.make,          // 6. room, then a completed snapshot
		r.pruneByPolicy, // 7. only now
	} {
		if end := step(ctx); end != nil {
			return end
		}
	}
	return r.rotated()
}

// skipFrozen ends the run while a freeze window is open. A server that this run has stopped is started first.
func (r *rotationRun) skipFrozen(ctx workflow.Context) *ending {
	why := frozen(ctx, r.notDuring, r.serverID)
	if why == "" {
		return nil
	}
	wrote := "Nothing was written."
	if r.freed {
		wrote = r.whatIsGone()
	}
	if r.stopMayBeSent {
		if end := r.startAfterSnapshot(ctx); end != nil {
			return end
		}
		wrote = "The server was stopped for the snapshot and is started again. " + r.whatIsGone()
	}
	return &ending{outcome: OutcomeSkipped, summary: fmt.Sprintf("Skipped: a freeze window is open, %s. %s", why, wrote)}
}

// look reads the server and its snapshots. A stopped server is rotated like any other; one that is being restored is
// not: somebody may need the very snapshot that the policy would remove.
func (r *rotationRun) look(ctx workflow.Context) *ending {
	if end := r.lookFirst(ctx); end != nil {
		return end
	}
	r.seenAt = workflow.Now(ctx)
	switch r.server.Status {
	case contract.ServerActive:
	case contract.ServerStopped:
		if r.in.Snapshot.StopServer {
			r.note("the server was stopped before this run began and is left so; if nobody stopped it, an earlier run with snapshot.stop_server may have been killed")
		}
	default: // restoring, suspended, or something that is under way
		return notChanged(contract.FailPreflight, "The server is %q, neither active nor stopped.", r.server.Status).
			withNext("wait for the action under way to end, then start the run again.")
	}
	if _, err := r.decide(r.incoming()); err != nil {
		return notChanged(contract.FailPreflight, "The policy cannot be applied: %s.", trimDot(err.Error())).
			withNext("look at the server's list of snapshots at VPS.org, then start the run again.")
	}
	r.reportStuck()
	return nil
}

// incoming is how many snapshots the run is about to make.
func (r *rotationRun) incoming() int {
	if r.in.Create && !r.ownAlreadyMade() && r.made == nil {
		return 1
	}
	return 0
}

// make makes the new snapshot and returns only when the list shows it completed, unless one was adopted. What comes
// before each write may take long (an earlier run's snapshot, the deletes that make room, the stop), so a freeze window
// that has opened meanwhile is looked for before each.
func (r *rotationRun) make(ctx workflow.Context) *ending {
	if !r.in.Create || r.made != nil {
		return nil
	}
	if end := r.skipFrozen(ctx); end != nil {
		return end
	}
	r.enter(ctx, PhaseSnapshot)
	stops := r.in.Snapshot.StopServer && r.server.Status == contract.ServerActive
	steps := []func(workflow.Context) *ending{r.makePlace, r.skipFrozen}
	if stops {
		steps = append(steps, r.stopForSnapshot, r.skipFrozen)
	}
	for _, step := range append(steps, r.takeSnapshot) {
		if end := step(ctx); end != nil {
			return end
		}
	}
	r.usePoint(*r.made, r.snapshotAsked)
	if stops {
		return r.startAfterSnapshot(ctx)
	}
	return nil
}
