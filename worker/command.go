package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/safepoint-dev/safepoint/internal/config"
	"github.com/safepoint-dev/safepoint/internal/health"
)

const usage = `safepoint-worker runs the Safepoint runbooks against Temporal and the VPS.org API.

  safepoint-worker              run until SIGTERM or SIGINT; a second one ends it at once
  safepoint-worker healthcheck  ask the running worker whether it is alive (for containers)
  safepoint-worker version      print the version
  safepoint-worker help         print this text

Settings are environment variables:
%s
SAFEPOINT_ALLOW_* bound what the runbooks may reach, which whoever starts them writes. By default that is every server of
the account, public addresses only, and no ssh. A comma separates entries; private addresses need one that names them;
link-local addresses and cloud metadata services are always refused. The README has an entry's forms.

Temporal's own are read as the temporal CLI reads them: TEMPORAL_ADDRESS (localhost:7233), TEMPORAL_NAMESPACE
(default), TEMPORAL_API_KEY, TEMPORAL_TLS*, TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE.
`

// probeWithin is below the patience of any orchestrator's own probe.
const probeWithin = 3 * time.Second

// healthcheck asks the worker of this container whether it is alive. It needs no setting but the address.
func healthcheck(environ []string, stderr io.Writer) int {
	addr, err := config.ListenAddress(environ)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.Background(), probeWithin)
		defer cancel()
		err = health.Check(ctx, addr)
	}
	if err != nil {
		fmt.Fprintln(stderr, "safepoint-worker:", err)
		return exitFailure
	}
	return exitOK
}
