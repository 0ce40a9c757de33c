package vpsorg

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// backupRow is a manual backup as the API lists it.
func backupRow(id, server int64) string {
	return fmt.Sprintf(`{"id": %d, "server": {"id": %d, "name": "web"}, "backup_type": "manual", "status": "completed", "size_mb": 5120,
		"created_at": "2025-01-15T18:30:00Z", "expires_at": null, "description": "d"}`, id, server)
}

// with is an object with one field replaced, or taken away.
func with(t *testing.T, object, field, value string) string {
	t.Helper()
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(object), &fields))
	if fields[field] = json.RawMessage(value); value == "" {
		delete(fields, field)
	}
	b, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(b)
}

func createBackup(t *testing.T, answer step) (Backup, error) {
	t.Helper()
	answer.want, answer.body = "POST /backups/", `{"server_id": 5}`
	return newScript(t, answer).client().CreateBackup(t.Context(), CreateBackupOpts{ServerID: 5})
}

func TestEachCallOfBackupsSendsExactlyItsRequest(t *testing.T) {
	s := newScript(t,
		step{want: "GET /backups/", status: 200, reply: page(0, "")},
		step{want: "GET /backups/?backup_type=automatic", status: 200, reply: page(0, "")},
		step{want: "GET /backups/?backup_type=manual&server_id=5", status: 200, reply: page(1, "", backupRow(1, 5))},
		step{want: "POST /backups/", body: `{"server_id": 5, "description": "a \"b\""}`, status: 201, reply: backupRow(9, 5)})
	c := s.client()
	for _, o := range []ListBackupsOpts{{}, {Type: BackupAutomatic}, {ServerID: 5, Type: BackupManual}} {
		_, err := c.ListBackups(t.Context(), o)
		require.NoError(t, err)
	}
	made, err := c.CreateBackup(t.Context(), CreateBackupOpts{ServerID: 5, Description: `a "b"`})
	require.NoError(t, err)
	assert.Equal(t, Backup{
		ID: 9, ServerID: 5, ServerName: "web", Type: BackupManual, Status: "completed", Description: "d", SizeMB: 5120,
		CreatedAt: time.Date(2025, 1, 15, 18, 30, 0, 0, time.UTC),
	}, made)
}

func TestTheFiltersOfBackupsHoldEvenIfTheAPIDoesNotKnowThem(t *testing.T) {
	automatic := with(t, with(t, backupRow(2, 5), "backup_type", `"automatic"`), "expires_at", `"2025-02-15T18:30:00Z"`)
	s := newScript(t, step{want: "GET /backups/?backup_type=automatic&server_id=5", status: 200,
		reply: page(3, "", backupRow(1, 5), automatic, with(t, automatic, "id", "3"))})
	s.steps[0].reply = strings.Replace(s.steps[0].reply, `"id":3,"server":{"id":5`, `"id":3,"server":{"id":6`, 1)
	got, err := s.client().ListBackups(t.Context(), ListBackupsOpts{ServerID: 5, Type: BackupAutomatic})
	require.NoError(t, err)
	require.Len(t, got, 1)
	assert.EqualValues(t, 2, got[0].ID)
	assert.Equal(t, time.Date(2025, 2, 15, 18, 30, 0, 0, time.UTC), got[0].ExpiresAt)
}

func TestAListOfBackupsThatIsNotWholeIsAnErrorNeverAbsent(t *testing.T) {
	good := backupRow(1, 5)
	for name, body := range map[string]string{
		"fewer rows than the count": page(2, "", good),
		"no count":                  `{"results": []}`,
		"double id":                 page(2, "", good, good),
		"no id":                     page(1, "", with(t, good, "id", "")),
		"no server":                 page(1, "", with(t, good, "server", "")),
		"two servers":               page(1, "", with(t, good, "server_id", "6")),
		"no type":                   page(1, "", with(t, good, "backup_type", "")),
		"type is a number":          page(1, "", with(t, good, "backup_type", "1")),
		"no status":                 page(1, "", with(t, good, "status", "")),
		"description is an object":  page(1, "", with(t, good, "description", "{}")),
		"made yesterday":            page(1, "", with(t, good, "created_at", `"yesterday"`)),
		"expires some day":          page(1, "", with(t, good, "expires_at", `"some day"`)),
		"next on another host":      page(2, "https://evil.example/", good),
		"a page of a web site":      "<html>",
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, step{want: "GET /backups/", status: 200, reply: body})
			got, err := s.client().ListBackups(t.Context(), ListBackupsOpts{})
			e := asError(t, err)
			require.ErrorIs(t, err, ErrNotWhole)
			assert.False(t, e.Ambiguous)
			assert.Nil(t, got)
		})
	}
}

func TestTheAnswerOfABackupIsReadBareOrInAnEnvelope(t *testing.T) {
	bare := backupRow(9, 5)
	for name, reply := range map[string]string{
		"bare":                     bare,
		"in an envelope":           `{"status": "success", "backup": ` + bare + `}`,
		"with its server beside":   `{"backup": ` + with(t, bare, "server", "") + `, "server": {"id": 5}}`,
		"with the server's number": with(t, with(t, bare, "server", ""), "server_id", "5"),
		"without its type":         with(t, bare, "backup_type", ""),
		"without a description":    with(t, bare, "description", "null"),
		"in progress":              with(t, with(t, bare, "status", `"in_progress"`), "size_mb", "null"),
	} {
		got, err := createBackup(t, step{status: 201, reply: reply})
		require.NoError(t, err, name)
		assert.EqualValues(t, 9, got.ID, name)
		assert.Equal(t, BackupManual, got.Type, name)
	}
}

func TestABackupWhoseAnswerCannotBeUsedMayHaveBeenMade(t *testing.T) {
	good := backupRow(9, 5)
	for name, reply := range map[string]string{
		"nothing": "", "null": "null", "list": "[]", "HTML": "<html>", "half": good[:40], "garbage after it": good + "x",
		"another server": with(t, good, "server", `{"id": 6}`), "automatic": with(t, good, "backup_type", `"automatic"`),
		"no id": with(t, good, "id", "0"), "no status": with(t, good, "status", `""`),
		"too large": strings.Repeat(" ", maxBodyBytes) + good,
	} {
		t.Run(name, func(t *testing.T) {
			_, err := createBackup(t, step{status: 201, reply: reply})
			e := asError(t, err)
			require.ErrorIs(t, err, ErrMalformed)
			assert.True(t, e.Ambiguous)
			assert.Equal(t, 201, e.Status)
		})
	}
}

func TestABackupWhoseAnswerIsCutMayHaveBeenMade(t *testing.T) {
	for name, raw := range map[string]string{
		"nothing":          "",
		"half a status":    "HTTP/1.1 20",
		"half the headers": "HTTP/1.1 201 Created\r\nContent-Le",
		"half the body":    "HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"id\": 9",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := createBackup(t, step{answer: cut(t, raw)}) // the script fails on a second request
			asError(t, err)
			assert.True(t, IsAmbiguous(err))
			assert.False(t, IsNotSent(err))
		})
	}
}

func TestOnlyAClearNoProvesThatNoBackupWasMade(t *testing.T) {
	for status, ambiguous := range map[int]bool{
		301: true, 307: true, 400: false, 401: false, 403: false, 404: false, 408: true, 429: false, 500: true, 502: true, 504: true,
	} {
		_, err := createBackup(t, step{status: status, header: map[string]string{"Location": "/elsewhere/"}, reply: `{"detail": "no"}`})
		asError(t, err)
		assert.Equal(t, ambiguous, IsAmbiguous(err), status)
		assert.True(t, IsStatus(err, status))
	}
	c := newTestClient(t, Options{BaseURL: refusedURL(t)})
	_, err := c.CreateBackup(t.Context(), CreateBackupOpts{ServerID: 5})
	assert.True(t, IsNotSent(err))
}

func TestCallsOfBackupsThatMakeNoSenseAreNotSent(t *testing.T) {
	c := newScript(t).client()
	for name, call := range map[string]func() error{
		"no server":          func() error { _, err := c.CreateBackup(t.Context(), CreateBackupOpts{}); return err },
		"negative server":    func() error { _, err := c.ListBackups(t.Context(), ListBackupsOpts{ServerID: -1}); return err },
		"a type of its own":  func() error { _, err := c.ListBackups(t.Context(), ListBackupsOpts{Type: "weekly"}); return err },
		"a type in capitals": func() error { _, err := c.ListBackups(t.Context(), ListBackupsOpts{Type: "Manual"}); return err },
	} {
		err := call()
		e := asError(t, err)
		require.ErrorIs(t, err, ErrInvalidArgument, name)
		assert.True(t, e.NotSent, name)
		assert.Contains(t, []string{http.MethodGet, http.MethodPost}, e.Method)
	}
}
