package workflows

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/safepoint-dev/safepoint/internal/contract"
)

// failedIn is the newest failure of a server.
func (e fleetEnd) failedIn(id int64) TargetResult {
	for _, f := range e.fleet().LastFailures {
		if f.ServerID == id {
			return f
		}
	}
	return TargetResult{}
}

// change changes the account while a run is under way.
func (h *fleetHarness) change(d time.Duration, f func()) { h.at(d, func() { h.locked(f) }) }

// Selected means selected at the start: what is read later must not drop a server, or take in another one.
func TestEveryServerThatWasSelectedAtTheStartIsTried(t *testing.T) {
	h := newFleet(t, 510, func(in *FleetUpdateInput) {
		in.All, in.Selector, in.MaxConcurrency = false, &SelectorInput{Name: "web-*", Status: string(contract.ServerActive)}, Amount{Number: 200}
		in.MaxErrors = Amount{Number: 1}
	})
	h.change(time.Second, func() {
		h.servers = append(slices.Clone(h.servers), contract.Server{ID: 511, Name: "web-511", Hostname: "web511.example.com", Status: contract.ServerActive})
		h.servers[504].Status = "restarting"
		h.servers[505].Name = "renamed"
		h.servers = slices.Delete(h.servers, 506, 507)
	})
	e := h.run()
	assert.Equal(t, contract.FailFleet, e.failure, "a server that is gone was not committed")
	assert.Equal(t, FleetCounts{Done: 509, Errors: 1}, e.fleet().Counts)
	assert.Equal(t, 510, e.fleet().Total)
	started := h.startedIDs(TypeSnapshotUpdateVerify)
	assert.Contains(t, started, int64(505))
	assert.Contains(t, started, int64(506))
	assert.NotContains(t, started, int64(511))
	gone := e.failedIn(507)
	assert.Equal(t, []any{OutcomeNotChanged, contract.FailPreflight}, []any{gone.Outcome, gone.Failure})
	assert.Contains(t, gone.Summary, "no such server any more")
	require.Len(t, h.selections, 2)
	assert.Equal(t, contract.Selector{Servers: ids(501, 510)}, h.selections[1])
}

func TestTheSelectionIsFixedOverAContinueAsNew(t *testing.T) {
	h := newFleet(t, 7, func(in *FleetUpdateInput) { in.MaxConcurrency, in.MaxErrors = Amount{Number: 2}, Amount{Number: 1} })
	second := h.longAt(30 * time.Second).run().after()
	second.servers = append(slices.DeleteFunc(slices.Clone(second.servers), func(s contract.Server) bool { return s.ID == 6 }), contract.Server{ID: 8, Name: "web-8", Hostname: "web8.example.com"})
	e := second.run()
	assert.Equal(t, FleetCounts{Done: 6, Errors: 1}, e.fleet().Counts)
	assert.Contains(t, e.failedIn(6).Summary, "no such server any more")
	assert.Equal(t, contract.Selector{Servers: ids(3, 7)}, second.selections[0])
}

// A page of long texts is shorter than what was asked for; the rest is asked for again.
func TestAShortPageIsNoEndOfTheServers(t *testing.T) {
	h := newFleet(t, 30, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 20} })
	h.spoil = func(r *contract.SelectServersResult) {
		if n := len(r.Servers); n > 8 {
			for _, s := range slices.Backward(r.Servers[8:]) {
				r.Rest = append([]int64{s.ID}, r.Rest...)
			}
			r.Servers = r.Servers[:8]
		}
	}
	e := h.run()
	assert.Equal(t, FleetCounts{Done: 30}, e.fleet().Counts)
	assert.Len(t, h.selections, 4)
}

func TestAnAnswerThatLeavesServersOutIsNeverTakenForTheWholeSelection(t *testing.T) {
	h := newFleet(t, 600)
	h.spoil = func(r *contract.SelectServersResult) { r.Rest = nil }
	e := h.run()
	assert.Equal(t, contract.FailPreflight, e.failure)
	assert.Contains(t, e.report.Summary, "600 servers are selected, and the worker named 500")
	assert.Empty(t, h.starts)
	assert.True(t, e.fleet().NotStartedUnknown)

	h = newFleet(t, 510, func(in *FleetUpdateInput) { in.MaxConcurrency = Amount{Number: 200} })
	h.change(time.Second, func() { h.spoil = func(r *contract.SelectServersResult) { r.Servers = r.Servers[1:] } })
	e = h.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Contains(t, e.fleet().StoppedBy, "leaves server 501 out")
	assert.Equal(t, ids(501, 510), e.fleet().NotStarted)
}

func TestAServerThatIsGoneIsNoGreenCanary(t *testing.T) {
	h := newFleet(t, 4, withCanary(Amount{Number: 3}, 0, false), func(in *FleetUpdateInput) {
		in.MaxConcurrency, in.MaxErrors = Amount{Number: 1}, Amount{Number: 4}
	})
	second := h.longAt(30 * time.Second).run().after()
	second.servers = []contract.Server{h.servers[0], h.servers[2], h.servers[3]}
	e := second.run()
	assert.Equal(t, contract.FailFleetStopped, e.failure)
	assert.Contains(t, e.fleet().StoppedBy, "canary server 2")
	assert.Equal(t, ids(3, 4), e.fleet().NotStarted)
}

// The second belt, should a server get lost in a way that nobody thought of.
func TestARunWithFewerResultsThanServersNeverLooksGood(t *testing.T) {
	for name, counts := range map[string]FleetCounts{
		"done": {Done: 2}, "planned": {Planned: 2}, "skipped": {Skipped: 2}, "nothing": {},
	} {
		t.Run(name, func(t *testing.T) {
			record := &FleetRecord{Total: 3, Counts: counts}
			fleet := finishFleet(FleetUpdateInput{}, record, fanOutDone)
			assert.Equal(t, []any{OutcomeFleetFailed, contract.FailFleet}, []any{fleet.outcome, fleet.failure})
			assert.Contains(t, fleet.summary, "left no result")
			rotation := rotatedMany(SnapshotRotationInput{DryRun: counts.Planned > 0}, record, fanOutDone)
			assert.Equal(t, []any{OutcomeIncomplete, contract.FailRotation}, []any{rotation.outcome, rotation.failure})
			assert.Contains(t, rotation.summary, "left no result")
		})
	}
}
