package vpsorg

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Server is one server. Its texts are the API's own and may hold anything.
type Server struct {
	ID       int64
	Name     string
	Hostname string
	// Status is an open set. Seen: "active", "stopped", "suspended", "restoring".
	Status    string
	IPAddress string
	Location  string
	CreatedAt time.Time // the API's clock, UTC; zero when it did not say
	UpdatedAt time.Time // the API's clock, UTC; zero when it did not say
}

// ListServersOpts say which servers to list; empty means all.
type ListServersOpts struct {
	Status   string // "active", "stopped" or "suspended"
	Location string
}

// ListServers returns every server that fits, or an error: ErrNotWhole when the list cannot be shown to be whole.
//
// Servers of another status, from an API that does not know the filter, are dropped after the whole list was checked.
// The location is left to the API: how it spells one is not documented.
func (c *Client) ListServers(ctx context.Context, o ListServersOpts) ([]Server, error) {
	query := url.Values{}
	if o.Status != "" {
		query.Set("status", o.Status)
	}
	if o.Location != "" {
		query.Set("location", o.Location)
	}
	servers, err := list(ctx, c, "list servers", "/servers/", query, decodeServer)
	if err != nil || o.Status == "" {
		return servers, err
	}
	return slices.DeleteFunc(servers, func(s Server) bool { return !strings.EqualFold(s.Status, o.Status) }), nil
}

// GetServer returns one server. An answer about another server is an error.
func (c *Client) GetServer(ctx context.Context, serverID int64) (Server, error) {
	path := fmt.Sprintf("/servers/%d/", serverID)
	k := call{op: "get server", method: http.MethodGet, path: path, maxBytes: maxBodyBytes}
	if serverID <= 0 {
		return Server{}, c.refuse(k, "server id %d is not above 0", serverID)
	}
	a, err := c.read(ctx, k, c.endpoint(path, nil))
	if err != nil {
		return Server{}, err
	}
	id, server, err := decodeServer(unwrap(a.body, "server"))
	if err == nil && id != serverID {
		err = fmt.Errorf("it is about server %d, asked was %d", id, serverID)
	}
	if err != nil {
		return Server{}, c.malformed(k, a.status, err)
	}
	return server, nil
}

// StartServer asks for a start. Success means that the API took it, not that the server is up.
func (c *Client) StartServer(ctx context.Context, serverID int64) error {
	return c.power(ctx, serverID, "start")
}

// StopServer asks for a stop. Success means that the API took it, not that the server is down.
func (c *Client) StopServer(ctx context.Context, serverID int64) error {
	return c.power(ctx, serverID, "stop")
}

// power takes any 2xx for a yes and leaves the body unread: its shape is not known, and the server's status tells the rest.
func (c *Client) power(ctx context.Context, serverID int64, action string) error {
	k := call{op: action + " server", method: http.MethodPost, path: expandPowerPath(c.powerPath, serverID, action)}
	if serverID <= 0 {
		return c.refuse(k, "server id %d is not above 0", serverID)
	}
	_, err := c.write(ctx, k)
	return err
}
