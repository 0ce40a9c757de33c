package temporalclient

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
)

const (
	firstPause = 200 * time.Millisecond
	// longestPause is short because people wait for it: a new server is usable within seconds.
	longestPause = 5 * time.Second
	// remindEvery says again what is waited for, so that the end of a long log still tells.
	remindEvery = time.Minute
)

// retry calls try until it works, with exponential back-off and jitter. It ends with ctx or with a permanent error. A
// failure is logged when it is new and once a minute, not at each try.
func retry(ctx context.Context, logger *slog.Logger, waiting string, try func(context.Context) error) error {
	said, saidAt := codes.OK, time.Time{}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := attempt(ctx, try)
		if err == nil {
			if said != codes.OK {
				logger.Info("the wait is over", "was", waiting)
			}
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		var final permanent
		if errors.As(err, &final) {
			return final.error
		}
		// By code and not by text: texts hold local ports, which are new each time.
		if now := codeOf(err); now != said || time.Since(saidAt) >= remindEvery {
			logger.Warn(waiting, "error", err)
			said, saidAt = now, time.Now()
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(jitter(pause)):
		}
	}
}

func attempt(ctx context.Context, try func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return try(ctx)
}

// jitter spreads a fleet of workers over time: between half of the pause and all of it.
func jitter(pause time.Duration) time.Duration {
	return pause/2 + rand.N(pause/2+1)
}
