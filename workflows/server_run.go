package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/retention"
)

// serverRun is what every runbook that writes to one server is made of: its lock, its report, the steps that runbooks
// share (take a snapshot, restore one, verify, hold for a person, bring the server up) and what queries show. State
// lives in fields only, so that queries, updates and the steps see the same.
type serverRun struct {
	report   Report
	serverID int64

	// What the user asked for, as far as the shared steps need it. A runbook without a step leaves its part zero.
	lockInput      LockInput
	snapshotInput  SnapshotInput
	verify         VerifyInput
	restoreTimeout Duration
	holdTimeout    Duration
	// policy is the retention policy that the run's own snapshot belongs to, and the only one that it prunes by.
	policy retention.Policy
	// purpose marks the run's own snapshot beside its policy; empty for most.
	purpose contract.Purpose
	// changeGrace is how long the server stays closed when the run dies while the change is being made.
	changeGrace time.Duration
	// deleteTries bounds how often one delete is tried.
	deleteTries int
	// egress is everything that the input would let the worker connect to.
	egress []contract.EgressTarget
	// notDuring are the freeze windows.
	notDuring []FreezeWindow
	// onDemand is true where the restore is what was asked for: done and verified is then a success.
	onDemand bool

	// safe is disconnected from the run's cancellation. Whatever must not be left half done runs on it.
	safe workflow.Context
	// beforeChange is cancelled with the run, and when the lock is lost: until the change begins, both mean stop.
	beforeChange       workflow.Context
	cancelBeforeChange workflow.CancelFunc

	lock *lockHold
	// lockAwaited: somebody else had the lock when this run asked for it.
	lockAwaited bool
	notifier    notifier

	// What the run knows of the server.
	server    contract.Server
	before    contract.Server // the server right before the first restore
	own       contract.OwnSnapshot
	snapshots []contract.Snapshot // the server's whole list, as last seen
	apiNow    time.Time           // the API's clock at the preflight; zero when it did not say
	made      *contract.Snapshot  // the run's own snapshot, once completed
	snapshot  *contract.Snapshot  // the restore point, once it is known to be completed

	changeBegun      bool      // from here on the server may be changed
	preflightRun     string    // the run that made the preflight
	verifyRun        string    // the run that made the last verification; empty in histories of earlier releases
	createWasUnclear bool      // a snapshot of ours may turn up late
	stopMayBeSent    bool      // stop_server: the server may be down because of us
	stopReached      bool      // stop_server: this history has come to the stop
	restoreBegun     bool      // from here on reports are refused
	restoreLooked    string    // the run in which an earlier decision's restore was looked for
	lookedRunID      string    // the run in which our snapshot was last looked for
	busyDetail       string    // how things stood with a lock that could not be had
	lockWaits        int       // how often the lock was waited for
	lockWaitedFor    string    // the run that it was last waited for
	lockRetaken      bool      // a lost lock was taken again
	interlopers      []string  // who else had the server; see interloper.go
	interlopersAsked int       // of how many of them a person was told
	lockLostEarly    bool      // the lock was lost before the change: the run ends as LockLost
	snapshotAsked    time.Time // when the run's own snapshot was first asked for (the Temporal server's clock)
	lostFrom         time.Time // what was written since is lost by a restore

	// What queries show.
	phase      Phase
	waitingFor string
	window     *Window
	hold       *holdState
	ended      bool
}

// newServerRun makes the part of a run that every runbook has. The caller sets what its own input says.
func newServerRun(ctx workflow.Context, serverID int64, reason string) serverRun {
	info := workflow.GetInfo(ctx)
	r := serverRun{serverID: serverID, phase: PhasePreflight, changeGrace: contract.WriteGrace, deleteTries: deleteTries}
	r.safe, _ = workflow.NewDisconnectedContext(ctx)
	r.beforeChange, r.cancelBeforeChange = workflow.WithCancel(ctx)
	r.report = Report{
		Runbook:       info.WorkflowType.Name,
		WorkflowID:    info.WorkflowExecution.ID,
		RunID:         info.WorkflowExecution.RunID,
		OriginalRunID: info.OriginalRunID,
		ServerID:      serverID,
		Reason:        reason,
		StartedAt:     info.WorkflowStartTime,
	}
	return r
}

// takes says how the run makes its own snapshot, and under which policy.
func (r *serverRun) takes(ctx workflow.Context, in SnapshotInput, policy retention.Policy, purpose contract.Purpose) {
	info := workflow.GetInfo(ctx)
	r.snapshotInput, r.policy, r.purpose = in, policy, purpose
	r.own = contract.OwnSnapshot{ServerID: r.serverID, Name: snapshotName(in.NamePrefix, r.serverID, info), RunID: info.OriginalRunID}
}

// open names the run in the list of runs and starts its first phase. The run's handlers are set before: an update can
// arrive in the very first task.
func (r *serverRun) open(ctx workflow.Context) error {
	if err := workflow.UpsertTypedSearchAttributes(ctx,
		serverIDAttribute.ValueSet(r.serverID), phaseAttribute.ValueSet(string(r.phase))); err != nil {
		return err
	}
	r.report.Phases = []PhaseRecord{{Phase: r.phase, StartedAt: workflow.Now(ctx)}}
	r.waitFor(ctx, "the server's lock")
	return nil
}

// finish leaves the server up and the lock free, and closes the run with its report.
func (r *serverRun) finish(end *ending) (*Report, error) {
	if problem := r.leaveServerUp(r.safe); problem != "" {
		end.summary += " The server was stopped for its snapshot and may still be down: " + problem + "."
		end.withNext("start server %d at VPS.org now. %s", r.serverID, end.next)
	}
	r.removeTwins(r.safe)
	r.ended = true
	r.close(r.safe, end)
	// Told before the lock is released: a run that was reset does not wait for the end of the lock, so that whatever came
	// after it would come earlier than a replayed history says.
	r.tell(endEvent(end.outcome), r.report.Summary, r.report.Next)
	r.notifier.flush(r.safe)
	r.releaseLock(r.safe)
	if err := workflow.Await(r.safe, func() bool { return workflow.AllHandlersFinished(r.safe) }); err != nil {
		return nil, err
	}
	return end.result(&r.report)
}
