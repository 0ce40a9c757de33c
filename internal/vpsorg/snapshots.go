package vpsorg

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Snapshot is one snapshot. Its texts are the API's own and may hold anything.
type Snapshot struct {
	ID         int64
	ServerID   int64 // always above 0
	ServerName string
	Name       string
	// Status is an open set. Seen: "in_progress", "completed".
	Status      string
	Description string
	SizeMB      int64     // megabytes; 0 while in progress
	CreatedAt   time.Time // the API's clock, UTC; zero when it did not say
}

// SnapshotRef is the snapshot as a restore's answer names it. Every field may be empty.
type SnapshotRef struct {
	ID        int64
	Name      string
	CreatedAt time.Time // the API's clock, UTC; zero when it did not say
}

// ServerRef is the server as a restore's answer names it. Every field may be empty.
type ServerRef struct {
	ID     int64
	Name   string
	Status string
}

// Restore is the answer to a restore that was started. It takes 5 to 15 minutes from here.
type Restore struct {
	Status   string // the API's word: "success"
	Message  string // the API's own, cleaned and cut
	Snapshot SnapshotRef
	Server   ServerRef
}

// ListSnapshotsOpts say which snapshots to list.
type ListSnapshotsOpts struct {
	ServerID int64 // 0: the whole account
}

// ListSnapshots returns every snapshot of a server or of the account, or an error: ErrNotWhole when the list cannot be
// shown to be whole.
//
// Rows of other servers, from an API that does not know the filter, are dropped, but only after the whole list was
// checked: they are part of its count.
func (c *Client) ListSnapshots(ctx context.Context, o ListSnapshotsOpts) ([]Snapshot, error) {
	const op, path = "list snapshots", "/snapshots/"
	if o.ServerID < 0 {
		return nil, c.refuse(call{op: op, method: http.MethodGet, path: path}, "server id %d is negative", o.ServerID)
	}
	query := url.Values{}
	if o.ServerID != 0 {
		query.Set("server_id", strconv.FormatInt(o.ServerID, 10))
	}
	snapshots, err := list(ctx, c, op, path, query, decodeSnapshot)
	if err != nil || o.ServerID == 0 {
		return snapshots, err
	}
	return slices.DeleteFunc(snapshots, func(s Snapshot) bool { return s.ServerID != o.ServerID }), nil
}

// CreateSnapshotOpts describe a new snapshot.
type CreateSnapshotOpts struct {
	ServerID    int64
	Name        string // letters, digits, hyphens, underscores
	Description string // optional
}

// snapshotName is the vendor's rule. A bad name is refused here because the API's 400 also means "limit reached". The
// longest name is unknown and left to the API.
var snapshotName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// CreateSnapshot starts a snapshot and returns it, in progress. The API has no idempotency: a second call makes a second
// snapshot. An answer that is not about the snapshot asked for is an ambiguous error.
func (c *Client) CreateSnapshot(ctx context.Context, o CreateSnapshotOpts) (Snapshot, error) {
	k := call{op: "create snapshot", method: http.MethodPost, path: "/snapshots/", maxBytes: maxBodyBytes}
	switch {
	case o.ServerID <= 0:
		return Snapshot{}, c.refuse(k, "server id %d is not above 0", o.ServerID)
	case !snapshotName.MatchString(o.Name):
		return Snapshot{}, c.refuse(k, "snapshot name %q: only letters, digits, hyphens and underscores are allowed", o.Name)
	}
	var err error
	k.body, err = json.Marshal(struct {
		ServerID    int64  `json:"server_id"`
		Name        string `json:"name"`
		Description string `json:"description,omitempty"`
	}{o.ServerID, o.Name, o.Description})
	if err != nil {
		return Snapshot{}, c.refuse(k, "the request cannot be written as JSON: %v", err)
	}
	a, err := c.write(ctx, k)
	if err != nil {
		return Snapshot{}, err
	}
	_, s, err := decodeSnapshot(unwrap(a.body, "snapshot"))
	if err == nil && (s.ServerID != o.ServerID || s.Name != o.Name) {
		err = fmt.Errorf("it is about snapshot %q of server %d, asked was %q of server %d", s.Name, s.ServerID, o.Name, o.ServerID)
	}
	if err != nil {
		return Snapshot{}, c.malformed(k, a.status, err)
	}
	return s, nil
}

// RestoreSnapshot starts a restore: it stops the snapshot's server and overwrites all of its data. The answer is checked
// against the snapshot's id; whether its server is the one meant is for the caller to check before the call.
func (c *Client) RestoreSnapshot(ctx context.Context, snapshotID int64) (Restore, error) {
	k := call{op: "restore snapshot", method: http.MethodPost, path: snapshotPath(snapshotID) + "restore/", maxBytes: maxBodyBytes}
	if snapshotID <= 0 {
		return Restore{}, c.refuse(k, "snapshot id %d is not above 0", snapshotID)
	}
	a, err := c.write(ctx, k)
	if err != nil {
		return Restore{}, err
	}
	var w struct {
		Status   string `json:"status"`
		Message  string `json:"message"`
		Snapshot struct {
			ID        int64    `json:"id"`
			Name      string   `json:"name"`
			CreatedAt wireTime `json:"created_at"`
		} `json:"snapshot"`
		Server wireServerRef `json:"server"`
	}
	err = decodeObject(a.body, &w)
	if err == nil && w.Snapshot.ID != 0 && w.Snapshot.ID != snapshotID {
		err = fmt.Errorf("it is about snapshot %d, asked was %d", w.Snapshot.ID, snapshotID)
	}
	if err != nil {
		return Restore{}, c.malformed(k, a.status, err)
	}
	return Restore{
		Status:   w.Status,
		Message:  c.cleanText(w.Message),
		Snapshot: SnapshotRef{ID: w.Snapshot.ID, Name: w.Snapshot.Name, CreatedAt: time.Time(w.Snapshot.CreatedAt)},
		Server:   ServerRef(w.Server),
	}, nil
}

// DeleteSnapshot removes a snapshot for good. A 404 is an error here; to most callers it means "already gone".
func (c *Client) DeleteSnapshot(ctx context.Context, snapshotID int64) error {
	// Any 2xx is a yes, and nothing in its body could make it a no: it stays unread.
	k := call{op: "delete snapshot", method: http.MethodDelete, path: snapshotPath(snapshotID)}
	if snapshotID <= 0 {
		return c.refuse(k, "snapshot id %d is not above 0", snapshotID)
	}
	_, err := c.write(ctx, k)
	return err
}

func snapshotPath(id int64) string { return fmt.Sprintf("/snapshots/%d/", id) }
