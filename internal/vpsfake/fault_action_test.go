package vpsfake

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAListThatLagsShowsThePast(t *testing.T) {
	h := start(t, Options{})
	old := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "old"})
	lag := h.SetFault(Fault{Kind: ListLags, Duration: 10 * time.Second})
	fresh := h.create(web01, "fresh")
	assert.Equal(t, 204, h.delete(old).status)
	h.call("POST", "/api/v1/servers/101/stop/", "")

	assert.Nil(t, h.listed(fresh), "made too lately to be shown")
	assert.NotNil(t, h.listed(old), "deleted too lately to be missed")
	assert.Equal(t, "active", h.rows("/api/v1/servers/")[0].(map[string]any)["status"])
	assert.Equal(t, "stopping", h.status(web01), "only lists lag")
	h.clock.pass(10 * time.Second)
	assert.NotNil(t, h.listed(fresh))
	assert.Nil(t, h.listed(old))
	h.clock.pass(defaultSnapshotTime - 10*time.Second)
	assert.Equal(t, "in_progress", h.listed(fresh)["status"], "completed too lately to be shown")
	h.RemoveFault(lag)
	assert.Equal(t, "completed", h.listed(fresh)["status"])
}

func TestASnapshotCanFail(t *testing.T) {
	for word, shown := range map[string]string{"": "failed", "error": "error"} {
		h := start(t, Options{})
		h.SetFault(Fault{Kind: SnapshotFails, Status: word, Times: 1})
		id := h.create(web01, "a")
		assert.Equal(t, "in_progress", h.listed(id)["status"])
		h.clock.pass(defaultSnapshotTime)
		row := h.listed(id)
		assert.Equal(t, shown, row["status"])
		assert.Nil(t, row["size_mb"])
		assert.Equal(t, 400, h.restore(id).status)
		assert.Equal(t, 204, h.delete(id).status)
	}
}

func TestASnapshotCanShowAnUnknownStatusForAWhileOrForEver(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: UnknownStatus, Status: "archiving", Duration: time.Hour, Times: 1})
	h.SetFault(Fault{Kind: UnknownStatus, Times: 1})
	first, second := h.create(web01, "a"), h.create(web01, "b")
	h.clock.pass(time.Hour - time.Second)
	assert.Equal(t, "archiving", h.listed(first)["status"])
	h.clock.pass(time.Second)
	assert.Equal(t, "completed", h.listed(first)["status"])
	h.clock.pass(1000 * time.Hour)
	assert.Equal(t, "finalizing", h.listed(second)["status"])
}

func TestWhatNeverFinishesStaysAsItIs(t *testing.T) {
	h := start(t, Options{})
	good := h.ready(web01, "good")
	h.SetFault(Fault{Kind: NeverFinishes, Op: OpAnyWrite})
	stuck := h.create(web01, "stuck")
	h.restore(good)
	h.call("POST", "/api/v1/servers/102/stop/", "")
	h.clock.pass(1000 * time.Hour)
	assert.Equal(t, "in_progress", h.listed(stuck)["status"])
	assert.Equal(t, "restoring", h.status(web01))
	assert.Equal(t, "stopping", h.status(web02))
	assert.Equal(t, 400, h.restore(good).status)
}

// restored is a harness whose server web01 runs version 2.0.0, with a completed snapshot of 1.0.0 and one fault.
func restored(t *testing.T, fault Fault) (h *harness, snapshot int64, updated any) {
	t.Helper()
	h = start(t, Options{})
	snapshot = h.ready(web01, "good")
	h.Deploy(web01, "2.0.0", false)
	updated = h.server(web01)["updated_at"]
	h.SetFault(fault)
	require.Equal(t, 200, h.restore(snapshot).status)
	return h, snapshot, updated
}

func TestAServerCanComeBackStopped(t *testing.T) {
	h, _, _ := restored(t, Fault{Kind: ComesBackStopped, Times: 1})
	assert.Equal(t, "restoring", h.status(web01))
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, "stopped", h.status(web01))
	assert.Equal(t, 200, h.call("POST", "/api/v1/servers/101/start/", "").status)
	h.clock.pass(defaultPowerTime)
	assert.Equal(t, "1.0.0\n", string(h.call("GET", "/sites/101/healthz", "").raw))
}

func TestTheStatusCanLagBehindARestore(t *testing.T) {
	h, id, updated := restored(t, Fault{Kind: StatusLags, Duration: time.Minute, Times: 1})
	assert.Equal(t, "active", h.status(web01))
	assert.Equal(t, updated, h.server(web01)["updated_at"])
	assert.Equal(t, "restoring", h.Server(web01).Status, "the truth")
	assert.Equal(t, "active", h.Server(web01).ShownStatus)
	h.cutOff("GET", "/sites/101/healthz", "")
	assert.Equal(t, 400, h.restore(id).status)
	h.clock.pass(time.Minute)
	assert.Equal(t, "restoring", h.status(web01))
	h.clock.pass(defaultRestoreTime - time.Minute)
	assert.Equal(t, "active", h.status(web01))
}

func TestAServerCanShowStoppedBeforeRestoring(t *testing.T) {
	h, id, _ := restored(t, Fault{Kind: StoppedBeforeRestoring, Duration: time.Minute, Times: 1})
	assert.Equal(t, "stopped", h.status(web01))
	assert.Equal(t, 400, h.call("POST", "/api/v1/servers/101/start/", "").status, "a restore has begun")
	assert.Equal(t, 400, h.restore(id).status)
	assert.Empty(t, h.LeftDown())
	h.clock.pass(time.Minute)
	assert.Equal(t, "restoring", h.status(web01))
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, "active", h.status(web01))
}

func TestARestoreCanEndAtOnceAndOnlyUpdatedAtTells(t *testing.T) {
	h, _, updated := restored(t, Fault{Kind: EndsAtOnce, Times: 1})
	assert.Equal(t, "active", h.status(web01))
	assert.NotEqual(t, updated, h.server(web01)["updated_at"])
	assert.Equal(t, "1.0.0", h.Server(web01).Version)
	assert.False(t, h.Server(web01).Restoring)
}

func TestARestoreCanShowAnUnknownStatus(t *testing.T) {
	h, _, _ := restored(t, Fault{Kind: UnknownStatus, Op: OpRestoreSnapshot, Duration: time.Hour, Times: 1})
	assert.Equal(t, "finalizing", h.status(web01))
	h.cutOff("GET", "/sites/101/healthz", "")
	h.clock.pass(time.Hour)
	assert.Equal(t, "active", h.status(web01))
}

func TestAForeignRestoreBeforeOursMakesItFail(t *testing.T) {
	h := start(t, Options{})
	old := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "somebody's", Version: "0.9.0"})
	id := h.ready(web01, "ours")
	h.SetFault(Fault{Kind: ForeignRestore, Op: OpRestoreSnapshot, Times: 1})
	assert.Equal(t, 400, h.restore(id).status)
	assert.Equal(t, "restoring", h.status(web01))
	assert.Equal(t, 0, h.Restores(web01))
	assert.Equal(t, 1, h.Server(web01).ForeignRestores)
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, "0.9.0", h.Server(web01).Version, fmt.Sprintf("of snapshot %d", old))
}

func TestAForeignRestoreCanBeginNow(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: ForeignRestore, ServerID: web01})
	h.SetFault(Fault{Kind: ForeignRestore, ServerID: web01})
	assert.Equal(t, "restoring", h.status(web01))
	assert.Equal(t, 1, h.Server(web01).ForeignRestores, "one at a time")
	assert.Empty(t, h.Faults())
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, "1.0.0", h.Server(web01).Version, "no snapshot: as it was")
	assert.Equal(t, "active", h.status(web01))
}

func TestTheClockCanBeOff(t *testing.T) {
	h := start(t, Options{ClockOffset: -2 * time.Minute})
	assert.Equal(t, "2025-01-15T18:28:00Z", h.call("POST", "/api/v1/snapshots/", createBody(web01, "a")).body["created_at"])
	before := h.server(web01)["updated_at"]
	id := h.SetFault(Fault{Kind: ClockOff, Duration: -time.Hour})
	r := h.call("POST", "/api/v1/snapshots/", createBody(web01, "b"))
	assert.Equal(t, "2025-01-15T17:28:00Z", r.body["created_at"])
	assert.Equal(t, "Wed, 15 Jan 2025 17:28:00 GMT", r.header.Get("Date"))
	assert.Equal(t, before, h.server(web01)["updated_at"], "what was stamped stays")
	h.RemoveFault(id)
	assert.Equal(t, "2025-01-15T18:28:00Z", h.call("POST", "/api/v1/snapshots/", createBody(web01, "c")).body["created_at"])
}

func TestAFaultOfAnActionIsNotUsedUpByARefusedRequest(t *testing.T) {
	h := start(t, Options{})
	h.SetFault(Fault{Kind: SnapshotFails, Times: 1})
	h.SetFault(Fault{Kind: TooMany, Op: OpCreateSnapshot, Times: 1})
	assert.Equal(t, 429, h.call("POST", "/api/v1/snapshots/", createBody(web01, "a")).status)
	assert.Equal(t, 404, h.call("POST", "/api/v1/snapshots/", createBody(999, "a")).status)
	h.create(web01, "a")
	assert.Empty(t, h.Faults())
}
