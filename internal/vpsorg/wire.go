package vpsorg

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"
)

// The wire types below are what the API sends. They are apart from the domain types so that a change of the API's shapes
// stays in this file.
//
// What a decision rests on is strict: ids, a snapshot's server, name, description and status, and times. A row that lacks
// one or has it in another shape is unreadable, and so is its whole list: reading it as empty could hide a snapshot. A
// time may be missing, null or empty (zero then), but text that is not RFC 3339 is unreadable: an order by a guessed time
// could remove the wrong snapshot. What is only shown to people (location, sizes) is read as empty when it is odd.

// maxText is how long a name, a status or an address may be, in bytes; real ones have at most 253. They travel through
// Temporal, which refuses results of some megabytes: one absurd name would make its whole server unreadable there, with
// an error that names no cause.
const maxText = 4096

// wireSnapshot is a row of the list and the answer of a create. The server comes as an object; a bare number or a
// server_id is accepted as well, because the create answer's shape was seen only in part.
type wireSnapshot struct {
	ID          int64           `json:"id"`
	Server      json.RawMessage `json:"server"`
	ServerID    int64           `json:"server_id"`
	Name        *string         `json:"name"`
	Status      string          `json:"status"`
	SizeMB      json.RawMessage `json:"size_mb"`
	CreatedAt   wireTime        `json:"created_at"`
	Description string          `json:"description"`
}

type wireServerRef struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func decodeSnapshot(raw json.RawMessage) (int64, Snapshot, error) {
	var w wireSnapshot
	if err := decodeObject(raw, &w); err != nil {
		return 0, Snapshot{}, err
	}
	server, err := w.server()
	switch {
	case err != nil:
		return 0, Snapshot{}, err
	case w.ID <= 0:
		return 0, Snapshot{}, missing("id")
	case w.Name == nil || len(*w.Name) > maxText:
		return 0, Snapshot{}, missing("name")
	case w.Status == "" || len(w.Status) > maxText:
		return 0, Snapshot{}, missing("status")
	}
	return w.ID, Snapshot{
		ID: w.ID, ServerID: server.ID, ServerName: server.Name, Name: *w.Name, Status: w.Status,
		Description: w.Description, SizeMB: megabytes(w.SizeMB), CreatedAt: time.Time(w.CreatedAt),
	}, nil
}

// server finds whose snapshot it is. Two places that disagree are as bad as none: a restore overwrites a server.
func (w wireSnapshot) server() (wireServerRef, error) {
	var ref wireServerRef
	if isJSON(w.Server) && json.Unmarshal(w.Server, &ref.ID) != nil {
		ref = wireServerRef{}
		if err := decodeObject(w.Server, &ref); err != nil {
			return ref, missing("server")
		}
	}
	switch {
	case ref.ID == 0:
		ref.ID = w.ServerID
	case w.ServerID != 0 && w.ServerID != ref.ID:
		return ref, fmt.Errorf("%w: it names two servers, %d and %d", ErrMalformed, ref.ID, w.ServerID)
	}
	if ref.ID <= 0 {
		return ref, missing("server")
	}
	return ref, nil
}

type wireServer struct {
	ID        int64           `json:"id"`
	Name      string          `json:"name"`
	Hostname  string          `json:"hostname"`
	Status    string          `json:"status"`
	IPAddress string          `json:"ip_address"`
	Location  json.RawMessage `json:"location"`
	CreatedAt wireTime        `json:"created_at"`
	UpdatedAt wireTime        `json:"updated_at"`
}

func decodeServer(raw json.RawMessage) (int64, Server, error) {
	var w wireServer
	if err := decodeObject(raw, &w); err != nil {
		return 0, Server{}, err
	}
	switch {
	case w.ID <= 0:
		return 0, Server{}, missing("id")
	case w.Status == "" || len(w.Status) > maxText:
		return 0, Server{}, missing("status")
	case max(len(w.Name), len(w.Hostname), len(w.IPAddress)) > maxText:
		return 0, Server{}, fmt.Errorf("%w: its name, hostname or address has more than %d bytes", ErrMalformed, maxText)
	}
	return w.ID, Server{
		ID: w.ID, Name: w.Name, Hostname: w.Hostname, Status: w.Status, IPAddress: w.IPAddress,
		Location: locationName(w.Location), CreatedAt: time.Time(w.CreatedAt), UpdatedAt: time.Time(w.UpdatedAt),
	}, nil
}

// locationName accepts a name or an object that has one: the reference shows the filter only, not the field.
func locationName(raw json.RawMessage) string {
	var object struct {
		Name string `json:"name"`
	}
	if json.Unmarshal(raw, &object.Name) != nil {
		_ = json.Unmarshal(raw, &object) // only shown: empty when it is neither
	}
	if len(object.Name) > maxText {
		return ""
	}
	return object.Name
}

// megabytes reads a size that is null while the snapshot is in progress. It is only shown: zero when it is no size.
func megabytes(raw json.RawMessage) int64 {
	var size float64
	if json.Unmarshal(raw, &size) != nil || size <= 0 || size > 1e15 {
		return 0
	}
	return int64(math.Ceil(size))
}

// wireTime is RFC 3339, or zero when it is missing, null or empty.
type wireTime time.Time

// UnmarshalJSON implements json.Unmarshaler.
func (t *wireTime) UnmarshalJSON(raw []byte) error {
	var text string // null leaves it empty
	if err := json.Unmarshal(raw, &text); err != nil {
		return errors.New("a time is not text")
	}
	if text == "" {
		*t = wireTime{}
		return nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return errors.New("a time is not RFC 3339")
	}
	if at = at.UTC(); at.Year() < 0 || at.Year() > 9999 { // its offset put it there, and it no longer travels as JSON
		return errors.New("a time is not RFC 3339")
	}
	*t = wireTime(at)
	return nil
}

// decodeObject reads exactly one JSON object. json.Unmarshal alone would take null for an empty one.
func decodeObject(raw []byte, into any) error {
	trimmed := bytes.TrimLeft(raw, " \t\r\n")
	switch {
	case len(trimmed) == 0:
		return fmt.Errorf("%w: it is empty", ErrMalformed)
	case trimmed[0] == '<':
		return fmt.Errorf("%w: it is an HTML page, not JSON; check VPS_API_URL", ErrMalformed)
	case trimmed[0] != '{':
		return fmt.Errorf("%w: it is not a JSON object", ErrMalformed)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return nil
}

func isJSON(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func missing(field string) error {
	return fmt.Errorf("%w: its %s is missing or not valid", ErrMalformed, field)
}
