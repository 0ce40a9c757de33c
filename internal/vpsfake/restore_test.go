package vpsfake

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestARestoreBringsBackWhatTheSnapshotCaptured(t *testing.T) {
	h := start(t, Options{})
	id := h.ready(web01, "before")
	updated := h.server(web01)["updated_at"]
	h.hook(web01, "version=2.0.0&healthy=false")
	r := h.restore(id)
	assert.Equal(t, 200, r.status)
	assert.Equal(t, "success", r.body["status"])
	assert.Contains(t, r.body["message"], "5-15 minutes")
	assert.Equal(t, map[string]any{"id": float64(web01), "name": "web01", "status": "restoring"}, r.body["server"])
	assert.Equal(t, "before", r.body["snapshot"].(map[string]any)["name"])

	h.clock.pass(defaultRestoreTime - time.Second)
	assert.Equal(t, "restoring", h.status(web01))
	assert.Equal(t, "2.0.0", h.Server(web01).Version, "not yet")
	h.clock.pass(time.Second)
	assert.Equal(t, "active", h.status(web01))
	assert.NotEqual(t, updated, h.server(web01)["updated_at"])
	state := h.Server(web01)
	assert.Equal(t, "1.0.0", state.Version)
	assert.True(t, state.Healthy)
	assert.Equal(t, 1, h.Restores(web01))
	assert.Equal(t, 0, h.Restores(web02))
}

func TestASnapshotCapturesTheMomentOfItsCreation(t *testing.T) {
	h := start(t, Options{})
	h.Deploy(web01, "1.5.0", false)
	id := h.create(web01, "a")
	h.Deploy(web01, "2.0.0", true)
	h.clock.pass(defaultSnapshotTime)
	h.restore(id)
	h.clock.pass(defaultRestoreTime)
	state := h.Server(web01)
	assert.Equal(t, "1.5.0", state.Version)
	assert.False(t, state.Healthy)
}

func TestADeployDuringARestoreIsOverwritten(t *testing.T) {
	h := start(t, Options{})
	h.restore(h.ready(web01, "a"))
	h.clock.pass(time.Minute)
	h.Deploy(web01, "2.0.0", false)
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, "1.0.0", h.Server(web01).Version)
}

func TestARestoreIsRefusedWhenItCannotBe(t *testing.T) {
	h := start(t, Options{})
	assert.Equal(t, 404, h.restore(9999).status)
	running := h.create(web01, "running")
	assert.Equal(t, 400, h.restore(running).status)
	failed := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "failed", Status: "failed"})
	assert.Equal(t, 400, h.restore(failed).status)
	h.clock.pass(defaultSnapshotTime)
	assert.Equal(t, 200, h.restore(running).status)
	assert.Equal(t, 400, h.restore(running).status, "already restoring")
	for _, status := range []string{"suspended", "migrating"} {
		h.AddServer(ServerSpec{ID: 103, Status: status})
		id := h.AddSnapshot(SnapshotSpec{ServerID: 103, Name: "a"})
		assert.Equal(t, 400, h.restore(id).status, status)
	}
	assert.Equal(t, 1, h.Restores(web01))
}

func TestAStoppedServerCanBeRestored(t *testing.T) {
	h := start(t, Options{})
	h.AddServer(ServerSpec{ID: 103, Status: "stopped"})
	id := h.AddSnapshot(SnapshotSpec{ServerID: 103, Name: "a"})
	assert.Equal(t, 200, h.restore(id).status)
	h.clock.pass(defaultRestoreTime)
	assert.Equal(t, "active", h.status(103))
}
