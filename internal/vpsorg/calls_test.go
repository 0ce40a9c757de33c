package vpsorg

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every path ends with a slash: a POST without it can be redirected and lose its body.
func TestEachCallSendsExactlyItsRequest(t *testing.T) {
	s := newScript(t,
		step{want: "GET /api/v1/snapshots/", status: 200, reply: page(1, "", row(1))},
		step{want: "GET /api/v1/snapshots/?server_id=5", status: 200, reply: page(1, "", row(1))},
		step{want: "POST /api/v1/snapshots/", body: `{"server_id": 5, "name": "snap-9", "description": "a \"b\""}`, status: 201, reply: rowOf(9, 5)},
		step{want: "POST /api/v1/snapshots/9/restore/", status: 200, reply: `{}`},
		step{want: "DELETE /api/v1/snapshots/9/", status: 204},
		step{want: "GET /api/v1/servers/?location=a%26b&status=active", status: 200, reply: page(0, "")},
		step{want: "GET /api/v1/servers/5/", status: 200, reply: `{"id": 5, "status": "active"}`},
		step{want: "POST /api/v1/power/stop/5/", status: 200},
		step{want: "POST /api/v1/power/start/5/", status: 202, reply: "anything"},
		step{want: "GET /api/v1/account/me/", status: 200, reply: `{"account": {"email": "a@b"}}`})
	c := newTestClient(t, Options{BaseURL: s.URL + "/api/v1//", PowerPath: "/power/{action}/{server_id}/"})
	ctx := t.Context()
	_, err := c.ListSnapshots(ctx, ListSnapshotsOpts{})
	require.NoError(t, err)
	_, err = c.ListSnapshots(ctx, ListSnapshotsOpts{ServerID: 5})
	require.NoError(t, err)
	created, err := c.CreateSnapshot(ctx, CreateSnapshotOpts{ServerID: 5, Name: "snap-9", Description: `a "b"`})
	require.NoError(t, err)
	assert.Equal(t, int64(9), created.ID)
	_, err = c.RestoreSnapshot(ctx, 9)
	require.NoError(t, err)
	require.NoError(t, c.DeleteSnapshot(ctx, 9))
	_, err = c.ListServers(ctx, ListServersOpts{Status: "active", Location: "a&b"})
	require.NoError(t, err)
	_, err = c.GetServer(ctx, 5)
	require.NoError(t, err)
	require.NoError(t, c.StopServer(ctx, 5))
	require.NoError(t, c.StartServer(ctx, 5))
	_, err = c.Me(ctx)
	require.NoError(t, err)
}

func TestTheHeadersOfARequest(t *testing.T) {
	var got http.Header
	s := newScript(t, step{want: "POST /snapshots/1/restore/", answer: func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Clone()
		w.WriteHeader(http.StatusBadRequest)
	}})
	_, err := newTestClient(t, Options{BaseURL: s.URL, UserAgent: "mine"}).RestoreSnapshot(t.Context(), 1)
	asError(t, err)
	assert.Equal(t, "mine", got.Get("User-Agent"))
	assert.Equal(t, "application/json", got.Get("Accept"))
	assert.NotContains(t, got, "Content-Type", "there is no body")
	assert.NotContains(t, got, "Idempotency-Key")
}

func TestASnapshotInProgressHasNoSizeYet(t *testing.T) {
	for reply, want := range map[string]Snapshot{
		`{"id": 9, "server": {"id": 5, "name": "web"}, "name": "a", "status": "in_progress", "size_mb": null, "created_at": "2025-01-15T18:30:00.5+02:00", "message": "3-10 minutes"}`: {ID: 9, ServerID: 5, ServerName: "web", Name: "a", Status: "in_progress", CreatedAt: time.Date(2025, 1, 15, 16, 30, 0, 500_000_000, time.UTC)},
		`{"id": 9, "server": 5, "name": "a", "status": "x", "size_mb": 1.2, "created_at": ""}`:                                                                                         {ID: 9, ServerID: 5, Name: "a", Status: "x", SizeMB: 2},
		`{"id": 9, "server_id": 5, "name": "a", "status": "x", "size_mb": "5 GB", "created_at": null}`:                                                                                 {ID: 9, ServerID: 5, Name: "a", Status: "x"},
		`{"id": 9, "server": {"id": 5}, "server_id": 5, "name": "a", "status": "x", "size_mb": -1, "description": null}`:                                                               {ID: 9, ServerID: 5, Name: "a", Status: "x"},
		`{"id": 9, "server": null, "server_id": 5, "name": "a", "status": "x", "size_mb": 1e300}`:                                                                                      {ID: 9, ServerID: 5, Name: "a", Status: "x"},
	} {
		s := newScript(t, step{want: "POST /snapshots/", body: `{"server_id": 5, "name": "a"}`, status: 201, reply: reply})
		got, err := s.client().CreateSnapshot(t.Context(), CreateSnapshotOpts{ServerID: 5, Name: "a"})
		require.NoError(t, err, reply)
		assert.Equal(t, want, got)
	}
}

func TestARestoreTellsWhatTheAPISaid(t *testing.T) {
	s := newScript(t, step{want: "POST /snapshots/801/restore/", status: 200, reply: `{"status": "success", "message": "5-15\nminutes.",
		"snapshot": {"id": 801, "name": "pre", "created_at": "2025-01-15T18:30:00Z"},
		"server": {"id": 12345, "name": "web-server-01", "status": "restoring"}}`})
	got, err := s.client().RestoreSnapshot(t.Context(), 801)
	require.NoError(t, err)
	assert.Equal(t, Restore{
		Status: "success", Message: "5-15 minutes.",
		Snapshot: SnapshotRef{ID: 801, Name: "pre", CreatedAt: time.Date(2025, 1, 15, 18, 30, 0, 0, time.UTC)},
		Server:   ServerRef{ID: 12345, Name: "web-server-01", Status: "restoring"},
	}, got)
}

func TestServersAreReadAndTheStatusFilterHolds(t *testing.T) {
	full := `{"id": 5, "name": "web", "hostname": "web.example.com", "status": "Active", "ip_address": "192.0.2.1", "location": "ams",
		"created_at": "2025-01-15T18:30:00Z", "updated_at": "2025-01-16T18:30:00Z"}`
	s := newScript(t, step{want: "GET /servers/?status=active", status: 200, reply: page(4, "", full,
		`{"id": 6, "status": "stopped"}`,
		`{"id": 7, "status": "active", "location": {"id": 1, "name": "fra"}, "ip_address": null, "updated_at": ""}`,
		`{"id": 8, "status": "active", "location": 17}`)})
	got, err := s.client().ListServers(t.Context(), ListServersOpts{Status: "active"})
	require.NoError(t, err)
	assert.Equal(t, []Server{
		{ID: 5, Name: "web", Hostname: "web.example.com", Status: "Active", IPAddress: "192.0.2.1", Location: "ams",
			CreatedAt: time.Date(2025, 1, 15, 18, 30, 0, 0, time.UTC), UpdatedAt: time.Date(2025, 1, 16, 18, 30, 0, 0, time.UTC)},
		{ID: 7, Status: "active", Location: "fra"},
		{ID: 8, Status: "active"},
	}, got)
}

func TestAnAnswerAboutAnotherServerIsNoAnswer(t *testing.T) {
	for _, reply := range []string{`{"id": 6, "status": "active"}`, `{"status": "active"}`, `{"id": 5}`, `null`, `[]`, `{"id": 5, "status": "a", "updated_at": "x"}`,
		`{"id": 5, "status": "active"} {}`} {
		s := newScript(t, step{want: "GET /servers/5/", status: 200, reply: reply})
		got, err := s.client().GetServer(t.Context(), 5)
		asError(t, err)
		require.ErrorIs(t, err, ErrMalformed)
		assert.NotErrorIs(t, err, ErrNotWhole, "that is for lists")
		assert.Empty(t, got)
	}
}

func TestPermissionsOfAnyShapeAreShown(t *testing.T) {
	for raw, want := range map[string][]string{
		`"read-write"`:                      {"read-write"},
		`["b", "a"]`:                        {"b", "a"},
		`{"b": true, "a": true, "c":false}`: {"a", "b"},
		`{"snapshots": ["read"]}`:           {`{"snapshots": ["read"]}`},
		`null`:                              nil,
	} {
		s := newScript(t, step{want: "GET /account/me/", status: 200,
			reply: `{"account": {"email": "a@b\u0007"}, "token": {"name": "ci", "permissions": ` + raw + `}}`})
		got, err := s.client().Me(t.Context())
		require.NoError(t, err)
		assert.Equal(t, Account{Email: "a@b", TokenName: "ci", Permissions: want}, got)
	}
	for _, reply := range []string{`{}`, `null`, `{"account": null}`, `{"account": "x"}`, `<html>`} {
		_, err := newScript(t, step{want: "GET /account/me/", status: 200, reply: reply}).client().Me(t.Context())
		require.ErrorIs(t, err, ErrMalformed, reply)
	}
}

func TestAnErrorSaysWhatHappenedAndWhatToDo(t *testing.T) {
	s := newScript(t,
		step{want: "DELETE /snapshots/9/", status: 500},
		step{want: "GET /snapshots/", status: 200, reply: page(3, "", row(1), row(2))},
		step{want: "GET /account/me/", status: 401, reply: `{"detail": "Invalid token."}`})
	c := s.client()
	assert.EqualError(t, c.DeleteSnapshot(t.Context(), 9),
		"delete snapshot (DELETE /snapshots/9/): HTTP 500: Internal Server Error; it may have taken effect: look before it is sent again")
	_, err := c.ListSnapshots(t.Context(), ListSnapshotsOpts{})
	assert.EqualError(t, err, "list snapshots (GET /snapshots/): HTTP 200: the list is not whole, list again: the count is 3 and 2 rows came")
	_, err = c.Me(t.Context())
	assert.EqualError(t, err, "read account (GET /account/me/): HTTP 401: Invalid token.; check the API token (VPS_API_TOKEN)")
	err = c.StartServer(t.Context(), 0)
	assert.EqualError(t, err, "start server (POST /servers/0/start/): server id 0 is not above 0: invalid argument; nothing was sent")
	assert.False(t, strings.Contains(err.Error(), s.URL))
}
