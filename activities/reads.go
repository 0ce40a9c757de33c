package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// Preflight reads everything that a runbook must know before it touches a server: that the token works, the server,
// and its snapshots. What the worker's own policy refuses ends it before the API is asked.
func (a *Activities) Preflight(ctx context.Context, in contract.PreflightInput) (contract.PreflightResult, error) {
	defer a.keepAlive(ctx)()
	if err := a.notAllowed(ctx, in); err != nil {
		return contract.PreflightResult{}, err
	}
	account, err := a.api.Me(ctx)
	if err != nil {
		return contract.PreflightResult{}, readError(ctx, err)
	}
	read, err := a.readServer(ctx, in.ServerID)
	if err != nil {
		return contract.PreflightResult{}, err
	}
	now, _ := a.api.Now() // zero when it is not known
	return contract.PreflightResult{
		TokenName: short(account.TokenName), Server: read.Server, Snapshots: read.Snapshots, RunID: read.RunID, Now: now,
	}, nil
}

// ReadServer reads a server and its snapshots together.
func (a *Activities) ReadServer(ctx context.Context, in contract.ServerInput) (contract.ReadServerResult, error) {
	defer a.keepAlive(ctx)()
	return a.readServer(ctx, in.ServerID)
}

// ListSnapshots reads the whole list of a server and finds ours in it, now: it does not wait for the list to settle.
func (a *Activities) ListSnapshots(ctx context.Context, in contract.FindSnapshotInput) (contract.FindSnapshotResult, error) {
	defer a.keepAlive(ctx)()
	return a.find(ctx, in.Own)
}

func (a *Activities) readServer(ctx context.Context, serverID int64) (contract.ReadServerResult, error) {
	server, err := a.api.GetServer(ctx, serverID)
	if err != nil {
		return contract.ReadServerResult{}, readError(ctx, err)
	}
	list, err := a.api.ListSnapshots(ctx, vpsorg.ListSnapshotsOpts{ServerID: serverID})
	if err != nil {
		return contract.ReadServerResult{}, readError(ctx, err)
	}
	return contract.ReadServerResult{
		Server: serverOf(server), Snapshots: snapshotsOf(list), RunID: activity.GetInfo(ctx).WorkflowExecution.RunID,
	}, nil
}

func (a *Activities) find(ctx context.Context, own contract.OwnSnapshot) (contract.FindSnapshotResult, error) {
	list, err := a.api.ListSnapshots(ctx, vpsorg.ListSnapshotsOpts{ServerID: own.ServerID})
	if err != nil {
		return contract.FindSnapshotResult{}, readError(ctx, err)
	}
	all := snapshotsOf(list)
	return contract.FindSnapshotResult{Ours: ours(own, all), All: all, RunID: activity.GetInfo(ctx).WorkflowExecution.RunID}, nil
}

// keepAlive heartbeats until the returned function is called, so that a read whose worker dies is begun again after
// one heartbeat time-out and not after its whole deadline.
func (a *Activities) keepAlive(ctx context.Context) (stop func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(a.pace.heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				activity.RecordHeartbeat(ctx)
			case <-done:
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() {
		close(done)
		<-ended
	}
}
