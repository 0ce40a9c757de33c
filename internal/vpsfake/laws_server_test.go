package vpsfake

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAWholeHonestRollbackBreaksNoLaw(t *testing.T) {
	h := start(t, Options{Settle: settle})
	id := h.ready(web01, "a")
	h.hook(web01, "version=2.0.0&healthy=false")
	h.SetFault(Fault{Kind: ComesBackStopped, Times: 1})
	h.SetFault(Fault{Kind: LostAfter, Op: OpRestoreSnapshot, Times: 1})
	h.cutOff("POST", fmt.Sprintf("/api/v1/snapshots/%d/restore/", id), "")
	assert.Equal(t, "restoring", h.status(web01))
	assert.Equal(t, 400, h.restore(id).status, "looked first, so asking again is lawful")
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, []int64{web01}, h.LeftDown())
	h.call("POST", "/api/v1/servers/101/start/", "")
	h.clock.pass(defaultPowerTime)
	assert.Empty(t, h.LeftDown())
	assert.Empty(t, h.Violations())
	assert.Equal(t, 1, h.Restores(web01))
}

func TestLaw2NoChangeBeforeTheSnapshotIsCompleted(t *testing.T) {
	cases := map[string]struct {
		specs []SnapshotSpec
		laws  []int
	}{
		"no snapshot at all":             {nil, []int{}},
		"completed":                      {[]SnapshotSpec{{Description: managed}}, []int{}},
		"in progress":                    {[]SnapshotSpec{{Description: managed, Status: "in_progress"}}, []int{2}},
		"failed":                         {[]SnapshotSpec{{Description: managed, Status: "failed"}}, []int{2}},
		"unknown":                        {[]SnapshotSpec{{Description: managed, Status: "archiving"}}, []int{2}},
		"an older one is completed":      {[]SnapshotSpec{{Description: managed}, {Description: managed, Status: "in_progress"}}, []int{2}},
		"an older one is in progress":    {[]SnapshotSpec{{Description: managed, Status: "in_progress"}, {Description: managed}}, []int{}},
		"somebody else's is in progress": {[]SnapshotSpec{{Description: managed}, {Status: "in_progress"}}, []int{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			h := start(t, Options{})
			for _, spec := range c.specs {
				spec.ServerID = web01
				h.AddSnapshot(spec)
			}
			h.hook(web02, "version=2.0.0")
			assert.Empty(t, h.Violations(), "another server")
			h.hook(web01, "version=2.0.0")
			assert.Equal(t, c.laws, h.laws(), h.Violations())
		})
	}
}

func TestLaw3OnlyACompletedSnapshotIsRestored(t *testing.T) {
	h := start(t, Options{})
	for _, status := range []string{"in_progress", "failed", "archiving"} {
		h.restore(h.AddSnapshot(SnapshotSpec{ServerID: web01, Status: status}))
	}
	assert.Equal(t, []int{3, 3, 3}, h.laws())
	h.restore(9999)
	assert.Len(t, h.Violations(), 3, "what is not there breaks nothing")
}

func TestLaw3ASnapshotIsLookedAtBeforeItIsRestored(t *testing.T) {
	h := start(t, Options{})
	id := h.AddSnapshot(SnapshotSpec{ServerID: web01})
	h.SetFault(Fault{Kind: MalformedJSON, Op: OpListSnapshots, Times: 1})
	h.call("GET", "/api/v1/snapshots/", "")
	h.restore(id)
	assert.Equal(t, []int{3}, h.laws(), "a list that was not whole shows nothing")

	h = start(t, Options{})
	id = h.AddSnapshot(SnapshotSpec{ServerID: web01})
	h.rows("/api/v1/snapshots/?server_id=101")
	h.restore(id)
	assert.Empty(t, h.Violations())
}

func TestLaw3OneDecisionRestoresOnce(t *testing.T) {
	h := start(t, Options{})
	id := h.ready(web01, "a")
	again := func() {
		assert.Equal(t, 200, h.restore(id).status)
		h.clock.pass(defaultRestoreTime)
	}
	again()
	h.hook(web01, "version=2.0.0")
	again()
	assert.Empty(t, h.Violations(), "a change in between is a new decision")
	again()
	assert.Equal(t, []int{3}, h.laws())
	assert.Equal(t, 3, h.Restores(web01))
}

func TestLaw3AnotherSnapshotIsAnotherDecision(t *testing.T) {
	h := start(t, Options{})
	first, second := h.ready(web01, "a"), h.ready(web01, "b")
	h.restore(first)
	h.clock.pass(defaultRestoreTime)
	h.restore(second)
	assert.Empty(t, h.Violations())
}

func TestLaw3AfterAnAmbiguousRestoreTheServerIsLookedAt(t *testing.T) {
	lost := func(h *harness) int64 {
		id := h.ready(web01, "a")
		h.SetFault(Fault{Kind: LostBefore, Op: OpRestoreSnapshot, Times: 1})
		h.cutOff("POST", fmt.Sprintf("/api/v1/snapshots/%d/restore/", id), "")
		h.clock.pass(time.Second)
		return id
	}
	h := start(t, Options{})
	id := lost(h)
	h.status(web02)
	h.restore(id)
	assert.Equal(t, []int{3}, h.laws(), "another server is no look")
	for _, path := range []string{"/api/v1/servers/", "/api/v1/servers/101/"} {
		h = start(t, Options{})
		id = lost(h)
		h.call("GET", path, "")
		h.restore(id)
		assert.Empty(t, h.Violations(), path)
	}
}

func TestLaw7WritesOfOneServerDoNotOverlap(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: Hang, Op: OpCreateSnapshot, Times: 1})
	ctx, giveUp := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := h.request(ctx, "POST", "/api/v1/snapshots/", createBody(web01, "a"))
		done <- err
	}()
	require.Eventually(t, func() bool { return len(h.Requests()) == 1 }, 30*time.Second, time.Millisecond)
	h.rows("/api/v1/snapshots/")
	h.call("POST", "/api/v1/servers/102/stop/", "")
	assert.Empty(t, h.Violations(), "reads and other servers are free")
	h.hook(web01, "version=2.0.0")
	h.call("POST", "/api/v1/servers/101/stop/", "")
	assert.Equal(t, []int{7, 7}, h.laws(), h.Violations())
	giveUp()
	require.Error(t, <-done)
	require.Eventually(t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return len(h.Fake.laws.inFlight) == 0
	}, 30*time.Second, time.Millisecond)
	h.call("POST", "/api/v1/servers/101/start/", "")
	assert.Len(t, h.Violations(), 2, "the client has given up the first one")
}

func TestLaw7OneAfterTheOtherIsNoOverlap(t *testing.T) {
	h := start(t, Options{})
	for i := range 50 {
		h.hook(web01, fmt.Sprintf("version=%d", i))
	}
	assert.Empty(t, h.Violations())
}

func TestLaw11OnlyTrafficLeavesAServerDown(t *testing.T) {
	h := start(t, Options{})
	h.AddServer(ServerSpec{ID: 103, Status: "stopped"})
	assert.Empty(t, h.LeftDown(), "it was stopped before")
	h.call("POST", "/api/v1/servers/101/stop/", "")
	assert.Empty(t, h.LeftDown(), "not yet")
	h.clock.pass(defaultPowerTime)
	assert.Equal(t, []int64{web01}, h.LeftDown())
}

func TestAViolationReadsAsOneLine(t *testing.T) {
	assert.Equal(t, "law 4, request 7: why", Violation{Law: 4, Request: 7, Detail: "why"}.String())
}
