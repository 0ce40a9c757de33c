package activities

import (
	"context"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// StopServer asks the API once to stop a server. Accepted does not mean that it is down: see AwaitServer.
func (a *Activities) StopServer(ctx context.Context, in contract.PowerInput) (contract.PowerResult, error) {
	w := a.begin(ctx, in.Fence)
	known := w.send(ctx, func(ctx context.Context) error { return a.api.StopServer(ctx, in.ServerID) })
	return contract.PowerResult{Answer: known}, nil
}

// StartServer asks the API once to start a server. Accepted does not mean that it is up: see AwaitServer.
func (a *Activities) StartServer(ctx context.Context, in contract.PowerInput) (contract.PowerResult, error) {
	w := a.begin(ctx, in.Fence)
	known := w.send(ctx, func(ctx context.Context) error { return a.api.StartServer(ctx, in.ServerID) })
	return contract.PowerResult{Answer: known}, nil
}
