package faultmatrix

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/safepoint-dev/safepoint/internal/contract"
	"github.com/safepoint-dev/safepoint/internal/vpsfake"
)

func TestLaw8EveryWaitHasAnEndThatAUserCanRaise(t *testing.T) {
	t.Parallel() // it waits far more than it works
	slow := onSnapshot(vpsfake.UnknownStatus, 5*time.Second)
	long := onRestore(vpsfake.UnknownStatus, 5*time.Second)
	each(t, []story{
		shortly(in(flowGood, "a slow snapshot", failedSnapshot, slow)),
		in(flowGood, "a slow snapshot, more time", undisturbed, slow),
		shortly(in(flowBad, "a slow restore", failedRollback, long)),
		in(flowBad, "a slow restore, more time", undisturbed, long),
	}, storyName, tell)
}

func TestLaw11TheServerEndsUp(t *testing.T) {
	const stop, start = vpsfake.OpStopServer, vpsfake.OpStartServer
	up := func(t *testing.T, e ended) { assert.Equal(t, "active", e.fake.Server(serverID).Status) }
	refused := func(s scenario) expectation { return undisturbed(s).fails(contract.FailSnapshot, false) }
	limit := func(s scenario) expectation { return undisturbed(s).fails(contract.FailSnapshot, true) }
	all := []story{
		in(flowStop, "the snapshot fails", limit, onSnapshot(vpsfake.SnapshotFails, 0)),
		in(flowStop, "the snapshot is refused", refused, lost(vpsfake.Unauthorized, vpsfake.OpCreateSnapshot)),
		in(flowStop, "the snapshot fails and start is lost", limit, onSnapshot(vpsfake.SnapshotFails, 0), lost(vpsfake.LostBefore, start)),
		in(flowStop, "stop lost, the snapshot refused", refused, lost(vpsfake.LostAfter, stop), lost(vpsfake.Unauthorized, vpsfake.OpCreateSnapshot)),
		in(flowBad, "it comes back stopped", undisturbed, onRestore(vpsfake.ComesBackStopped, 0)),
		in(flowBad, "it comes back stopped and start is lost", undisturbed, onRestore(vpsfake.ComesBackStopped, 0), lost(vpsfake.LostBefore, start)),
	}
	for i := range all {
		all[i].also = up
	}
	each(t, all, storyName, tell)
}

// byHand adds snapshots that a person made.
func byHand(n int) func(h *harness) {
	return func(h *harness) {
		for i := range n {
			h.fake.AddSnapshot(vpsfake.SnapshotSpec{
				ServerID: serverID, Name: fmt.Sprintf("by-hand-%d", i), CreatedAt: time.Now().Add(-40 * 24 * time.Hour),
			})
		}
	}
}

func TestLaw12QuotaIsPlannedNotHit(t *testing.T) {
	full := flowGood.scenario()
	full.name, full.incidents = "no room", []incident{{happens: byHand(4)}}
	room := flowGood.scenario()
	room.name, room.old = "our own make room", 4
	want := undisturbed(room)
	some := flowBad.scenario()
	some.name, some.old, some.incidents = "one of ours makes room for a rollback", 3, []incident{{happens: byHand(1)}}
	wantSome := undisturbed(some)
	wantSome.left = 2 // only as many as the quota needed
	each(t, []story{
		{scenario: full, want: undisturbed(full).fails(contract.FailSnapshotLimit, false), also: func(t *testing.T, e ended) {
			assert.Zero(t, e.requests(vpsfake.OpCreateSnapshot), "refused by the plan, not by the API")
		}},
		{scenario: room, want: want}, {scenario: some, want: wantSome},
	}, storyName, func(t *testing.T, s story) {
		e := runbook(t, s.scenario)
		e.check(s.want)
		if s.also != nil {
			s.also(t, e)
		}
	})
}

func TestLaw12ARefusalIsToldApartByCounting(t *testing.T) {
	for name, c := range map[string]struct {
		between func(h *harness)
		failure string
	}{
		"somebody took the last place": {byHand(4), contract.FailSnapshotLimit},
		"somebody restores": {func(h *harness) {
			h.fake.SetFault(vpsfake.Fault{Kind: vpsfake.ForeignRestore, ServerID: serverID})
		}, contract.FailSnapshot},
	} {
		t.Run(name, func(t *testing.T) {
			s := flowGood.scenario()
			s.takes.restore = foreignTakes
			s.incidents = []incident{{activity: contract.ActivityCreateSnapshot, happens: c.between}}
			e := runbook(t, s)
			defer e.explain()
			assert.Equal(t, c.failure, e.failure)
			assert.Empty(t, e.own())
			assert.Equal(t, 1, e.requests(vpsfake.OpCreateSnapshot))
			e.checkReport()
			e.checkServer()
		})
	}
}
