package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"

	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/activities"
	"github.com/safepoint-dev/safepoint/internal/config"
	"github.com/safepoint-dev/safepoint/internal/egress"
	"github.com/safepoint-dev/safepoint/internal/sshrun"
	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/internal/vpsorg"
)

// settings are everything that can be wrong before anything is contacted.
type settings struct {
	config   config.Config
	temporal client.Options
	api      *vpsorg.Client
	servers  config.Servers
	egress   *egress.Policy
	// ssh is nil when SAFEPOINT_ALLOW_SSH is not set.
	ssh activities.SSH
}

// loadSettings reports every problem at once, the worker's own and Temporal's. Warnings go to stderr in either case: a
// misspelt name is often why another variable is missing.
func loadSettings(environ []string, stderr io.Writer) (settings, error) {
	c, configErr := config.Load(environ)
	for _, warning := range c.Warnings {
		fmt.Fprintln(stderr, "safepoint-worker: warning:", warning)
	}
	temporal, temporalErr := temporalclient.LoadOptions(temporalclient.LoadRequest{Environ: environ})
	if err := errors.Join(configErr, temporalErr); err != nil {
		return settings{}, err
	}
	api, err := vpsorg.New(vpsorg.Options{
		BaseURL:        c.APIURL,
		Token:          c.APIToken.Reveal(),
		RequestTimeout: c.RequestTimeout,
		RateLimit:      c.RateLimit,
		PowerPath:      c.PowerPath,
		UserAgent:      "safepoint/" + version,
	})
	if err != nil {
		return settings{}, err
	}
	s := settings{config: c, temporal: temporal, api: api}
	if s.egress, err = egress.New(egress.Options{URLs: c.AllowURLs, SSH: c.AllowSSH}); err != nil {
		return settings{}, err
	}
	if len(c.AllowSSH) > 0 {
		s.ssh, err = sshrun.New(sshrun.Options{KeyFile: c.SSHKeyFile, User: c.SSHUser, KnownHosts: c.SSHKnownHosts, Dial: s.egress.DialSSH})
		if err != nil {
			return settings{}, err
		}
	}
	if s.servers, err = config.ParseServers(c.AllowServers); err != nil {
		return settings{}, fmt.Errorf("SAFEPOINT_ALLOW_SERVERS: %w", err)
	}
	return s, nil
}

// newLogger writes to stderr, where service managers and containers look for logs.
func newLogger(stderr io.Writer, c config.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == config.LogJSON {
		return slog.New(slog.NewJSONHandler(stderr, options))
	}
	return slog.New(slog.NewTextHandler(stderr, options))
}
