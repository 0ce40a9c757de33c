package vpsfake

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASnapshotIsStartedThenCompleted(t *testing.T) {
	h := start(t, Options{})
	r := h.call("POST", "/api/v1/snapshots/", createBody(web01, "pre-update_1"))
	require.Equal(t, 201, r.status)
	assert.Equal(t, "in_progress", r.body["status"])
	assert.Nil(t, r.body["size_mb"])
	assert.Contains(t, r.body["message"], "3-10 minutes")
	id := int64(r.body["id"].(float64))

	h.clock.pass(defaultSnapshotTime - time.Second)
	row := h.listed(id)
	assert.Equal(t, "in_progress", row["status"])
	assert.Nil(t, row["size_mb"])
	h.clock.pass(time.Second)
	row = h.listed(id)
	assert.Equal(t, "completed", row["status"])
	assert.Positive(t, row["size_mb"])
	assert.Equal(t, "2025-01-15T18:30:00Z", row["created_at"])
	assert.Equal(t, managed, row["description"])
	assert.Equal(t, map[string]any{"id": float64(web01), "name": "web01"}, row["server"])
	assert.NotContains(t, row, "message")
}

func TestCreateRefusesWhatTheReferenceRefuses(t *testing.T) {
	h := start(t, Options{})
	cases := map[string]struct {
		body   string
		status int
	}{
		"no JSON":          {"nonsense", 400},
		"no server":        {`{"name":"a"}`, 400},
		"server as a word": {`{"server_id":"101","name":"a"}`, 400},
		"no name":          {`{"server_id":101}`, 400},
		"space":            {createBody(web01, "a b"), 400},
		"dot":              {createBody(web01, "a.b"), 400},
		"newline at end":   {createBody(web01, "a\n"), 400},
		"65 characters":    {createBody(web01, strings.Repeat("a", 65)), 400},
		"unknown server":   {createBody(999, "a"), 404},
		"64 characters":    {createBody(web01, strings.Repeat("a", 64)), 201},
		"all kinds":        {createBody(web01, "aZ0-_"), 201},
	}
	for name, c := range cases {
		assert.Equal(t, c.status, h.call("POST", "/api/v1/snapshots/", c.body).status, name)
	}
	assert.Len(t, h.Snapshots(web01), 2)
}

func TestTheSixthSnapshotOfAServerIsRefused(t *testing.T) {
	h := start(t, Options{})
	for i := range maxSnapshots {
		h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: fmt.Sprint("s", i)})
	}
	r := h.call("POST", "/api/v1/snapshots/", createBody(web01, "sixth"))
	assert.Equal(t, 400, r.status)
	assert.Contains(t, r.body["error"], "limit")
	assert.Len(t, h.Snapshots(web01), maxSnapshots)
	h.create(web02, "other-server")
}

func TestASnapshotOfARestoringServerIsRefused(t *testing.T) {
	h := start(t, Options{})
	h.restore(h.ready(web01, "a"))
	assert.Equal(t, 400, h.call("POST", "/api/v1/snapshots/", createBody(web01, "b")).status)
}

func TestTheListIsFilteredByServer(t *testing.T) {
	h := start(t, Options{})
	h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a"})
	h.AddSnapshot(SnapshotSpec{ServerID: web02, Name: "b"})
	assert.Len(t, h.rows("/api/v1/snapshots/"), 2)
	assert.Len(t, h.rows("/api/v1/snapshots/?server_id=101"), 1)
	assert.Empty(t, h.rows("/api/v1/snapshots/?server_id=999"))
	assert.Equal(t, 400, h.call("GET", "/api/v1/snapshots/?server_id=x", "").status)
}

func TestADeletedSnapshotIsGone(t *testing.T) {
	h := start(t, Options{})
	id := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a"})
	r := h.delete(id)
	assert.Equal(t, 204, r.status)
	assert.Empty(t, r.raw)
	assert.Nil(t, h.listed(id))
	assert.Equal(t, 404, h.delete(id).status)
	assert.Equal(t, 404, h.restore(id).status)
	assert.Equal(t, 404, h.delete(9999).status)
}

func TestASnapshotInProgressCannotBeDeleted(t *testing.T) {
	h := start(t, Options{})
	id := h.create(web01, "a")
	assert.Equal(t, 400, h.delete(id).status)
	assert.NotNil(t, h.listed(id))
}

func TestLongGoneSnapshotsAreForgotten(t *testing.T) {
	h := start(t, Options{})
	first := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "a"})
	second := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "b"})
	h.delete(first)
	h.clock.pass(historyKept + time.Second)
	h.delete(second)
	assert.NotContains(t, h.snapshots, first)
	assert.Contains(t, h.snapshots, second)
}

func TestAnAddedSnapshotKeepsWhatItsSpecSays(t *testing.T) {
	h := start(t, Options{})
	made := time.Date(2024, 12, 1, 3, 0, 0, 0, time.UTC)
	id := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "old", Description: "by hand", Status: "error", CreatedAt: made, Version: "0.9.0"})
	assert.Equal(t, []SnapshotState{{ID: id, ServerID: web01, Name: "old", Description: "by hand", Status: "error", CreatedAt: made,
		Version: "0.9.0", Healthy: true}}, h.Snapshots(web01))
	running := h.AddSnapshot(SnapshotSpec{ServerID: web01, Name: "running", Status: "in_progress"})
	assert.Equal(t, "in_progress", h.listed(running)["status"])
	h.clock.pass(defaultSnapshotTime)
	assert.Equal(t, "completed", h.listed(running)["status"])
	assert.Panics(t, func() { h.AddSnapshot(SnapshotSpec{ServerID: 999}) })
}
