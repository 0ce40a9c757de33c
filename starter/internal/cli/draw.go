package cli

import (
	"time"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
)

// drawView redraws the run on a terminal. Elsewhere it writes a line for each change, and one a minute when nothing
// changes: systems that run jobs give up a silent one.
func (a *app) drawView(s seen) {
	if a.progress.Live() {
		a.progress.Draw(render.Frame(s.view, a.errColour, a.terminalSize()))
		return
	}
	a.tellView(s.view, render.Line(s.view))
}

// tellView writes the line for a log when it is news, and now and then that the run goes on.
func (a *app) tellView(v render.View, line string) {
	if line == "" {
		return
	}
	now := v.Now.UTC()
	a.progress.TellAt(v.ID, now.Format(time.TimeOnly)+" ", line)
	a.progress.Pulse(now.Format("15:04"), now.Format(time.TimeOnly)+" "+render.Still(v))
}
