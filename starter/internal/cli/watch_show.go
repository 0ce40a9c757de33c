package cli

import (
	"context"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

const (
	// drawEvery passes between two frames: a window that changes its size is right again that soon.
	drawEvery = 250 * time.Millisecond
	// staleAfter is how old a look becomes before that is said: a query that no worker answers takes three seconds alone.
	staleAfter = 15 * time.Second
)

// watchEnd shows a run until it has ended. Ctrl-C only detaches from it.
func (a *app) watchEnd(ctx context.Context, c client.Client, first seen) (verdict, error) {
	type ending struct {
		verdict verdict
		err     error
	}
	id := first.view.ID
	within, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan ending, 1)
	go func() {
		v, err := a.awaitClose(within, c, id, first.runID)
		ended <- ending{v, err}
	}()
	looks := make(chan seen, 1)
	go a.keepLooking(within, c, id, looks)

	show := a.newDisplay(first)
	defer show.close()
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	for {
		show.draw(time.Now())
		select {
		case end := <-ended:
			if end.err != nil && ctx.Err() != nil {
				return verdict{}, detached(id)
			}
			return end.verdict, end.err
		case s := <-looks:
			show.news(s)
		case <-tick.C:
		}
	}
}

// keepLooking sends each look that came to something. One that failed is no news: its age says so.
func (a *app) keepLooking(ctx context.Context, c client.Client, id string, looks chan<- seen) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		if s, err := a.look(ctx, c, id); err == nil && !s.closed {
			select {
			case looks <- s:
			case <-ctx.Done():
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// display shows the newest look: on a whole terminal in place, elsewhere in lines.
type display struct {
	a    *app
	live *render.Live // nil elsewhere
	last seen
	// looked is when the last look was made.
	looked time.Time
}

func (a *app) newDisplay(first seen) *display {
	d := &display{a: a, last: first, looked: first.view.Now}
	if a.progress.Live() {
		d.live = render.NewLive(a.Err)
	}
	return d
}

// news takes a look. One without a status keeps the last that there was: its phases are still true.
func (d *display) news(s seen) {
	if s.view.Status == nil {
		s.view.Status = d.last.view.Status
	}
	d.last, d.looked = s, s.view.Now
}

func (d *display) draw(now time.Time) {
	v := d.last.view
	v.Now = now
	if age := now.Sub(d.looked); age > staleAfter {
		v.Stale = age
	}
	if d.live != nil {
		size := d.a.terminalSize()
		d.live.Draw(render.Screen(v, size, d.a.errColour), size)
		return
	}
	d.a.tellView(v, render.News(v))
}

func (d *display) close() {
	if d.live != nil {
		d.live.Close()
	}
}

// terminalSize is the present size of the terminal at standard error.
func (a *app) terminalSize() render.Size { return render.TerminalSize(a.Err, a.ErrWidth) }
