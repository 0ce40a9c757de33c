package cli

import (
	"context"
	"errors"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/safepoint-dev/safepoint/internal/temporalclient"
	"github.com/safepoint-dev/safepoint/starter/internal/render"
	"github.com/safepoint-dev/safepoint/workflows"
)

type heartbeatOptions struct {
	id, runner string
	// every is the time between two heartbeats; 0 takes a quarter of the silence.
	every time.Duration
	// silence is the run's update.heartbeat_timeout; 0 until the run's status says it.
	silence time.Duration
	once    bool
}

const (
	// defaultSilence is the runbook's default of update.heartbeat_timeout, taken until the run's status was seen.
	defaultSilence = 2 * time.Minute
	// longestPace keeps the news that a runner must stop from being old, however long it may be silent.
	longestPace = 30 * time.Second
)

func (a *app) heartbeatCommand() *cobra.Command {
	var o heartbeatOptions
	cmd := &cobra.Command{
		Use:   "heartbeat <workflow-id>",
		Short: "Tell a run that your change is still under way",
		Long: `Sends one heartbeat after the other, and looks whether the run still waits for this runner. It ends with 4 as soon as
it does not (the run was canceled, gave the runner up, or has ended): stop your work at once, because the server may be
rolled back under it. It also ends with 4 before the run's heartbeat_timeout has passed without an answer, because the
run may then have given the runner up.

It never ends with 0 by itself (but with --once): end it when your work is done.

` + exitHelp,
		Example: bracket,
		Args:    oneID(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.id = args[0]
			if err := o.check(cmd.Flags().Changed("heartbeat-timeout")); err != nil {
				return err
			}
			return a.heartbeats(cmd.Context(), o)
		},
	}
	a.bindRunner(cmd, &o.runner, "the runner that begin granted (SAFEPOINT_RUNNER)")
	cmd.Flags().DurationVar(&o.every, "every", 0, "time between two heartbeats (a quarter of the heartbeat-timeout, at most 30s)")
	cmd.Flags().DurationVar(&o.silence, "heartbeat-timeout", 0, "how long the run lets a runner be silent (what the run itself says; 2m until it was asked)")
	cmd.Flags().BoolVar(&o.once, "once", false, "send one heartbeat and end with 0 when it was taken")
	return cmd
}

func (o heartbeatOptions) check(silenceGiven bool) error {
	switch {
	case o.runner == "":
		return fail(codeUsage, "which runner? Give the --runner that begin printed, or set SAFEPOINT_RUNNER")
	case o.every < 0 || o.silence < 0 || silenceGiven && o.silence == 0:
		return fail(codeUsage, "--every and --heartbeat-timeout are times such as 30s")
	default: // whether they fit together may only be known with the run's own silence
		return o.checkPace()
	}
}

func (o heartbeatOptions) checkPace() error {
	if o.silence > 0 && o.every > o.silence/2 {
		return fail(codeUsage, "--every %s is too long for a heartbeat timeout of %s: one lost heartbeat must not lose the change; give %s or less, or leave it out",
			short(o.every), short(o.silence), short(o.silence/2))
	}
	return nil
}

// allowed is how long the runner may be silent, as far as it is known.
func (o heartbeatOptions) allowed() time.Duration {
	if o.silence > 0 {
		return o.silence
	}
	return defaultSilence
}

// pace is the time between two heartbeats.
func (o heartbeatOptions) pace() time.Duration {
	if o.every > 0 {
		return o.every
	}
	return min(o.allowed()/4, longestPace)
}

// giveUp is when the runner must stop: with a fifth of the silence left, to end its work in.
func (o heartbeatOptions) giveUp(confirmed time.Time) time.Time {
	return confirmed.Add(o.allowed() * 4 / 5)
}

// errUnsure is a heartbeat of which nobody knows whether the run still waits for it.
var errUnsure = errors.New("the run's status is not known")

// heartbeats connects, which may use up the silence as a lost heartbeat does, and sends.
func (a *app) heartbeats(ctx context.Context, o heartbeatOptions) error {
	began := time.Now()
	c, err := a.connect(ctx, reach{patience: time.Until(o.giveUp(began))})
	var ended *exitError
	if errors.As(err, &ended) && ended.code == codePerson {
		return stopWork(o.id, "no heartbeat was confirmed in time, so the run may have given this runner up: "+ended.Error())
	}
	if err != nil {
		return err
	}
	defer c.Close()
	return a.heartbeat(ctx, c, o, began)
}

func (a *app) heartbeat(ctx context.Context, c client.Client, o heartbeatOptions, confirmed time.Time) error {
	for {
		sent := time.Now()
		// One look may take as long as the whole silence allows, and not longer.
		beat, cancel := context.WithDeadline(ctx, o.giveUp(confirmed))
		err := a.beat(beat, c, &o)
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
		case o.once:
			return fail(codePerson, "the heartbeat was not confirmed: %w\nSend it again, and stop your work when that does not help", err)
		default:
			a.say("%s heartbeat not confirmed: %v", a.errColour.Warn(render.Clean(o.id)), err)
		}
		if o.once {
			return nil
		}
		if !time.Now().Before(o.giveUp(confirmed)) {
			return stopWork(o.id, "no heartbeat was confirmed in time, so the run may have given this runner up")
		}
		select {
		case <-ctx.Done():
			return exit(codeDetached)
		case <-time.After(min(o.pace(), time.Until(o.giveUp(confirmed)))):
		}
	}
}

// beat sends one heartbeat and looks whether it was wanted. An exitError means: stop.
func (a *app) beat(ctx context.Context, c client.Client, o *heartbeatOptions) error {
	err := c.SignalWorkflow(ctx, o.id, "", workflows.SignalHeartbeat, workflows.HeartbeatSignal{Runner: o.runner})
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &gone):
		return stopWork(o.id, "the run has ended or does not exist")
	case temporalclient.Refused(err):
		return denied(err)
	case err != nil:
		return err
	}
	s, err := a.look(ctx, c, o.id)
	var ended *exitError
	if errors.As(err, &ended) && ended.code == codeUsage {
		return err // a definite no
	}
	if err != nil {
		return errors.Join(errUnsure, errors.Unwrap(err)) // without its exit code: the next heartbeat may go through
	}
	if err := wanted(s, *o); err != nil {
		return err
	}
	if o.silence == 0 {
		o.silence = s.view.Status.Change.HeartbeatTimeout.Std()
	}
	return o.checkPace()
}

// wanted says whether the run still waits for the runner's change.
func wanted(s seen, o heartbeatOptions) error {
	why, err := unwanted(s, o.runner)
	switch {
	case why == "":
		return err
	case s.cancelRequested && !s.closed:
		why += "; end your work and report it as failed"
	}
	return stopWork(o.id, why)
}

// unwanted says why the run no longer waits for the runner's change; empty while it does. An error means that nobody knows.
func unwanted(s seen, runner string) (why string, err error) {
	status := s.view.Status
	switch {
	case s.closed:
		return "the run has ended", nil
	case s.cancelRequested:
		return "the run was canceled", nil
	case status == nil:
		return "", errors.Join(errUnsure, errors.New(s.view.Trouble))
	case status.Change == nil || status.Change.Runner != runner:
		return "the change was not granted to this runner", nil
	case status.Phase != workflows.PhaseChange || status.Change.Result != "":
		return "the run no longer waits for this runner; it is in phase " + render.Clean(string(status.Phase)), nil
	default:
		return "", nil
	}
}

func stopWork(id, why string) error {
	return fail(codePerson, "stop your work: %s\nSee where the run is: safepoint status %s", why, quote(id))
}
