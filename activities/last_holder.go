package activities

import (
	"context"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// LastHolder says which runbook held a server's lock last: whatever a runbook did to the server, it did as its holder.
func (a *Activities) LastHolder(ctx context.Context, in contract.LastHolderInput) (contract.LastHolderResult, error) {
	defer a.keepAlive(ctx)()
	lock, err := a.describe(ctx, contract.LockWorkflowID(in.ServerID), "")
	if err != nil {
		return contract.LastHolderResult{}, unasked(ctx, err)
	}
	return contract.LastHolderResult{
		HolderWorkflowID: lock.parentID, HolderRunID: lock.parentRunID, Running: lock.open(), Found: lock.runID != "",
	}, nil
}
