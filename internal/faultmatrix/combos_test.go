package faultmatrix

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

func lost(kind vpsfake.FaultKind, op vpsfake.Op) vpsfake.Fault {
	return vpsfake.Fault{Kind: kind, Op: op, Times: 1}
}

// at sets a fault when an activity starts.
func (s story) at(activity string, fault vpsfake.Fault) story {
	s.incidents = append(s.incidents, incident{activity: activity, fault: fault})
	return s
}

func TestFaultsThatComeTogetherEndAsTheyShould(t *testing.T) {
	const create, restore, list = vpsfake.OpCreateSnapshot, vpsfake.OpRestoreSnapshot, vpsfake.OpListSnapshots
	lagging := func(d time.Duration, times int) vpsfake.Fault {
		return vpsfake.Fault{Kind: vpsfake.ListLags, Op: list, Duration: d, Times: times}
	}
	oneStart := func(t *testing.T, e ended) {
		assert.True(t, e.report.Rollback.StartedServer)
		assert.Equal(t, 1, e.fake.Server(serverID).Starts)
	}
	var all []story
	for _, f := range bothFlows {
		for _, answer := range []vpsfake.FaultKind{vpsfake.LostAfter, vpsfake.Error500After, vpsfake.MalformedJSON, vpsfake.LostBefore} {
			all = append(all,
				in(f, "create "+string(answer)+" and the list lags", undisturbed, lost(answer, create), lagging(lag, 0)),
				in(f, "create "+string(answer)+" and no whole list", undisturbed, lost(answer, create)).
					at(contract.ActivityFindSnapshot, vpsfake.Fault{Kind: vpsfake.Truncated, Op: list, PageSize: 1, Times: 2}),
				in(f, "create "+string(answer)+" and the list in pages", undisturbed, lost(answer, create),
					vpsfake.Fault{Kind: vpsfake.Paged, Op: list}))
		}
	}
	for _, answer := range []vpsfake.FaultKind{vpsfake.LostAfter, vpsfake.Error500After, vpsfake.MalformedJSON} {
		all = append(all,
			in(flowBad, "restore "+string(answer)+" and the status lags", undisturbed, lost(answer, restore), onRestore(vpsfake.StatusLags, lag)),
			in(flowBad, "restore "+string(answer)+" and stopped before restoring", undisturbed, lost(answer, restore), onRestore(vpsfake.StoppedBeforeRestoring, lag)),
			in(flowBad, "restore "+string(answer)+" and it ends at once", undisturbed, lost(answer, restore), onRestore(vpsfake.EndsAtOnce, 0)),
			in(flowBad, "restore "+string(answer)+" and it comes back stopped", undisturbed, lost(answer, restore), onRestore(vpsfake.ComesBackStopped, 0)).and(oneStart),
			in(flowBad, "restore "+string(answer)+" and the looks fail", undisturbed, lost(answer, restore)).
				at(contract.ActivityAwaitRestore, vpsfake.Fault{Kind: vpsfake.Error500First, Op: vpsfake.OpGetServer, Times: 3}))
	}
	for _, answer := range []vpsfake.FaultKind{vpsfake.LostBefore, vpsfake.LostAfter, vpsfake.Error500First, vpsfake.Error500After, vpsfake.TooMany} {
		all = append(all, in(flowBad, "it comes back stopped and start "+string(answer), undisturbed,
			onRestore(vpsfake.ComesBackStopped, 0), lost(answer, vpsfake.OpStartServer)).and(oneStart))
	}
	all = append(all,
		// The change failed at once, so the restore comes right after the snapshot: the list may still show it unfinished.
		in(flowBad, "the webhook says no and the list lags", undisturbed, lost(vpsfake.Error500After, vpsfake.OpDeployHook)).
			at(contract.ActivityRestoreSnapshot, lagging(settle-10*time.Millisecond, 1)),
		in(flowStopBad, "stop lost, create lost, start lost", undisturbed,
			lost(vpsfake.LostAfter, vpsfake.OpStopServer), lost(vpsfake.LostAfter, create), lost(vpsfake.LostAfter, vpsfake.OpStartServer)),
		in(flowPrune, "deletes lost and the list lags", undisturbed,
			vpsfake.Fault{Kind: vpsfake.LostAfter, Op: vpsfake.OpDeleteSnapshot, Times: 2}, lagging(lag, 0)))
	each(t, all, storyName, tell)
}
