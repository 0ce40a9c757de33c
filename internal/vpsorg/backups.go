package vpsorg

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// BackupType is how a backup came to be. The set is open.
type BackupType string

// The types that the API's filter takes.
const (
	BackupManual    BackupType = "manual"
	BackupAutomatic BackupType = "automatic"
)

// Backup is one backup: a copy on separate storage, slower than a snapshot. Its texts are the API's own and may hold
// anything.
type Backup struct {
	ID         int64
	ServerID   int64 // always above 0
	ServerName string
	Type       BackupType
	// Status is an open set. The reference shows the field and not its words; they are taken to be a snapshot's.
	Status      string
	Description string
	SizeMB      int64     // megabytes; 0 while in progress
	CreatedAt   time.Time // the API's clock, UTC; zero when it did not say
	ExpiresAt   time.Time // the API's clock, UTC; zero for never, as for every manual one
}

// ListBackupsOpts say which backups to list.
type ListBackupsOpts struct {
	ServerID int64      // 0: the whole account
	Type     BackupType // empty: both
}

// ListBackups returns every backup that fits, or an error: ErrNotWhole when the list cannot be shown to be whole.
//
// Rows of other servers or of the other type, from an API that does not know a filter, are dropped, but only after the
// whole list was checked: they are part of its count.
func (c *Client) ListBackups(ctx context.Context, o ListBackupsOpts) ([]Backup, error) {
	const op, path = "list backups", "/backups/"
	k := call{op: op, method: http.MethodGet, path: path}
	query := url.Values{}
	switch {
	case o.ServerID < 0:
		return nil, c.refuse(k, "server id %d is negative", o.ServerID)
	case o.ServerID > 0:
		query.Set("server_id", strconv.FormatInt(o.ServerID, 10))
	}
	switch o.Type {
	case "":
	case BackupManual, BackupAutomatic:
		query.Set("backup_type", string(o.Type))
	default: // a misspelt type would make a list that is always empty
		return nil, c.refuse(k, "backup type %q: ask for %q, %q or both", o.Type, BackupManual, BackupAutomatic)
	}
	backups, err := list(ctx, c, op, path, query, decodeBackup)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(backups, func(b Backup) bool {
		return (o.ServerID != 0 && b.ServerID != o.ServerID) || (o.Type != "" && b.Type != o.Type)
	}), nil
}

// CreateBackupOpts describe a new manual backup.
type CreateBackupOpts struct {
	ServerID    int64
	Description string // optional; the only thing that tells one backup from another, there is no name
}

// CreateBackup starts a manual backup and returns it, most likely in progress. It does not expire, and a server has at
// most 10. That the call exists is sure; its body and the shape of its answer are assumed: a list's row, bare or in an
// envelope, whose backup_type and description may be missing.
//
// The API has no idempotency: a second call makes a second backup. An answer that is not about a manual backup of this
// server is an ambiguous error.
func (c *Client) CreateBackup(ctx context.Context, o CreateBackupOpts) (Backup, error) {
	k := call{op: "create backup", method: http.MethodPost, path: "/backups/", maxBytes: maxBodyBytes}
	if o.ServerID <= 0 {
		return Backup{}, c.refuse(k, "server id %d is not above 0", o.ServerID)
	}
	var err error
	k.body, err = json.Marshal(struct {
		ServerID    int64  `json:"server_id"`
		Description string `json:"description,omitempty"`
	}{o.ServerID, o.Description})
	if err != nil {
		return Backup{}, c.refuse(k, "the request cannot be written as JSON: %v", err)
	}
	a, err := c.write(ctx, k)
	if err != nil {
		return Backup{}, err
	}
	var w wireBackup
	var b Backup
	if err = decodeObject(unwrap(a.body, "backup"), &w); err == nil {
		w.Type = cmp.Or(w.Type, BackupManual)
		b, err = w.backup()
	}
	if err == nil && (b.ServerID != o.ServerID || b.Type != BackupManual) {
		err = fmt.Errorf("it is about a backup of type %q of server %d, asked was a manual one of server %d", b.Type, b.ServerID, o.ServerID)
	}
	if err != nil {
		return Backup{}, c.malformed(k, a.status, err)
	}
	return b, nil
}

// wireBackup is a row of the list. Its fields are as strict as a snapshot's, see wire.go.
type wireBackup struct {
	ID          int64           `json:"id"`
	Server      json.RawMessage `json:"server"`
	ServerID    int64           `json:"server_id"`
	Type        BackupType      `json:"backup_type"`
	Status      string          `json:"status"`
	SizeMB      json.RawMessage `json:"size_mb"`
	CreatedAt   wireTime        `json:"created_at"`
	ExpiresAt   wireTime        `json:"expires_at"`
	Description string          `json:"description"`
}

func decodeBackup(raw json.RawMessage) (int64, Backup, error) {
	var w wireBackup
	if err := decodeObject(raw, &w); err != nil {
		return 0, Backup{}, err
	}
	b, err := w.backup()
	return b.ID, b, err
}

func (w wireBackup) backup() (Backup, error) {
	server, err := wireSnapshot{Server: w.Server, ServerID: w.ServerID}.server() // the same two places
	switch {
	case err != nil:
		return Backup{}, err
	case w.ID <= 0:
		return Backup{}, missing("id")
	case w.Type == "" || len(w.Type) > maxText:
		return Backup{}, missing("backup_type")
	case w.Status == "" || len(w.Status) > maxText:
		return Backup{}, missing("status")
	}
	return Backup{
		ID: w.ID, ServerID: server.ID, ServerName: server.Name, Type: w.Type, Status: w.Status, Description: w.Description,
		SizeMB: megabytes(w.SizeMB), CreatedAt: time.Time(w.CreatedAt), ExpiresAt: time.Time(w.ExpiresAt),
	}, nil
}
