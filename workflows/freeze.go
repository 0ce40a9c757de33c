package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/safepoint-dev/safepoint/internal/freeze"
)

// frozen says why the server must not be changed now; empty when it may be. The rules of a time zone are this machine's
// own and change over the years, so the answer is recorded: a replay must not find another one.
func frozen(ctx workflow.Context, windows []FreezeWindow, serverID int64) (why string) {
	if len(windows) == 0 {
		return ""
	}
	now := workflow.Now(ctx)
	answer := workflow.SideEffect(ctx, func(workflow.Context) any { return describeFreeze(windows, serverID, now) })
	if err := answer.Get(&why); err != nil {
		return "the freeze windows could not be judged: " + err.Error() // a doubt is no leave to change a server
	}
	return why
}

// describeFreeze names the window that is open and its end.
func describeFreeze(windows []FreezeWindow, serverID int64, now time.Time) string {
	window, until := freeze.Active(windows, serverID, now)
	if window == nil {
		return ""
	}
	why := "server " + fmt.Sprint(serverID) + " must not be changed"
	if !until.IsZero() {
		why += " until " + until.UTC().Format("2006-01-02 15:04 UTC")
	}
	if window.Reason != "" {
		why += " (" + window.Reason + ")"
	}
	return why
}
