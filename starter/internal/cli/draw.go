package cli

import "github.com/safepoint-dev/safepoint/starter/internal/render"

// drawView redraws the run on a terminal, and writes a line for each change elsewhere.
func (a *app) drawView(s seen) {
	if a.progress.Live() {
		a.progress.Draw(render.Frame(s.view, a.errColour))
		return
	}
	if line := render.Line(s.view); line != "" {
		a.progress.TellAt(s.view.ID, s.view.Now.UTC().Format("15:04:05")+" ", line)
	}
}
