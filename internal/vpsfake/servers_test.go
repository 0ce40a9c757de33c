package vpsfake

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestServersAreListedAndFiltered(t *testing.T) {
	h := start(t, Options{})
	h.AddServer(ServerSpec{ID: 103, Status: "stopped", Location: "london"})
	assert.Len(t, h.rows("/api/v1/servers/"), 3)
	assert.Len(t, h.rows("/api/v1/servers/?status=active"), 2)
	assert.Len(t, h.rows("/api/v1/servers/?location=london&status=stopped"), 1)
	assert.Empty(t, h.rows("/api/v1/servers/?location=london&status=active"))
}

func TestOneServerShowsItsFields(t *testing.T) {
	h := start(t, Options{})
	s := h.server(web01)
	assert.Equal(t, float64(web01), s["id"])
	assert.Equal(t, "web01", s["name"])
	assert.Equal(t, "active", s["status"])
	for _, field := range []string{"hostname", "ip_address", "location", "created_at", "updated_at"} {
		assert.NotEmpty(t, s[field], field)
	}
	assert.Equal(t, 404, h.call("GET", "/api/v1/servers/999/", "").status)
}

func TestPowerTakesItsTimeAndMovesUpdatedAt(t *testing.T) {
	h := start(t, Options{})
	before := h.server(web01)["updated_at"]
	r := h.call("POST", "/api/v1/servers/101/stop/", "")
	assert.Equal(t, 200, r.status)
	assert.Equal(t, "stopping", h.status(web01))
	h.clock.pass(defaultPowerTime)
	assert.Equal(t, "stopped", h.status(web01))
	assert.NotEqual(t, before, h.server(web01)["updated_at"])

	assert.Equal(t, 200, h.call("POST", "/api/v1/servers/101/start/", "").status)
	assert.Equal(t, "starting", h.status(web01))
	h.clock.pass(defaultPowerTime)
	assert.Equal(t, "active", h.status(web01))
	state := h.Server(web01)
	assert.Equal(t, 1, state.Stops)
	assert.Equal(t, 1, state.Starts)
}

func TestPowerIsRefusedInAWrongState(t *testing.T) {
	h := start(t, Options{})
	h.AddServer(ServerSpec{ID: 103, Status: "stopped"})
	h.AddServer(ServerSpec{ID: 104, Status: "suspended"})
	power := func(id int64, action string) int {
		return h.call("POST", fmt.Sprintf("/api/v1/servers/%d/%s/", id, action), "").status
	}
	assert.Equal(t, 400, power(web01, "start"), "active")
	assert.Equal(t, 400, power(103, "stop"), "stopped")
	assert.Equal(t, 400, power(104, "start"), "suspended")
	assert.Equal(t, 404, power(999, "start"))
	assert.Equal(t, 200, power(web01, "stop"))
	assert.Equal(t, 400, power(web01, "start"), "stopping")
	h.restore(h.ready(web02, "a"))
	assert.Equal(t, 400, power(web02, "stop"), "restoring")
}

func TestTwoChangesInOneSecondStillMoveUpdatedAt(t *testing.T) {
	h := start(t, Options{Speed: 1000})
	seen := map[any]bool{h.server(web01)["updated_at"]: true}
	for _, action := range []string{"stop", "start"} {
		h.call("POST", "/api/v1/servers/101/"+action+"/", "")
		seen[h.server(web01)["updated_at"]] = true
		h.clock.pass(defaultPowerTime / 1000)
		seen[h.server(web01)["updated_at"]] = true
	}
	assert.Len(t, seen, 5)
}

func TestBackupsAreListedCreatedAndLimited(t *testing.T) {
	h := start(t, Options{})
	r := h.call("POST", "/api/v1/backups/", `{"server_id":101,"description":"weekly"}`)
	assert.Equal(t, 201, r.status)
	assert.Equal(t, "in_progress", r.body["status"])
	assert.Nil(t, r.body["expires_at"])
	h.clock.pass(defaultSnapshotTime)
	row := h.rows("/api/v1/backups/?server_id=101&backup_type=manual")[0].(map[string]any)
	assert.Equal(t, "completed", row["status"])
	assert.Positive(t, row["size_mb"])
	assert.Equal(t, "weekly", row["description"])
	assert.Empty(t, h.rows("/api/v1/backups/?backup_type=automatic"))
	assert.Empty(t, h.rows("/api/v1/backups/?server_id=102"))
	assert.Equal(t, 400, h.call("GET", "/api/v1/backups/?backup_type=odd", "").status)
	assert.Equal(t, 400, h.call("GET", "/api/v1/backups/?server_id=odd", "").status)
	assert.Equal(t, 404, h.call("POST", "/api/v1/backups/", `{"server_id":999}`).status)
	assert.Equal(t, 400, h.call("POST", "/api/v1/backups/", `[`).status)
	for range maxBackups - 1 {
		assert.Equal(t, 201, h.call("POST", "/api/v1/backups/", `{"server_id":101}`).status)
	}
	assert.Equal(t, 400, h.call("POST", "/api/v1/backups/", `{"server_id":101}`).status)
}

func TestOldHistoryIsForgottenAndThePresentKept(t *testing.T) {
	var l timeline[int]
	at := time.Unix(1e9, 0)
	for i := range 10 {
		l.replan(at, step[int]{at, i})
		at = at.Add(historyKept)
	}
	assert.LessOrEqual(t, len(l), 3)
	now, ok := l.at(at)
	assert.True(t, ok)
	assert.Equal(t, 9, now)
	_, ok = l.at(time.Unix(0, 0))
	assert.False(t, ok, "before everything nothing holds")
}
