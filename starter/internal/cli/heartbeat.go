package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

type heartbeatOptions struct {
	id, runner string
	every      time.Duration
	// silence is the run's update.heartbeat_timeout.
	silence time.Duration
}

// defaultSilence is the runbook's default of update.heartbeat_timeout.
const defaultSilence = 2 * time.Minute

func (a *app) heartbeatCommand() *cobra.Command {
	var o heartbeatOptions
	cmd := &cobra.Command{
		Use:   "heartbeat <workflow-id>",
		Short: "Tell a run that your change is still under way",
		Long: `Sends one heartbeat, or with --every one after the other, and looks whether the run still waits for this runner. It
ends with 4 as soon as it does not (the run was canceled, gave the runner up, or has ended): stop your work at once,
because the server may be rolled back under it.

With --every it also ends with 4 before --heartbeat-timeout has passed without an answer, because the run may then have
given the runner up. Give the value that begin printed. It never ends with 0 by itself: end it when your work is done.

` + exitHelp,
		Example: `  safepoint heartbeat deploy-2.14.0 --runner $SAFEPOINT_RUNNER --every 30s`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			if err := o.check(); err != nil {
				return err
			}
			return a.withClient(cmd.Context(), func(ctx context.Context, c client.Client) error { return a.heartbeat(ctx, c, o) })
		},
	}
	a.bindRunner(cmd, &o.runner, "the runner that begin granted (SAFEPOINT_RUNNER)")
	cmd.Flags().DurationVar(&o.every, "every", 0, "go on, with this time between two heartbeats (one heartbeat)")
	cmd.Flags().DurationVar(&o.silence, "heartbeat-timeout", defaultSilence, "how long the run lets a runner be silent, as begin printed it")
	return cmd
}

func (o heartbeatOptions) check() error {
	switch {
	case o.runner == "":
		return fail(codeUsage, "which runner? Give the --runner that begin printed, or set SAFEPOINT_RUNNER")
	case o.every < 0 || o.silence <= 0:
		return fail(codeUsage, "--every and --heartbeat-timeout are times such as 30s")
	case o.every > o.silence/2:
		return fail(codeUsage, "--every %s is too long for --heartbeat-timeout %s: one lost heartbeat must not lose the change; give %s or less",
			short(o.every), short(o.silence), short(o.silence/2))
	}
	return nil
}

// errUnsure is a heartbeat of which nobody knows whether the run still waits for it.
var errUnsure = errors.New("the run's status is not known")

func (a *app) heartbeat(ctx context.Context, c client.Client, o heartbeatOptions) error {
	confirmed := time.Now()
	for {
		sent := time.Now()
		// One look may take as long as the whole silence allows, and not longer.
		beat, cancel := context.WithDeadline(ctx, giveUp(confirmed, o))
		err := a.beat(beat, c, o)
		cancel()
		var ended *exitError
		switch {
		case ctx.Err() != nil:
			return exit(codeDetached)
		case err == nil:
			confirmed = sent
			a.progress.Tell("beat", o.id+" waits for this runner")
		case errors.As(err, &ended):
			return err
		case o.every == 0:
			return fail(codeNotChanged, "the heartbeat was not confirmed: %w\nSend it again, and stop your work when that does not help", err)
		default:
			a.say("%s heartbeat not confirmed: %v", a.errColour.Warn(o.id), err)
		}
		if o.every == 0 {
			return nil
		}
		if !time.Now().Before(giveUp(confirmed, o)) {
			return stopWork(o.id, "no heartbeat was confirmed in time, so the run may have given this runner up")
		}
		select {
		case <-ctx.Done():
			return exit(codeDetached)
		case <-time.After(min(o.every, time.Until(giveUp(confirmed, o)))):
		}
	}
}

// giveUp is when the runner must stop: with a fifth of the silence left, to end its work in.
func giveUp(confirmed time.Time, o heartbeatOptions) time.Time {
	return confirmed.Add(o.silence * 4 / 5)
}

// beat sends one heartbeat and looks whether it was wanted. An exitError means: stop.
func (a *app) beat(ctx context.Context, c client.Client, o heartbeatOptions) error {
	err := c.SignalWorkflow(ctx, o.id, "", workflows.SignalHeartbeat, workflows.HeartbeatSignal{Runner: o.runner})
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return stopWork(o.id, "the run has ended or does not exist")
	}
	if err != nil {
		return err
	}
	s, err := a.look(ctx, c, o.id)
	if err != nil {
		return errors.Join(errUnsure, errors.Unwrap(err)) // without its exit code: the next heartbeat may go through
	}
	return wanted(s, o)
}

// wanted says whether the run still waits for the runner's change.
func wanted(s seen, o heartbeatOptions) error {
	status := s.view.Status
	switch {
	case s.closed:
		return stopWork(o.id, "the run has ended")
	case s.cancelRequested:
		return stopWork(o.id, "the run was canceled; end your work and report it as failed")
	case status == nil:
		return errors.Join(errUnsure, errors.New(s.view.Trouble))
	case status.Change == nil || status.Change.Runner != o.runner:
		return stopWork(o.id, "the change was not granted to this runner")
	case status.Phase != workflows.PhaseChange || status.Change.Result != "":
		return stopWork(o.id, "the run no longer waits for this runner; it is in phase "+render.Clean(string(status.Phase)))
	default:
		return nil
	}
}

func stopWork(id, why string) error {
	return fail(codePerson, "stop your work: %s\nSee where the run is: safepoint status %s", why, quote(id))
}
