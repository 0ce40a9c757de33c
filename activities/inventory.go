package activities

import (
	"context"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/target"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// SnapshotInventory lists the snapshots of the chosen servers and says what retention would do with each. It takes two
// lists, however many servers there are, and writes nothing.
func (a *Activities) SnapshotInventory(ctx context.Context, in contract.InventoryInput) (contract.InventoryResult, error) {
	defer a.keepAlive(ctx)()
	if err := usable(in.Selector); err != nil {
		return contract.InventoryResult{}, err
	}
	// The snapshots first, as in an audit: a server that is made in between has none.
	snapshots, err := a.api.ListSnapshots(ctx, vpsorg.ListSnapshotsOpts{})
	if err != nil {
		return contract.InventoryResult{}, readError(ctx, err)
	}
	servers, err := a.allServers(ctx)
	if err != nil {
		return contract.InventoryResult{}, err
	}
	v := newInventory(in, servers, snapshotsOf(snapshots))
	v.result.Now, v.result.ClockOf = a.pace.now().UTC(), contract.ClockWorker
	if now, known := a.api.Now(); known {
		v.result.Now, v.result.ClockOf = now.UTC(), contract.ClockAPI
	}
	v.chosen, v.missing = target.Match(in.Selector, servers)
	v.fill()
	return v.result, nil
}
