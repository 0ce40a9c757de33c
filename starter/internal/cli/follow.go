package cli

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"
)

// lookEvery passes between two looks at a run that is followed.
const lookEvery = time.Second

// follow shows a run until it has ended. Ctrl-C only detaches from it.
func (a *app) follow(ctx context.Context, c client.Client, id, runID string) (verdict, error) {
	type ending struct {
		verdict verdict
		err     error
	}
	ended := make(chan ending, 1)
	go func() {
		v, err := a.awaitClose(ctx, c, id, runID)
		ended <- ending{v, err}
	}()
	stop := a.watch(ctx, c, id)
	end := <-ended
	stop()
	if end.err != nil && ctx.Err() != nil {
		return verdict{}, detached(id)
	}
	return end.verdict, end.err
}

// detached is the end of a command that was interrupted while it waited.
func detached(id string) error {
	return fail(codeDetached, "detached: the run goes on. Look again: safepoint status %s --wait", quote(id))
}

// watch shows a run's progress until the returned function is called.
func (a *app) watch(ctx context.Context, c client.Client, id string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			a.showProgress(ctx, c, id)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
		a.progress.Clear()
	}
}

// showProgress draws one look. A look that fails is no news: the wait itself says so when it lasts.
func (a *app) showProgress(ctx context.Context, c client.Client, id string) {
	began := time.Now()
	s, err := a.look(ctx, c, id)
	if err != nil || s.closed || ctx.Err() != nil {
		return
	}
	if a.looked != nil {
		a.looked(s, began)
	}
	a.drawView(s)
}
