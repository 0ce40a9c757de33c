package faultmatrix

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/safepoint-dev/safepoint/internal/vpsorg"
	"github.com/safepoint-dev/safepoint/internal/watch"
)

// polls are the poller's requests. They run to their end even when nobody waits any more: one that was cut may still be
// on its way to the stand-in, and would use up a fault that is meant for what comes next.
type polls struct {
	watch.API
	running atomic.Int64
}

func (p *polls) ListSnapshots(ctx context.Context, opts vpsorg.ListSnapshotsOpts) ([]vpsorg.Snapshot, error) {
	p.running.Add(1)
	defer p.running.Add(-1)
	return p.API.ListSnapshots(context.WithoutCancel(ctx), opts)
}

func (p *polls) GetServer(ctx context.Context, serverID int64) (vpsorg.Server, error) {
	p.running.Add(1)
	defer p.running.Add(-1)
	return p.API.GetServer(context.WithoutCancel(ctx), serverID)
}

// settle waits until no poll is under way, or for a second: one may hang by an earlier fault.
func (p *polls) settle() {
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Second); p.running.Load() > 0 && time.Now().Before(end); {
		<-tick.C
	}
}
