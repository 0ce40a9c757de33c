package cli

import (
	"context"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
)

const (
	// dialTimeout bounds one try to reach Temporal.
	dialTimeout = 10 * time.Second
	// dialPause passes between two tries.
	dialPause = time.Second
	// defaultOutage is how long Temporal may be out of reach before a wait is given up.
	defaultOutage = 5 * time.Minute
)

// outage is how long Temporal may be out of reach before a wait is given up.
func (a *app) outage() time.Duration {
	if a.Outage > 0 {
		return a.Outage
	}
	return defaultOutage
}

// reach says how a command gets to Temporal.
type reach struct {
	// patience is how long Temporal may be out of reach; 0 is one try.
	patience time.Duration
	// starts is true for a command that starts a run: before its first request nothing has happened. Of any other command
	// the run, and a change under it, may exist and go on.
	starts bool
	// noRun is true for a command about no single run, such as a list or a schedule: no run's end is waited for there.
	noRun bool
}

// connect connects to Temporal, or says what to do about it.
func (a *app) connect(ctx context.Context, r reach) (client.Client, error) {
	options, err := temporalclient.LoadOptions(temporalclient.LoadRequest{Environ: a.Environ})
	if err != nil {
		return nil, fail(codeUsage, "the settings for Temporal cannot be used:\n%w", err)
	}
	options.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)) // the default one writes to the terminal
	if a.namespace = options.Namespace; a.namespace == "" {
		a.namespace = client.DefaultNamespace
	}
	began := time.Now()
	for told := false; ; told = true {
		c, err := a.dial(ctx, options)
		left := r.patience - time.Since(began)
		switch {
		case err == nil:
			return c, nil
		case ctx.Err() != nil:
			return nil, fail(codeDetached, "interrupted before Temporal was reached")
		case temporalclient.Refused(err):
			return nil, denied(err)
		case temporalclient.Unusable(err):
			return nil, fail(codeUsage, "cannot connect with these TEMPORAL_* settings: %w", err)
		case left <= 0:
			return nil, unreached(options, r, err)
		case !told:
			a.say("%s cannot reach Temporal at %s: trying for up to %s", a.errColour.Warn("safepoint:"), options.HostPort, left.Round(time.Second))
		}
		select {
		case <-ctx.Done(): // said by the next try
		case <-time.After(min(dialPause, left)):
		}
	}
}

func (a *app) dial(ctx context.Context, options client.Options) (client.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return a.Dial(ctx, options)
}

func unreached(options client.Options, r reach, err error) error {
	const check = "Check TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and TEMPORAL_API_KEY"
	code, means := codePerson, "Nothing was asked; a run may go on without this command. "+check+", and try again."
	switch {
	case r.starts:
		code, means = codeNotChanged, "Nothing was started. "+check+"; `safepoint dev` starts a local stack."
	case r.noRun:
		code, means = codeNotChanged, "Nothing was asked. "+check+", and try again."
	}
	return fail(code, "cannot reach Temporal at %s (namespace %s): %w\n%s", options.HostPort, options.Namespace, err, means)
}

// denied is the end after a definite no, whatever was asked.
func denied(err error) error {
	return fail(codeUsage, "Temporal refuses: %w\nCheck TEMPORAL_NAMESPACE / TEMPORAL_API_KEY: trying again does not help.", err)
}

// withClient runs a command with a connection.
func (a *app) withClient(ctx context.Context, r reach, do func(context.Context, client.Client) error) error {
	c, err := a.connect(ctx, r)
	if err != nil {
		return err
	}
	defer c.Close()
	return do(ctx, c)
}
